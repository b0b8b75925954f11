"""Parts of parameters and buffers as bytes."""

import pytest
import torch

from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import FetchedValues, FetchValues, OpenTarget, ValuesArrived
from torchloupe.worker import values
from torchloupe.worker.handlers import fetch_values, open_target
from torchloupe.worker.values import part_of, raw_bytes


@pytest.mark.parametrize("index", ["", "1", "-1, 2", ":, 1:3, ::2", "0, 0, 0", "2:2"])
@pytest.mark.parametrize("tensor", [torch.arange(60.0).view(3, 4, 5), torch.arange(60).view(5, 4, 3).permute(2, 1, 0)])
def test_that_a_part_is_what_indexing_gives(tensor, index):
    expected = eval(f"tensor[{index or '...'}]", {"tensor": tensor})
    part = part_of(tensor, "w", index)
    assert torch.equal(part, expected)
    assert raw_bytes(part) == expected.contiguous().numpy().tobytes()


def test_that_the_part_of_a_view_begins_where_the_view_begins():
    tensor = torch.arange(20.0)[5:].view(3, 5)
    assert part_of(tensor, "w", "0, :2").tolist() == [5.0, 6.0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.bool, torch.int64, torch.complex64])
def test_that_every_plain_dtype_is_sent_as_it_is(dtype):
    tensor = torch.tensor([0, 1, 1, 3]).to(dtype)
    sent = raw_bytes(part_of(tensor, "w", ""))
    assert torch.equal(torch.frombuffer(bytearray(sent), dtype=dtype), tensor)


def test_that_a_conjugated_tensor_is_sent_conjugated():
    tensor = torch.tensor([1 + 2j]).conj()
    assert torch.frombuffer(bytearray(raw_bytes(part_of(tensor, "w", ""))), dtype=torch.complex64).tolist() == [1 - 2j]


def test_that_a_parameter_that_needs_gradients_is_only_looked_at():
    parameter = torch.nn.Parameter(torch.ones(2))
    part = part_of(parameter, "w", "0")
    assert not part.requires_grad
    assert raw_bytes(part) == b"\x00\x00\x80?"


@pytest.mark.parametrize(
    ("tensor", "sentence"),
    [
        (torch.eye(2).to_sparse(), "sparse or quantized"),
        (torch.empty(2, device="meta"), "meta device"),
        (torch.nn.LazyLinear(2).weight, "lazy"),
    ],
)
def test_that_what_has_no_plain_values_is_refused_with_a_sentence(tensor, sentence):
    with pytest.raises(UsageError, match=sentence):
        part_of(tensor, "w", "")


def test_that_a_part_that_is_too_large_is_refused_and_a_smaller_one_is_not(monkeypatch):
    monkeypatch.setattr(values, "MOST_BYTES", 16)
    with pytest.raises(UsageError, match="This part of `w` takes"):
        part_of(torch.ones(5), "w", "")
    assert part_of(torch.ones(5), "w", ":4").shape == (4,)


def test_that_an_index_that_means_nothing_is_refused():
    with pytest.raises(UsageError, match="outside a dimension of 3"):
        part_of(torch.ones(3), "w", "3")


def test_that_values_of_the_open_model_arrive_as_an_event_and_an_answer(context, models):
    open_target(context, OpenTarget(str(models / "clean_cnn.py")))
    context.events.clear()
    answer = fetch_values(context, FetchValues("stem.1.weight", ":3"))
    assert answer == FetchedValues("stem.1.weight", (3,), "float32")
    assert context.events == [ValuesArrived("stem.1.weight")]
    with pytest.raises(UsageError, match="no parameter or buffer `nope`"):
        fetch_values(context, FetchValues("nope"))
