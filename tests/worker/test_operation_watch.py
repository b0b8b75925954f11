"""Where the tensors of an operation come from, and how one that nobody registered is used."""

import pytest
import torch
from torch import nn

from torchloupe.worker.places import Places
from torchloupe.worker.registration.call_watch import CallWatch
from torchloupe.worker.registration.operation_watch import OperationWatch, dropout_probability, said, tensors_among


def watched(work, foreign, *inputs, registered=(), kept=()):
    """Run ``work`` with its tensors under watch."""
    watch = OperationWatch(Places(), CallWatch(lambda: None), lambda: None)
    named = [(f"x{number}", tensor) for number, tensor in enumerate(inputs)]
    watch.expect(iter(registered), {"table": foreign}, named, list(kept))
    with watch:
        work(foreign, *inputs)
    return watch


@pytest.mark.parametrize(
    ("work", "role", "operation"),
    [
        (lambda t, x: x + t, "meets", "+"),
        (lambda t, x: x[:, :2] + t[:2].unsqueeze(0) * 2, "meets", "+"),
        (lambda t, x: torch.cat([x, t.expand(2, 4)]), "meets", "cat"),
        (lambda t, x: t[x.long().abs() % 4], "meets", "indexing"),
        (lambda t, x: x + t.to(torch.float64), "meets", "+"),
        (lambda t, x: x + torch.zeros_like(t), "meets", "+"),
        (lambda t, x: x + t.expand_as(x), "meets", "+"),
        (lambda t, x: x.masked_fill(t > 1, 0), "meets", "masked_fill"),
        (lambda t, x: x + t.to(x.device), "moved", "to"),
        (lambda t, x: x + t[:4].to(x), "moved", "to"),
        (lambda t, x: x + t.to("cpu")[None], "moved", "to"),
        (lambda t, x: x + t.type_as(x), "moved", "type_as"),
        (lambda t, x: x + torch.as_tensor(t, device=x.device), "moved", "as_tensor"),
        (lambda t, x: x.clone().copy_(t.expand(2, 4)), "moved", "copy"),
        (lambda t, x: t.gather(0, x[0].long().abs().cpu()), "alone", "gather"),
        (lambda t, x: x[:, t.long() % 4], "index", "indexing"),
        (lambda t, x: x * t.sum(), "scalar", "*"),
        (lambda t, x: x * t[1], "scalar", "*"),
        (lambda t, x: x * float(t.max()), "alone", "max"),
        (lambda t, x: x + torch.arange(len(t)), "alone", "len"),
        (lambda t, x: t + torch.ones(4), "alone", "+"),
    ],
)
def test_that_the_most_telling_use_of_a_foreign_tensor_is_kept(work, role, operation):
    use = watched(work, torch.arange(4.0), torch.zeros(2, 4)).uses["table"]
    assert (use.role, use.operation) == (role, operation)


def test_that_the_line_of_the_use_is_known():
    use = watched(lambda t, x: x + t, torch.arange(4.0), torch.zeros(2, 4)).uses["table"]
    assert use.used_at.file == __file__


@pytest.mark.parametrize("work", [lambda t, x: x @ t, lambda t, x: nn.functional.linear(x, t.t()), lambda t, x: torch.mm(x, t)])
def test_that_a_weight_is_known_by_the_operation(work):
    use = watched(work, torch.rand(4, 4), torch.zeros(2, 4)).uses["table"]
    assert (use.role, use.as_weight) == ("meets", True)
    assert not watched(lambda t, x: x + t[0], torch.rand(4, 4), torch.zeros(2, 4)).uses["table"].as_weight


def test_that_a_foreign_tensor_meets_registered_ones_like_data():
    weight = torch.rand(4)
    watch = watched(lambda t, _x: weight * t, torch.arange(4.0), torch.zeros(1), registered=[weight])
    assert watch.uses["table"].role == "meets"
    assert id(weight) in watch.used


def test_that_asking_for_a_shape_is_no_use():
    weight = torch.rand(4)
    watch = watched(lambda t, _x: (t.shape, t.device, weight.dtype), torch.arange(4.0), torch.zeros(1), registered=[weight])
    assert watch.uses == {}
    assert watch.used == set()


def test_that_a_registered_tensor_is_never_foreign():
    table = torch.arange(4.0)
    assert watched(lambda t, x: x + t, table, torch.zeros(2, 4), registered=[table]).uses == {}


