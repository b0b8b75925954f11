"""The tree of a large model is told before the model was looked through; a small one is answered at once."""

import gc

import pytest
from torch import nn

from torchloupe.wire.opening import TreeSeen
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker import handlers, module_tree
from torchloupe.worker.collector import collector_in_no_hurry
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import forward, open_target

HIDING = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(*(nn.Linear(2, 2) for _ in range(6)))
        self.heads = [nn.Linear(2, 2), nn.Linear(2, 2)]
        self.steps = nn.Parameter(torch.zeros(2)).half()

    def forward(self, x):
        return self.heads[0](self.body(x))
"""
UNFINISHED = """
from torch import nn


class Part(nn.Module):
    def __init__(self):
        self.size = 2


def make():
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(6)))
    model._modules["part"] = Part()
    return model
"""
NOTING = """
import gc
from torch import nn

SEEN = []


def make():
    SEEN.append(gc.get_threshold())
    return nn.Linear(1, 1)
"""


@pytest.fixture
def target(tmp_path):
    """Writes a file and names it."""

    def write(source, name=""):
        (tmp_path / "model.py").write_text(source)
        return OpenTarget(f"{tmp_path / 'model.py'}{name}")

    return write


def seen(context):
    return [event.tree for event in context.events if isinstance(event, TreeSeen)]


def test_that_a_small_model_is_told_in_one_answer(context, target):
    open_target(context, target(HIDING))
    assert seen(context) == []
    assert module_tree.MANY_MODULES >= 1000


def test_that_the_tree_of_a_large_one_comes_first_and_the_answer_has_everything(context, target, monkeypatch):
    whole = open_target(context, target(HIDING))
    monkeypatch.setattr(module_tree, "MANY_MODULES", 7)
    answer = open_target(context, target(HIDING))
    (tree,) = seen(context)
    assert (tree.modules, tree.parameters, tree.hidden) == (answer.tree.modules, answer.tree.parameters, ())
    assert len(tree.modules) == 8
    assert {part.attribute for part in answer.tree.hidden} == {"heads", "steps"}
    assert answer == whole
    assert answer.problems


def test_that_the_early_tree_leaves_out_what_a_first_look_does_not_need(monkeypatch):
    monkeypatch.setattr(module_tree, "MANY_MODULES", 2)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    model[0].register_forward_hook(lambda *_: None)
    early = []
    tree = module_tree.read_module_tree(model, lambda seen: early.append([(each.settings, each.hooks) for each in seen.modules]))
    assert early == [[("", ()), ("", ()), ("", ())]]
    assert [(each.settings, each.hooks) for each in tree.modules] == [
        ("", ()),
        ("in_features=2, out_features=3, bias=True", ("forward",)),
        ("", ()),
    ]
    assert tree == module_tree.read_module_tree(model)


def test_that_the_tree_is_told_before_anybody_looks_for_what_is_hidden(context, target, monkeypatch):
    monkeypatch.setattr(module_tree, "MANY_MODULES", 7)
    looked = []

    def judged(*_):
        looked.append(len(seen(context)))
        return (), []

    monkeypatch.setattr(handlers, "registration_of", judged)
    open_target(context, target(HIDING))
    assert looked == [1]


def test_that_a_large_model_that_cannot_be_called_is_refused_after_its_tree_was_told(context, target, monkeypatch):
    monkeypatch.setattr(module_tree, "MANY_MODULES", 7)
    with pytest.raises(CouldNotRun) as refused:
        open_target(context, target(UNFINISHED, ":make"))
    assert [problem.code for problem in refused.value.problems] == ["missing-super-init"]
    assert [module.path for module in seen(context)[0].modules][-1] == "part"
    assert "open" not in context.state


def test_that_a_cancel_after_the_tree_leaves_the_model_that_was_open(context, target, monkeypatch):
    open_target(context, target(HIDING))
    before = context.state["open"]
    monkeypatch.setattr(module_tree, "MANY_MODULES", 7)

    def cancelled(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(handlers, "registration_of", cancelled)
    with pytest.raises(KeyboardInterrupt):
        open_target(context, target(HIDING))
    assert len(seen(context)) == 1
    assert context.state["open"] is before


def test_that_the_collector_takes_its_time_while_a_model_is_made_and_is_afterwards_as_before(context, tmp_path):
    before = gc.get_threshold()
    (tmp_path / "model.py").write_text(NOTING)
    open_target(context, OpenTarget(f"{tmp_path / 'model.py'}:make"))
    during = context.state["open"].target.module.SEEN
    assert during == [(max(before[0], 5_000), *before[1:])]
    assert gc.get_threshold() == before


@pytest.mark.parametrize("threshold", [(700, 10, 10), (0, 10, 10), (90_000, 3, 4)])
def test_that_only_a_hasty_collector_is_slowed(threshold):
    before = gc.get_threshold()
    try:
        gc.set_threshold(*threshold)
        with collector_in_no_hurry():
            assert gc.get_threshold() == ((5_000, 10, 10) if threshold[0] == 700 else threshold)
        assert gc.get_threshold() == threshold
        with pytest.raises(KeyError), collector_in_no_hurry():
            raise KeyError
        assert gc.get_threshold() == threshold
    finally:
        gc.set_threshold(*before)


def test_that_a_threshold_of_the_users_own_stays():
    before = gc.get_threshold()
    try:
        with collector_in_no_hurry():
            gc.set_threshold(123, 4, 5)
        assert gc.get_threshold() == (123, 4, 5)
    finally:
        gc.set_threshold(*before)


def test_that_the_model_behind_an_early_tree_runs_as_any_other(context, target, monkeypatch):
    monkeypatch.setattr(module_tree, "MANY_MODULES", 7)
    open_target(context, target(HIDING))
    report = forward(context, RunForward(("float32[3,2]",)))
    assert report.problems == ()
    assert [meta.shape for meta in report.outputs] == [(3, 2)]
