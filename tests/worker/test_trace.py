"""Watching a forward pass through hooks."""

import weakref

import pytest
import torch
from torch import nn

from torchloupe.worker.measured_once import MeasuredOnce
from torchloupe.worker.trace import ForwardTrace, input_metas


def traced(model, *args, check=lambda: None, **kwargs):
    """The calls of one pass in the order in which they began, and the trace."""
    calls = []
    trace = ForwardTrace(model, calls.extend, check)
    with trace:
        model(*args, **kwargs)
    return sorted(calls, key=lambda call: call.index), trace


class TwoWays(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 3)
        self.b = nn.Linear(3, 2)

    def forward(self, x, *, scale=None, extras=()):
        y = self.b(self.a(x))
        return (y, {"scaled": y * 2}, None, "text")


def test_that_parents_come_before_their_parts_and_end_after_them():
    ended = []
    trace = ForwardTrace(TwoWays(), ended.extend, lambda: None)
    with trace:
        trace._model(torch.ones(1, 2))
    assert [call.module for call in ended] == ["a", "b", ""]
    assert [call.index for call in ended] == [1, 2, 0]
    assert [call.depth for call in ended] == [1, 1, 0]


def test_that_inputs_have_the_names_of_forwards_arguments():
    calls, _ = traced(TwoWays(), torch.ones(1, 2), scale=torch.ones(3), extras=(torch.ones(1), [torch.ones(2)]))
    assert [meta.name for meta in calls[0].inputs] == ["x", "scale", "extras[0]", "extras[1][0]"]
    assert [meta.name for meta in calls[1].inputs] == ["input"]


def test_that_what_became_another_shape_in_place_between_two_layers_is_told_as_it_went_in():
    class Squeezed(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 3), nn.Linear(3, 2)

        def forward(self, x):
            y = self.a(x)
            y.squeeze_(0)
            return self.b(y)

    with torch.no_grad():
        calls, _ = traced(Squeezed(), torch.ones(1, 2))
    a, b = calls[1:]
    assert a.outputs[0].shape == (1, 3)
    assert [(meta.shape, meta.name) for meta in b.inputs] == [((3,), "input")]


def test_that_no_tensor_is_held_afterwards():
    model, gone = nn.Linear(2, 3), []
    trace = ForwardTrace(model, lambda calls: None, lambda: None, statistics=False)
    with trace:
        gone.append(weakref.ref(model(torch.ones(1, 2))))
    assert gone[0]() is None


def test_that_only_tensors_of_a_mixed_result_are_outputs():
    calls, _ = traced(TwoWays(), torch.ones(1, 2))
    assert [meta.name for meta in calls[0].outputs] == ["[0]", "[1]['scaled']"]
    assert len(calls[0].stats) == 2


def test_that_variable_arguments_are_named_by_their_place():
    class Any(nn.Module):
        def forward(self, *xs):
            return xs[0]

    calls, _ = traced(Any(), torch.ones(1), torch.ones(2))
    assert [meta.name for meta in calls[0].inputs] == ["[0]", "[1]"]


def test_that_hooks_are_gone_afterwards_also_after_a_failure():
    class Fails(nn.Module):
        def forward(self, x):
            raise ValueError("no")

    model = nn.Sequential(nn.Linear(2, 2), Fails())
    with pytest.raises(ValueError, match="no"):
        traced(model, torch.ones(1, 2))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_that_hooks_of_the_user_run_and_are_seen():
    model = nn.Linear(2, 2)
    model.register_forward_hook(lambda module, args, output: output * 0 + 7)
    model.register_forward_pre_hook(lambda module, args: (args[0][:1],))
    calls, _ = traced(model, torch.ones(5, 2))
    assert calls[0].inputs[0].shape == (1, 2)
    assert calls[0].stats[0].mean == 7


