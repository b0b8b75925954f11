"""The conditions of a pass: gradients, autocast, dtype."""

import pytest
import torch

from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.run_conditions import RunConditions, run_dtype

NET = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x, ids):
        return self.fc(x), ids, torch.is_grad_enabled()


def example_inputs():
    return torch.ones(2, 4), torch.ones(2, dtype=torch.int64)
"""


@pytest.fixture
def run(context, tmp_path):
    """Runs the net under conditions; the report and the call of its layer."""
    target = tmp_path / "net.py"
    target.write_text(NET)
    open_target(context, OpenTarget(str(target)))

    def run(**conditions):
        context.events.clear()
        report = forward(context, RunForward(**conditions))
        return report, context.calls[1]

    return run


def test_that_gradients_can_be_turned_off_and_are_on_again_afterwards(run):
    assert run()[0].kept_bytes
    assert run(grad=False)[0].kept_bytes == ()
    assert torch.is_grad_enabled()
    with torch.no_grad():
        assert run(grad=True)[0].kept_bytes
        assert not torch.is_grad_enabled()


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_that_autocast_gives_what_it_gives(run, dtype):
    report, call = run(autocast=dtype)
    assert report.problems == ()
    assert (call.inputs[0].dtype, call.outputs[0].dtype) == ("float32", dtype)
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_that_a_copy_runs_in_another_dtype_and_the_model_stays(run, context, dtype):
    report, call = run(dtype=dtype)
    assert report.problems == ()
    assert (call.inputs[0].dtype, call.outputs[0].dtype) == (dtype, dtype)
    assert [meta.dtype for meta in report.outputs] == [dtype, "int64"]  # ids are no floating numbers
    assert context.state["open"].model.fc.weight.dtype is torch.float32


def test_that_without_statistics_only_shapes_and_times_are_told(run):
    _, call = run(statistics=False)
    assert call.stats == (None,)
    assert call.seconds is not None
    assert call.outputs[0].shape == (2, 4)


@pytest.mark.parametrize("name", ["int64", "float33", "nn", "autograd"])
def test_that_what_is_no_floating_dtype_is_refused(run, name):
    with pytest.raises(UsageError, match=f"`{name}` is no floating dtype"):
        run(dtype=name)
    with pytest.raises(UsageError, match="no dtype for autocast"):
        run(autocast=name)


def test_that_conditions_can_be_entered_again():
    conditions = RunConditions(RunForward(grad=False), None)
    for _ in range(2):
        with conditions:
            assert not torch.is_grad_enabled()
        assert torch.is_grad_enabled()
    assert run_dtype(None) is None
