"""What raises nothing and is wrong is told with its line and a repair that was tried; what only looks so is not."""

import ast

import pytest
import torch

from torchloupe.wire.problems import INFO
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.wire.steps import RunStep
from torchloupe.worker.handlers import HANDLERS
from torchloupe.worker.places import Places
from torchloupe.worker.registration import axis_watch
from torchloupe.worker.registration.axis_watch import AxisWatch
from torchloupe.worker.registration.call_watch import CallWatch

from .conftest import MODELS

SILENT = {
    "heads_merged": "reshape-instead-of-permute",
    "heads_split": "reshape-instead-of-permute",
    "view_for_transpose": "reshape-instead-of-permute",
    "hidden_state": "reshape-instead-of-permute",
    "class_axis": "reshape-instead-of-permute",
    "pairs_of_samples": "silent-broadcast",
    "last_step": "batch-first",
    "view_of_halves": "batch-size-changed",
    "view_of_the_batch": "batch-size-changed",
}
RIGHT = MODELS / "reshapes_that_are_right.py"
INPUTS = ast.literal_eval(next(node.value for node in ast.parse(RIGHT.read_text()).body if isinstance(node, ast.Assign)))


@pytest.fixture
def looked(context):
    """What a run, a closer look and a step find together, as ``check`` does it."""
    from torchloupe.analysis.step.beside import new_problems

    def look(target, *inputs, shapes_only=False, step=True):
        opened = HANDLERS[OpenTarget](context, OpenTarget(str(target)))
        ran = HANDLERS[RunForward](context, RunForward(inputs))
        inspected = HANDLERS[InspectModel](context, InspectModel(inputs, shapes_only=shapes_only))
        assert context.state.get("spoiled") is False
        known = [*opened.problems, *ran.problems, *inspected.problems]
        stepped = HANDLERS[RunStep](context, RunStep(ran.input_specs or inputs)).problems if step else ()
        return [each for each in (*known, *new_problems(stepped, known)) if each.severity != INFO]

    return look


def marked_line(path):
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if "# mismatch" in line)


@pytest.mark.parametrize("name", SILENT)
def test_that_a_silent_mismatch_is_the_one_problem_with_its_line(name, looked):
    path = MODELS / "silent" / f"{name}.py"
    assert [(each.code, each.line) for each in looked(path)] == [(SILENT[name], marked_line(path))]


@pytest.mark.parametrize("name", [name for name, code in SILENT.items() if code not in ("batch-first",)][:6])
def test_that_shapes_alone_show_it_too(name, looked):
    path = MODELS / "silent" / f"{name}.py"
    assert SILENT[name] in [each.code for each in looked(path, shapes_only=True, step=False)]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("heads_merged", "y.transpose(1, 2).reshape(b, t, c)"),
        ("heads_split", "self.q(x).reshape(b, t, 4, 6).transpose(1, 2)"),
        ("view_for_transpose", "x.transpose(1, 2)"),
        ("hidden_state", "h.transpose(0, 1).reshape(x.size(0), -1)"),
        ("pairs_of_samples", "base.unsqueeze(1) + self.deep(x)"),
    ],
)
def test_that_the_repair_was_run(name, written, looked):
    (problem,) = looked(MODELS / "silent" / f"{name}.py", step=False)
    (fix,) = problem.fixes
    assert (fix.value, fix.verified, fix.outcome) == (written, True, "the model runs to its end")
    assert f"{written}" in next(line for line in fix.patch.splitlines() if line.startswith("+ "))


def test_that_several_reshapes_of_a_line_are_changed_together(looked, tmp_path):
    source = (MODELS / "silent" / "heads_split.py").read_text()
    old = "q = self.q(x).view(b, 4, t, 6)  # mismatch"
    new = "q, p = self.q(x).view(b, 4, t, 6), self.q(x).view(b, 4, t, 6)"
    (tmp_path / "net.py").write_text(source.replace(old, new))
    (problem,) = looked(tmp_path / "net.py", step=False)
    right = "self.q(x).reshape(b, t, 4, 6).transpose(1, 2)"
    assert (problem.fixes[0].value, problem.fixes[0].verified) == (f"q, p = {right}, {right}", True)