def test_that_a_failure_leaves_the_innermost_call_failed_and_the_rest_unfinished():
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(2, 2), nn.Linear(3, 3))

        def forward(self, x):
            return self.inner(x)

    calls = []
    trace = ForwardTrace(Outer(), calls.extend, lambda: None)
    with pytest.raises(RuntimeError), trace:
        trace._model(torch.ones(1, 2))
    failure = trace.abandon()
    assert failure.call.module == "inner.1"
    assert isinstance(failure.module, nn.Linear)
    assert failure.inputs[0].shape == (1, 2)
    assert {call.module: call.status for call in calls} == {
        "inner.0": "done",
        "inner.1": "failed",
        "inner": "unfinished",
        "": "unfinished",
    }
    assert trace.abandon() is None


def test_that_a_module_under_two_paths_is_told_by_the_first():
    shared = nn.Linear(2, 2)
    calls, _ = traced(nn.Sequential(shared, nn.ReLU(), shared), torch.ones(1, 2))
    assert [(call.module, call.call_number) for call in calls] == [("", 0), ("0", 0), ("1", 0), ("0", 1)]


def test_that_a_module_that_calls_itself_nests():
    class Again(nn.Module):
        def forward(self, x, left=2):
            return x if not left else self(x, left - 1)

    calls, _ = traced(Again(), torch.ones(1))
    assert [(call.depth, call.call_number) for call in calls] == [(0, 0), (1, 1), (2, 2)]


def test_that_seconds_leave_out_what_watching_costs():
    calls, trace = traced(nn.Sequential(*[nn.Identity() for _ in range(50)]), torch.ones(1 << 18))
    parts = sum(call.seconds for call in calls[1:])
    assert trace.overhead_seconds > 0
    assert all(call.seconds >= 0 for call in calls)
    assert calls[0].seconds < trace.overhead_seconds + parts


def test_that_a_check_that_raises_stops_the_pass_at_the_next_call():
    asked = []

    def check():
        asked.append(1)
        if len(asked) == 3:
            raise KeyboardInterrupt

    model = nn.Sequential(*[nn.Identity() for _ in range(9)])
    with pytest.raises(KeyboardInterrupt):
        traced(model, torch.ones(1), check=check)
    assert len(asked) == 3


def test_that_a_module_that_returns_none_is_remembered():
    class Silent(nn.Module):
        def forward(self, x):
            self.seen = x

    _, trace = traced(Silent(), torch.ones(1))
    assert [call.module for call in trace.returned_nothing] == [""]


def test_that_the_models_input_is_named_by_position_and_keyword():
    metas = input_metas((torch.ones(1), (torch.ones(2),)), {"mask": torch.ones(3)})
    assert [(meta.name, meta.shape) for meta in metas] == [("[0]", (1,)), ("[1][0]", (2,)), ("mask", (3,))]


def test_that_watching_changes_no_number():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Dropout(0.5))
    inputs = torch.randn(3, 4)
    torch.manual_seed(1)
    plain = model(inputs)
    torch.manual_seed(1)
    with ForwardTrace(model, lambda calls: None, lambda: None):
        watched = model(inputs)
    assert torch.equal(plain, watched)
    assert watched.requires_grad


def test_that_statistics_of_a_device_come_together_at_the_end(monkeypatch):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(2, 3), TwoWays()

        def forward(self, x):
            return self.b(x), self.a(x)

    model, x = Two(), torch.rand(4, 2)
    plain, _ = traced(model, x)
    monkeypatch.setattr(
        "torchloupe.worker.output_notes.MeasuredOnce", lambda: MeasuredOnce(at_once=())
    )  # the CPU stands for a device
    told = []
    trace = ForwardTrace(model, told.extend, lambda: None)
    with trace:
        model(x)
    assert {call.stats for call in told if call.module in ("", "b")} == {(None,) * 3, (None,) * 2}
    late = trace.late_calls()
    at_once = {call.index: call for call in plain}
    assert {call.module for call in late} == {"", "b"}
    for call in late:
        for mine, theirs in zip(call.stats, at_once[call.index].stats, strict=True):
            assert mine.mean == pytest.approx(theirs.mean, rel=1e-5)
            assert (mine.count, mine.zeros, mine.histogram) == (theirs.count, theirs.zeros, theirs.histogram)
    assert trace.late_calls() == []
