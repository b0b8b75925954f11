"""A model that got weights and is still in train mode says so."""

import pytest

from torchloupe.analysis.loading_mode import train_mode_problems
from torchloupe.wire.loading import LOADED, MISSING, LoadedCheckpoint, LoadedKey
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.problems import INFO


def module(path: str, class_name: str, training: bool = True, settings: str = "", same_as: str | None = None) -> ModuleEntry:
    return ModuleEntry(path, class_name, 0, 0, 0, training, settings, same_as=same_as)


def tree(*modules: ModuleEntry) -> ModuleTree:
    return ModuleTree((module("", "Net"), *modules), ())


def loaded(*keys: str, status: str = LOADED) -> LoadedCheckpoint:
    return LoadedCheckpoint("/a.pt", tuple(LoadedKey(key, status) for key in keys), True)


BN1, BN2 = module("bn1", "BatchNorm2d"), module("bn2", "BatchNorm2d")
DROP = module("drop", "Dropout", settings="p=0.5, inplace=False")
STATISTICS = loaded("bn1.running_mean", "bn1.running_var", "bn2.running_mean", "fc.weight")


def message(modules: ModuleTree, of: LoadedCheckpoint = STATISTICS) -> str:
    (problem,) = train_mode_problems(of, modules)
    assert (problem.code, problem.severity) == ("checkpoint-train-mode", INFO)
    assert "model.eval()" in problem.hint
    return problem.message.removeprefix("The model is in train mode after loading: ")


def test_that_statistics_which_are_passed_over_are_counted() -> None:
    assert message(tree(BN1, BN2)) == "2 BatchNorm2d layers use the statistics of their batch, not the loaded ones."
    assert message(tree(BN1)) == "1 BatchNorm2d layer uses the statistics of its batch, not the loaded ones."


def test_that_dropout_is_named_beside_them_or_alone() -> None:
    both = message(tree(BN1, DROP))
    assert both == "1 BatchNorm2d layer uses the statistics of its batch, not the loaded ones, and 1 dropout layer drops values."
    assert message(tree(DROP, module("more", "Dropout1d"))) == "2 dropout layers drop values."


def test_that_the_facts_name_every_layer() -> None:
    (problem,) = train_mode_problems(STATISTICS, tree(BN1, BN2, DROP))
    assert problem.data == {"statistics": ["bn1", "bn2"], "dropouts": ["drop"]}
    assert problem.module == "bn1"


def test_that_the_root_itself_can_be_such_a_layer() -> None:
    root = ModuleTree((module("", "BatchNorm1d"),), ())
    assert message(root, loaded("running_mean", "running_var")).startswith("1 BatchNorm1d layer uses")


@pytest.mark.parametrize(
    "modules",
    [
        tree(),
        tree(module("bn1", "BatchNorm2d", training=False), module("drop", "Dropout", training=False)),
        tree(module("other", "BatchNorm2d")),
        tree(module("drop", "Dropout", settings="p=0.0, inplace=False")),
        tree(module("again", "Dropout", same_as="drop")),
    ],
    ids=["no such layers", "eval mode", "other statistics", "drops nothing", "met before"],
)
def test_that_nothing_is_said_where_train_mode_changes_nothing(modules: ModuleTree) -> None:
    assert train_mode_problems(STATISTICS, modules) == ()


def test_that_nothing_is_said_when_nothing_was_loaded() -> None:
    assert train_mode_problems(loaded("bn1.running_mean", status=MISSING), tree(BN1, DROP)) == ()
