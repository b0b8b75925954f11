"""Which tensor of a run a person means."""

import pytest

from torchloupe.analysis.called_tensor import find_call_tensor
from torchloupe.wire.activations import INPUT, OUTPUT
from torchloupe.wire.errors import UsageError
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall


def tensor(name: str = "") -> TensorMeta:
    return TensorMeta((2, 3), "float32", name=name)


CALLS = (
    LayerCall(0, "", "Net", 0, 0, (tensor("x"),), (tensor(".logits"), tensor("['hidden']"))),
    LayerCall(1, "act", "ReLU", 0, 1, (tensor("input"),), (tensor(),)),
    LayerCall(2, "0", "Linear", 0, 1, (tensor("input"), tensor("mask")), (tensor(), tensor("[1]"))),
    LayerCall(3, "act", "ReLU", 1, 1, (tensor("input"),), ()),
)


@pytest.mark.parametrize(
    ("text", "index", "side", "number"),
    [
        ("act", 1, OUTPUT, 0),
        (" act ", 1, OUTPUT, 0),
        ("act#1", 1, OUTPUT, 0),
        ("1", 1, OUTPUT, 0),
        ("0", 0, OUTPUT, 0),
        ("(model)", 0, OUTPUT, 0),
        ("0#1", 2, OUTPUT, 0),
        ("2:1", 2, OUTPUT, 1),
        ("2:output.1", 2, OUTPUT, 1),
        ("0:hidden", 0, OUTPUT, 1),
        ("0:.logits", 0, OUTPUT, 0),
        ("0:['hidden']", 0, OUTPUT, 1),
        ("act#2:input", 3, INPUT, 0),
        ("2:input.1", 2, INPUT, 1),
        ("2:input.mask", 2, INPUT, 1),
    ],
)
def test_that_a_tensor_is_found_by_number_path_and_name(text: str, index: int, side: str, number: int) -> None:
    call, found_side, found_number = find_call_tensor(CALLS, text)
    assert (call.index, found_side, found_number) == (index, side, number)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("99", "The run has no call `99`: it has 4 calls, from 0.", "Write the number of a call"),
        ("acts", "The run has no call `acts`", "Did you mean `act`?"),
        ("act#5", "`act` was called 2 times, not 5.", "Write the number of a call"),
        ("act:3", "`act` has no output `3`. There: 0 [2, 3].", "Write the number of a call"),
        ("0:nothing", "`(model)` has no output `nothing`. There: 0 (logits) [2, 3], 1 (hidden) [2, 3].", "Write"),
        ("act#2", "`act` has no output. There: no tensor.", "Write"),
        ("2:input.9", "`0` has no input `9`. There: 0 (input) [2, 3], 1 (mask) [2, 3].", "Write"),
    ],
)
def test_that_what_is_not_there_is_answered_with_what_is(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_call_tensor(CALLS, text)
    assert str(caught.value).startswith(message)
    assert caught.value.hint.startswith(hint)


def test_that_a_run_without_calls_has_none() -> None:
    with pytest.raises(UsageError, match="it has 0 calls"):
        find_call_tensor((), "act")