def test_that_a_view_that_eats_the_batch_is_repaired_with_the_layer_after_it(looked):
    (problem,) = looked(MODELS / "silent" / "view_of_the_batch.py")
    view, layer = problem.fixes
    assert (view.value, view.outcome) == ("x.flatten(1)", "with `in_features=16` of `out` the model runs to its end")
    assert (layer.module, layer.argument, layer.value, layer.verified) == ("out", "in_features", 16, True)
    assert "+        x = x.flatten(1)" in view.patch
    assert "+        self.out = nn.Linear(16, 5)\n" in view.patch


@pytest.mark.parametrize("name", INPUTS)
def test_that_right_code_that_looks_odd_is_not_accused(name, looked):
    assert looked(f"{RIGHT}:{name}", INPUTS[name], step=False) == []


def watched(forward, *inputs):
    """What is noted of a function that stands in this file."""
    watch = AxisWatch(Places(), CallWatch(lambda: None))
    watch.expect(inputs)
    with watch:
        forward(*inputs)
    return watch


def test_that_an_axis_is_followed_through_a_merge_and_a_layer():
    weight = torch.ones(4, 6)
    watch = watched(lambda x: torch.nn.functional.linear(x.reshape(10, 6), weight).reshape(5, 2, 4), torch.ones(2, 5, 6))
    assert [(each.source, each.target, each.is_whole) for each in watch.reshaped] == [((2, 5, 4), (5, 2, 4), False)]


def test_that_a_permutation_on_the_way_is_followed():
    assert watched(lambda x: x.reshape(10, 6).t().t().reshape(2, 5, 6), torch.ones(2, 5, 6)).reshaped == []
    assert watched(lambda x: x.transpose(0, 1).reshape(10, 6).view(5, 2, 6), torch.ones(2, 5, 6)).reshaped == []
    assert watched(lambda x: x.mT.reshape(2, 6, 5), torch.ones(2, 5, 6)).reshaped == []


def test_that_a_sum_takes_away_what_was_merged():
    assert watched(lambda x: x.reshape(10, 6).cumsum(0).reshape(5, 2, 6), torch.ones(2, 5, 6)).reshaped != []
    assert watched(lambda x: x.reshape(2, 30).sort(1)[0].reshape(2, 6, 5), torch.ones(2, 5, 6)).reshaped == []


def test_that_what_is_not_made_of_the_input_is_not_looked_at():
    other = torch.ones(2, 5, 6)
    assert watched(lambda x: other.reshape(2, 6, 5), torch.ones(1)).reshaped == []
    assert watched(lambda x: other[0, 0] + other[0, 0].unsqueeze(1), torch.ones(1)).met == []


def test_that_an_axis_that_was_added_on_purpose_makes_pairs_on_purpose():
    samples = torch.ones(7, 3)
    for pairs in (
        lambda x: x.sum(1) + x.sum(1).unsqueeze(1),
        lambda x: x.sum(1) + x.sum(1)[:, None],
        lambda x: x.sum(1) - x.sum(1, keepdim=True),
        lambda x: x.sum(1) * x.sum(1).reshape(-1, 1).relu(),
    ):
        assert watched(pairs, samples).met == []
    assert len(watched(lambda x: x.sum(1) * x[:, :1], samples).met) == 1


def test_that_rows_shifted_against_each_other_are_no_mistake():
    def shifted(x):
        seen = x.reshape(2, 7, 5)[:, 1:]
        return seen.reshape(2, 5, 6)

    assert watched(shifted, torch.ones(2, 5, 7)).reshaped == []
    assert len(watched(lambda x: x.reshape(2, 7, 5), torch.ones(2, 5, 7)).reshaped) == 1


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors", "ignore:Lazy modules")
def test_that_tensors_without_sizes_are_let_through():
    def ragged(x):
        nested = torch.nested.nested_tensor([x[0], x[1, :2]])
        return torch.nested.to_padded_tensor(nested, 0.0).relu()

    assert watched(ragged, torch.ones(2, 5, 6)).reshaped == []
    lazy = torch.nn.LazyLinear(3)
    assert watched(lazy, torch.ones(2, 5)).met == []


def test_that_in_a_very_long_pass_what_comes_late_is_not_followed(looked, monkeypatch):
    path = MODELS / "silent" / "heads_merged.py"
    assert looked(path, step=False)
    monkeypatch.setattr(axis_watch, "MOST_OPERATIONS", 0)
    assert not looked(path, step=False)