@pytest.mark.parametrize(
    "work",
    [
        lambda w, x: (x * w).detach().numpy(),
        lambda w, x: (x * w).sum().item(),
        lambda w, x: float((w.sum() * x[0]).detach()),
        lambda w, x: (x * w).tolist(),
    ],
)
def test_that_a_value_that_depends_on_weights_is_seen_to_leave_torch(work):
    weight = nn.Parameter(torch.ones(3))
    watch = watched(lambda _t, x: work(weight, x), torch.ones(1), torch.ones(3), registered=[weight])
    assert len(watch.leaving) == 1


@pytest.mark.parametrize("work", [lambda _w, x: x.numpy(), lambda _w, x: x.sum().item(), lambda w, x: (w * x).argmax().item()])
def test_that_data_and_whole_numbers_may_leave_torch(work):
    weight = nn.Parameter(torch.ones(3))
    watch = watched(lambda _t, x: work(weight, x), torch.ones(1), torch.ones(3), registered=[weight])
    assert watch.leaving == []


def test_that_the_operation_that_changes_an_input_is_the_first_one():
    def work(_t, x):
        y = x.view(-1)
        y.mul_(2)
        x += 1

    watch = watched(work, torch.ones(1), torch.ones(3))
    assert {name: seen.operation for name, seen in watch.changed.items()} == {"x0": "*="}


def test_that_a_result_that_was_kept_is_seen_when_it_is_read():
    kept = torch.ones(3) * 2
    assert watched(lambda _t, x: x + kept, torch.ones(1), torch.ones(3), kept=[kept]).read_kept == {id(kept)}
    assert watched(lambda _t, x: x + 1, torch.ones(1), torch.ones(3), kept=[kept]).read_kept == set()


def test_that_lazy_parameters_are_passed_over():
    layer = nn.LazyLinear(2)
    watch = OperationWatch(Places(), CallWatch(lambda: None), lambda: None)
    watch.expect(iter(()), {}, [], [])
    with watch:
        assert layer(torch.ones(1, 3)).shape == (1, 2)


def test_that_it_can_be_stopped_at_any_operation():
    def stop():
        raise KeyboardInterrupt

    watch = OperationWatch(Places(), CallWatch(lambda: None), stop)
    with pytest.raises(KeyboardInterrupt), watch:
        torch.ones(2) + torch.ones(2)


def test_that_a_tensor_that_keeps_no_version_is_watched_all_the_same():
    with torch.inference_mode():
        still = torch.ones(3)
    assert watched(lambda t, x: x + t, torch.ones(3), still).uses["table"].role == "meets"


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "probability"),
    [
        ("dropout", (0,), {}, 0.5),
        ("dropout", (0, 0.3), {"training": False}, 0.0),
        ("dropout", (0,), {"p": 0.3, "training": True, "inplace": False}, 0.3),
        ("dropout_", (0, 0.2, True), {}, 0.2),
        ("feature_dropout", (0, 0.2), {"train": False}, 0.0),
        ("dropout2d", (0, 0.0), {}, 0.0),
        ("scaled_dot_product_attention", (0, 0, 0), {"dropout_p": 0.1}, 0.1),
        ("scaled_dot_product_attention", (0, 0, 0, None, 0.2), {}, 0.2),
        ("scaled_dot_product_attention", (0, 0, 0), {}, 0.0),
        ("relu", (0,), {"p": 0.5}, 0.0),
    ],
)
def test_that_the_probability_of_a_dropout_at_work_is_read(name, args, kwargs, probability):
    assert dropout_probability(name, args, kwargs) == probability


def test_that_operations_have_the_names_that_people_use():
    named = (
        torch.Tensor.matmul,
        torch.Tensor.__getitem__,
        torch.Tensor.__add__,
        torch.Tensor.sub_,
        torch.mm,
        nn.functional.linear,
    )
    assert [said(function) for function in named] == ["matmul", "indexing", "+", "-=", "mm", "linear"]


def test_that_tensors_are_found_in_nested_arguments():
    one, two = torch.ones(1), torch.ones(2)
    assert list(tensors_among(([one, (two, 3)], {"mask": one}))) == [one, two, one]
    assert list(tensors_among([[[[[one]]]]])) == []


def test_that_what_is_made_of_nothing_has_no_past():
    weight = nn.Parameter(torch.ones(3))

    def work(_table, _x):
        for _ in range(300):
            weight * 2  # frees its result, whose place in memory the next one may get
            torch.linspace(0, 1, 3).tolist()

    assert watched(work, torch.ones(2), torch.ones(2), registered=(weight,)).leaving == []
