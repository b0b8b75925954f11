"""What a correct model does with Python, torch and the process is its own business: no blame, no trace, nothing changed."""

import ast
import os
import signal
import sys
import warnings
from pathlib import Path

import pytest
import torch

from torchloupe.wire.requests import FetchStats, OpenTarget, RunForward
from torchloupe.worker.handlers import fetch_stats, forward, open_target

ODD = Path(__file__).parents[1] / "models" / "odd_models.py"
NOT_CORRECT = {"example_inputs", "RefusingDict", "RefusingList", "Marked", "FailsInAThread", "of_five_thousand_modules"}
NEED_DATA = {"HasTensorsOfItsOwnClass", "HoldsANestedTensor", "ReturnsANumber", "ReturnsNestedTensors", "ResizesItsBuffers"}
UNSUPPORTED_WITHOUT_DATA = {"scripted_inside"}
DEPENDS_ON_TIMING = {"CallsPartsInThreads"}
"""Shapes flow without data in one thread; whether others meet the end of that is up to who comes first."""
NAMES = [
    node.name
    for node in ast.parse(ODD.read_text(encoding="utf-8")).body
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name not in NOT_CORRECT
]

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", NAMES)
def test_that_an_odd_model_is_not_blamed_and_stays_as_it_is(run, context, name):
    opened, report = run(f"odd_models:{name}")
    assert report.problems == ()
    assert report.state_restored
    assert {call.status for call in context.calls} <= {"done"}
    assert report.call_count == len(context.calls) >= 1
    assert opened.tree.parameters
    again = forward(context, RunForward())
    assert again.problems == ()
    assert again.call_count == report.call_count


@pytest.mark.parametrize("name", sorted(set(NAMES) - UNSUPPORTED_WITHOUT_DATA - DEPENDS_ON_TIMING))
def test_that_an_odd_model_is_not_blamed_without_data_either(run, context, name):
    _, report = run(f"odd_models:{name}", shapes_only=True)
    assert [problem.code for problem in report.problems] == (["shapes-need-data"] if name in NEED_DATA else [])
    assert {problem.severity for problem in report.problems} <= {"info"}
    assert "failed" not in {call.status for call in context.calls}
    assert report.state_restored


def test_that_threads_are_not_blamed_without_data(run, context):
    _, report = run("odd_models:CallsPartsInThreads", shapes_only=True)
    assert {problem.severity for problem in report.problems} <= {"info"}


@pytest.mark.parametrize("name", ["FreesItsWeights", "ResizesItsBuffers", "TrainsInside", "ReplacesItsPart", "CopiesItsParts"])
def test_that_what_a_forward_does_to_memory_is_undone(context, models, name):
    open_target(context, OpenTarget(f"{models / 'odd_models.py'}:{name}"))
    model = context.state["open"].model
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert forward(context, RunForward()).state_restored
    after = model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_that_the_process_is_what_it_was_after_a_model_that_changes_it(run, context):
    before = (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_anomaly_enabled(),
        torch.is_autocast_enabled("cpu"),
        len(torch.nn.modules.module._global_forward_hooks),
        list(sys.path),
        os.getcwd(),
        signal.getsignal(signal.SIGTERM),
        sys.getrecursionlimit(),
        list(warnings.filters),
        sys.stdout,
    )
    opened, _ = run("odd_models:ChangesTheProcess")
    assert opened.class_name == "ChangesTheProcess"
    after = (
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_anomaly_enabled(),
        torch.is_autocast_enabled("cpu"),
        len(torch.nn.modules.module._global_forward_hooks),
        [folder for folder in sys.path if folder != str(ODD.parent)],
        os.getcwd(),
        signal.getsignal(signal.SIGTERM),
        sys.getrecursionlimit(),
        list(warnings.filters),
        sys.stdout,
    )
    assert after == before
    assert "ODD" not in os.environ


def test_that_the_failing_layer_of_a_thread_is_the_one_that_is_named(run, context):
    _, report = run("odd_models:FailsInAThread")
    [problem] = report.problems
    assert (problem.code, problem.module) == ("shape-mismatch", "fc")
    assert [(call.module, call.status) for call in context.calls] == [("", "unfinished"), ("fc", "failed")]


def test_that_calls_of_threads_lie_inside_the_call_that_started_them(run, context):
    run("odd_models:CallsPartsInThreads")
    depths = {call.module: call.depth for call in context.calls}
    assert depths == {"": 0, "left": 1, "right": 1, "right.0": 2, "right.1": 2}
    assert sorted(call.call_number for call in context.calls if call.module == "right") == [0, 1]


def test_that_every_one_of_five_thousand_modules_is_walked_and_watched(run, context):
    opened, report = run("odd_models:of_five_thousand_modules")
    assert len(opened.tree.modules) == report.call_count == 5002


def test_that_ragged_sizes_are_minus_one(run):
    _, report = run("odd_models:ReturnsNestedTensors")
    assert report.outputs[0].shape == (2, -1, 4)


def test_that_parameters_that_a_model_hides_can_be_asked_for(run, context):
    run("odd_models:HidesItsParts")
    assert fetch_stats(context, FetchStats("fc.weight")).stats.count == 16


def test_that_parameters_of_a_scripted_part_can_be_asked_for(run, context):
    run("odd_models:scripted_inside")
    assert fetch_stats(context, FetchStats("0.0.weight")).stats.count == 16


def test_that_a_factory_with_defaults_takes_some_of_its_arguments(run):
    opened, report = run("odd_models:with_defaults", {"hidden": 3})
    assert report.outputs[0].shape == (2, 3)
    assert opened.arguments_source == "given"


@pytest.mark.parametrize(
    ("source", "module", "code"),
    [
        ("m[1].register_forward_hook(refuse)", "1", "forward-failed"),
        ("m[1].register_forward_pre_hook(refuse)", "1", "forward-failed"),
    ],
)
def test_that_a_hook_of_the_user_that_raises_is_the_users_line(context, tmp_path, source, module, code):
    target = tmp_path / "hooked.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\ndef refuse(*_):\n    raise ValueError('mine')\n\n\n"
        f"def make_model():\n    m = nn.Sequential(nn.Linear(4, 4), nn.ReLU())\n    {source}\n    return m\n"
    )
    open_target(context, OpenTarget(str(target)))
    [problem] = forward(context, RunForward(("float32[2,4]",))).problems
    assert (problem.code, problem.module, problem.file, problem.line) == (code, module, str(target), 6)
    assert "mine" in problem.message


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("torch.ones(2, 4)", ["[0]"]),
        ("[torch.ones(2, 4)]", ["[0]"]),
        ("(torch.ones(2, 4),)", ["[0]"]),
        ("{'x': torch.ones(2, 4)}", ["x"]),
        ("iter([torch.ones(2, 4)])", ["[0]"]),
        ("(t for t in [torch.ones(2, 4)])", ["[0]"]),
    ],
)
def test_that_example_inputs_may_return_what_people_return(context, tmp_path, value, names):
    target = tmp_path / "inputs.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(4, 4)\n\n    def forward(self, x):\n        return self.fc(x)\n\n\n"
        f"def example_inputs():\n    return {value}\n\n\nif __name__ == '__main__':\n    raise SystemExit('not a program')\n"
    )
    open_target(context, OpenTarget(str(target)))
    report = forward(context, RunForward())
    assert report.problems == ()
    assert [meta.name for meta in report.inputs] == names
    assert report.outputs[0].shape == (2, 4)
