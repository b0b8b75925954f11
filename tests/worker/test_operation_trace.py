"""The operations between the calls."""

import inspect
import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchloupe.analysis.operation_wording import DIRECT_FORWARD
from torchloupe.wire.requests import OperationsFinished, RunForward
from torchloupe.worker import operation_trace
from torchloupe.worker.handlers import forward
from torchloupe.worker.operation_trace import OperationTrace
from torchloupe.worker.trace import ForwardTrace


class Between(nn.Module):
    """A module with operations before, between and after its parts."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)

    def forward(self, x):
        x = x * 2
        x = F.relu(self.first(x))
        return self.second(x) + x


class Of(nn.Module):
    """Runs ``run(model, x)`` as its forward, with the parts that it is given."""

    def __init__(self, run, **parts):
        super().__init__()
        self.run = run
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.run(self, x)


def traced(model, *given, check=lambda: None, statistics=True):
    """Calls and operations of a pass, in their order."""
    calls, operations = [], []
    trace = ForwardTrace(model, calls.extend, check, statistics)
    watched = OperationTrace(trace, operations.extend, check)
    try:
        with trace, watched:
            model(*given)
    finally:
        trace.abandon()
    return sorted(calls, key=lambda call: call.index), operations


def names(run, x=None, **parts):
    """What is told of a forward."""
    _, operations = traced(Of(run, **parts), torch.rand(2, 4) if x is None else x)
    return [each.name for each in operations]


def line_of(text):
    """The line of this file that holds the text."""
    source = inspect.getsource(inspect.getmodule(line_of)).splitlines()
    return next(number for number, line in enumerate(source, 1) if text in line)


def test_that_operations_stand_between_the_calls():
    calls, operations = traced(Between(), torch.rand(2, 4))
    assert [call.module for call in calls] == ["", "first", "second"]
    assert [(each.name, each.before_call, each.call, each.depth) for each in operations] == [
        ("x * 2", 1, 0, 1),
        ("F.relu", 2, 0, 1),
        ("x + y", 3, 0, 1),
    ]
    assert [each.index for each in operations] == [0, 1, 2]


def test_that_an_operation_has_operands_results_statistics_time_and_line():
    _, (_, relu, _) = traced(Between(), torch.ones(2, 4))
    assert [(each.name, each.shape, each.dtype) for each in relu.inputs] == [("input", (2, 4), "float32")]
    assert [each.shape for each in relu.outputs] == [(2, 4)]
    assert relu.stats[0].min >= 0
    assert relu.stats[0].count == 8
    assert relu.seconds > 0
    assert (relu.file, relu.line) == (__file__, line_of("x = F.relu(self.first(x))"))
    assert (relu.module, relu.status) == ("", "done")


def test_that_without_statistics_none_are_made():
    _, operations = traced(Between(), torch.ones(2, 4), statistics=False)
    assert [each.stats for each in operations] == [(None,)] * 3


def test_that_what_a_layer_of_torch_does_inside_is_its_own():
    def run(model, x):
        x = model.norm(model.conv(x))
        sequence = x.flatten(2)
        return model.attention(sequence, sequence, sequence), model.recurrent(sequence)

    parts = {
        "conv": nn.Conv2d(1, 4, 3),
        "norm": nn.BatchNorm2d(4),
        "attention": nn.MultiheadAttention(4, 2, batch_first=True),
        "recurrent": nn.LSTM(4, 3, batch_first=True),
    }
    assert names(run, torch.rand(2, 1, 4, 4), **parts) == [".flatten"]


def test_that_a_layer_of_torch_that_calls_parts_is_looked_into():
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
    calls, operations = traced(Of(lambda model, x: model.encoder(x), encoder=layer), torch.rand(2, 3, 4))
    assert "encoder.self_attn" in [call.module for call in calls]
    assert [each.name for each in operations] == ["x + y", "F.relu", "x + y"]
    assert {each.module for each in operations} == {"encoder"}
    assert {each.line for each in operations} == {line_of("Of(lambda model, x: model.encoder(x)")}


def test_that_shape_queries_and_attributes_are_left_out():
    def run(_model, x):
        assert x.shape[0] == x.size(0) == len(x)
        assert x.dim() == 2
        assert x.device.type == "cpu"
        assert x.is_contiguous()
        assert not x.requires_grad
        return x.view(x.numel()).reshape(2, -1).permute(1, 0)

    assert names(run) == [".view", ".reshape", ".permute"]


def test_that_what_is_made_of_nothing_is_told():
    assert names(lambda _model, x: torch.arange(3) + x.new_zeros(3)) == ["torch.arange", ".new_zeros", "x + y"]


def test_that_reading_values_is_told_with_what_was_read():
    _, operations = traced(Of(lambda _model, x: [x.sum().item(), x.tolist()] if bool(x.sum() > 0) else x), torch.ones(2, 2))
    told = {each.name: [value.text for value in each.values] for each in operations if not each.outputs}
    assert told == {"bool(x)": ["True"], ".item": ["4.0"], ".tolist": ["[[1.0, 1.0], [1.0, 1.0]]"]}


def test_that_writing_into_a_tensor_tells_what_it_holds_then():
    def run(_model, x):
        x[0] = 7
        x += 1
        return x

    _, (write, add) = traced(Of(run), torch.zeros(2, 2))
    assert (write.name, write.stats[0].max) == ("x[0] = 7", 7)
    assert (add.name, add.stats[0].max) == ("x += 1", 8)


def test_that_operands_are_told_as_they_were_before():
    def run(_model, x):
        x = x.clone()
        x.unsqueeze_(0)
        return x

    _, (_, grown) = traced(Of(run), torch.zeros(2, 3))
    assert (grown.inputs[0].shape, grown.outputs[0].shape) == ((2, 3), (1, 2, 3))


def test_that_the_one_that_raised_is_marked_and_the_error_goes_on():
    model = Of(lambda _model, x: x.exp() + torch.ones(7))
    operations = []
    trace = ForwardTrace(model, lambda _calls: None, lambda: None)
    with pytest.raises(RuntimeError, match="size of tensor"), trace, OperationTrace(trace, operations.extend, lambda: None):
        model(torch.ones(2, 3))
    trace.abandon()
    assert [(each.name, each.status) for each in operations] == [(".exp", "done"), ("torch.ones", "done"), ("x + y", "failed")]
    assert operations[-1].outputs == ()
    assert [each.shape for each in operations[-1].inputs] == [(2, 3), (7,)]


def test_that_after_a_failure_that_the_model_caught_operations_belong_to_who_caught_it():
    def fails(_model, x):
        raise ValueError

    def run(model, x):
        try:
            return model.part(x)
        except ValueError:
            return x.exp()

    _, operations = traced(Of(run, part=Of(fails)), torch.ones(2))
    assert [(each.name, each.module, each.depth) for each in operations] == [(".exp", "", 1)]


def test_that_a_module_called_past_its_call_is_told():
    def run(model, x):
        x = model.inner.forward(x)  # past the call
        return model.inner(x)

    calls, operations = traced(Of(run, inner=Between()), torch.rand(2, 4))
    direct, *rest = operations
    assert (direct.name, direct.module, direct.before_call, direct.call, direct.depth) == (DIRECT_FORWARD, "inner", 1, 0, 1)
    assert (direct.file, direct.line) == (__file__, line_of("# past the call"))
    assert [(each.module, each.depth) for each in rest] == [("inner", 2)] * 6
    assert [call.module for call in calls].count("inner") == 1


def test_that_a_layer_of_torch_called_past_its_call_shows_what_it_does():
    _, operations = traced(Of(lambda model, x: model.fc.forward(x), fc=nn.Linear(4, 2)), torch.rand(2, 4))
    assert [(each.name, each.module) for each in operations] == [(DIRECT_FORWARD, "fc"), ("F.linear", "fc")]


def test_that_a_module_called_past_its_call_is_told_though_it_only_calls_others():
    inner = Of(lambda model, x: model.fc(x), fc=nn.Linear(4, 2))
    calls, operations = traced(Of(lambda model, x: model.inner.forward(x), inner=inner), torch.rand(2, 4))
    assert [(each.name, each.module, each.before_call) for each in operations] == [(DIRECT_FORWARD, "inner", 1)]
    assert [call.module for call in calls] == ["", "inner.fc"]


def test_that_it_is_told_once_for_each_call_around_it():
    def run(model, x):
        for _ in range(3):
            x = model.fc.forward(x)
        return x

    outer = Of(lambda model, x: model.part(model.part(x)), part=Of(run, fc=nn.Linear(4, 4)))
    _, operations = traced(outer, torch.rand(2, 4))
    assert [each.call for each in operations if each.name == DIRECT_FORWARD] == [1, 2]


def test_that_the_forward_of_a_base_class_is_no_call_past_the_call():
    class Derived(Between):
        def forward(self, x):
            return super().forward(x) + 1

    _, operations = traced(Derived(), torch.rand(2, 4))
    assert DIRECT_FORWARD not in [each.name for each in operations]
    assert {each.module for each in operations} == {""}


def test_that_what_a_module_outside_the_model_does_belongs_to_who_calls_it():
    hidden = [nn.Linear(4, 4)]
    _, operations = traced(Of(lambda _model, x: hidden[0](x)), torch.rand(2, 4))
    assert [(each.name, each.module) for each in operations] == [("F.linear", "")]


def test_that_hooks_of_the_user_are_told():
    model = Between()
    model.first.register_forward_hook(lambda module, args, output: output * 10)
    _, operations = traced(model, torch.ones(2, 4))
    assert [each.name for each in operations] == ["x * 2", "F.relu", "x + y"], "a Linear's hook is the Linear's"
    model.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    _, operations = traced(model, torch.ones(2, 4))
    assert operations[0].name == "x + 1"


def test_that_the_results_are_bit_for_bit_the_same_and_nothing_stays():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.TransformerEncoder(layer, 2).eval()
    x, mask = torch.rand(2, 5, 8), torch.tensor([[False] * 5, [False] * 3 + [True] * 2])
    results = []
    with torch.no_grad():
        for watch in (False, True):
            trace = ForwardTrace(model, lambda _calls: None, lambda: None)
            with trace:
                if watch:
                    with OperationTrace(trace, lambda _operations: None, lambda: None):
                        results.append(model(x, src_key_padding_mask=mask))
                else:
                    results.append(model(x, src_key_padding_mask=mask))
    assert torch.equal(*results)
    assert not torch._C._is_torch_function_mode_enabled() if hasattr(torch._C, "_is_torch_function_mode_enabled") else True


def test_that_a_wish_to_stop_is_heard_at_the_next_operation():
    asked = []

    def check():
        asked.append(None)
        if len(asked) > 20:
            raise KeyboardInterrupt

    def endless(_model, x):
        while True:
            x = x + 1

    with pytest.raises(KeyboardInterrupt):
        traced(Of(endless), torch.ones(1), check=check)


def test_that_beyond_the_most_operations_are_counted_alone(monkeypatch):
    monkeypatch.setattr(operation_trace, "MOST_OPERATIONS", 3)
    model, operations = Of(lambda _model, x: x + 1 + 1 + 1 + 1 + 1), []
    trace = ForwardTrace(model, lambda _calls: None, lambda: None)
    watched = OperationTrace(trace, operations.extend, lambda: None)
    with trace, watched:
        model(torch.ones(1))
    assert len(operations) == 3
    assert watched.left_out == 2


def test_that_a_run_says_how_many_operations_were_left_out(monkeypatch, run):
    monkeypatch.setattr(operation_trace, "MOST_OPERATIONS", 0)
    _, report = run("clean_cnn", operations=True)
    (problem,) = report.problems
    assert (problem.code, problem.severity) == ("operations-left-out", "info")
    assert problem.message.startswith("0 operations are shown; ")
    assert run("clean_cnn")[1].problems == ()


def test_that_operations_of_a_thread_of_the_model_do_not_disturb():
    def run(_model, x):
        results = []
        thread = threading.Thread(target=lambda: results.append(x.exp()))
        thread.start()
        thread.join()
        return results[0] + 1

    assert names(run) == ["x + 1"]


def test_that_time_spent_on_operations_is_not_the_models():
    trace = ForwardTrace(Between(), lambda _calls: None, lambda: None)
    with trace, OperationTrace(trace, lambda _operations: None, lambda: None):
        before = trace.overhead_seconds
        trace._model(torch.rand(2, 4))
    assert trace.overhead_seconds > before


def test_that_tensors_without_data_are_told_without_statistics():
    _, operations = traced(Of(lambda _model, x: x + 1), torch.ones(2, device="meta"))
    assert [(each.name, each.stats) for each in operations] == [("x + 1", (None,))]


def test_that_a_run_tells_operations_only_when_it_is_asked_to(run, context):
    run("clean_cnn")
    assert not [event for event in context.events if isinstance(event, OperationsFinished)]
    forward(context, RunForward(operations=True))
    told = [each for event in context.events if isinstance(event, OperationsFinished) for each in event.operations]
    assert told
    assert all(each.file.endswith("clean_cnn.py") and each.line for each in told)
