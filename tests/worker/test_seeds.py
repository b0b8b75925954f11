"""The mistakes that guides to networks in PyTorch warn of, and the modules that its textbooks build."""

import pytest

from torchloupe.wire.problems import ERROR, INFO, WARNING
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import HANDLERS


@pytest.fixture
def looked_at(context, models):
    """Opens a model, runs it and inspects it: the tree, the report of the run, the problems of all three."""

    def look(name):
        opened = HANDLERS[OpenTarget](context, OpenTarget(f"{models / name}.py"))
        ran = HANDLERS[RunForward](context, RunForward())
        inspected = HANDLERS[InspectModel](context, InspectModel())
        return opened.tree, ran, [*opened.problems, *ran.problems, *inspected.problems]

    return look


def line_of(models, name, text):
    lines = (models / f"{name}.py").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


MISTAKES = [
    ("seeds/python_list", "unregistered-module", ERROR, "self.layers = ["),
    ("seeds/numpy_in_forward", "numpy-in-forward", INFO, ".detach().numpy()"),
    ("seeds/layer_in_forward", "module-created-in-forward", ERROR, "projection = nn.Linear"),
    ("seeds/forward_called", "forward-called-directly", ERROR, "self.branch.forward(x)"),
    ("seeds/eval_forgotten", "eval-mode-forgotten", WARNING, "return model(batch)"),
]


@pytest.mark.parametrize(("name", "code", "severity", "text"), MISTAKES, ids=[name for name, *_ in MISTAKES])
def test_that_a_mistake_of_the_guides_is_named_once_at_its_line_with_a_repair(looked_at, models, name, code, severity, text):
    _, _, problems = looked_at(name)
    # What shows in the source and again when it runs is told once by both skins.
    assert {(each.code, each.severity, each.line) for each in problems} == {(code, severity, line_of(models, name, text))}
    assert problems[0].fixes
    assert problems[0].hint


def test_that_a_class_without_super_init_is_told_what_it_lacks_though_nothing_was_raised(looked_at, models):
    with pytest.raises(CouldNotRun) as refused:
        looked_at("seeds/no_parameters")
    (problem,) = refused.value.problems
    assert problem.code == "missing-super-init"
    assert problem.line == line_of(models, "seeds/no_parameters", "def __init__")


@pytest.mark.parametrize("name", ["seeds/eval_remembered", "textbook/mlp", "textbook/my_sequential", "textbook/nest"])
def test_that_nothing_is_found_in_what_is_right(looked_at, name):
    _, ran, problems = looked_at(name)
    assert problems == []
    assert ran.call_count


@pytest.mark.parametrize(("name", "owner"), [("textbook/fixed_hidden", ""), ("textbook/chimera", "2")])
def test_that_a_constant_weight_is_told_as_what_it_is(looked_at, models, name, owner):
    tree, _, (problem,) = looked_at(name)
    assert (problem.code, problem.severity) == ("tensor-should-be-buffer", INFO)
    assert (problem.module, problem.attribute) == (owner, "rand_weight")
    assert problem.line == line_of(models, "textbook/fixed_hidden", "self.rand_weight")
    assert "is a constant weight" in problem.message
    assert 'register_buffer("rand_weight"' in problem.fixes[0].text
    assert [part.path for part in tree.hidden] == [f"{owner}.rand_weight".lstrip(".")]


def test_that_a_layer_that_is_used_twice_is_one_layer_with_two_calls(looked_at, context):
    tree, _, _ = looked_at("textbook/fixed_hidden")
    assert [module.path for module in tree.modules] == ["", "linear"]
    assert [(call.module, call.call_number) for call in context.calls] == [("", 0), ("linear", 0), ("linear", 1)]


def test_that_lazy_parts_get_their_sizes_from_the_sample_run(looked_at):
    tree, ran, _ = looked_at("textbook/chimera")
    assert {entry.shape for entry in tree.parameters} == {None}
    assert all(entry.shape for entry in ran.materialised.parameters)
    shapes = {entry.key: entry.shape for entry in ran.materialised.parameters}
    assert shapes["0.net.0.weight"] == (64, 20)
    assert shapes["1.weight"] == (20, 16)
    assert {module.path for module in tree.modules if module.is_lazy} == {"0.net.0", "0.net.2", "0.linear", "1", "2.linear"}
