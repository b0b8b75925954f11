"""Modules and parameters by their names."""

import weakref
from dataclasses import replace

from gui import panel_data
from torchloupe.gui.tree_index import NOTHING, TreeIndex, index_of
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import HiddenPart


def test_that_modules_and_parameters_are_found_by_their_names() -> None:
    index = TreeIndex(panel_data.tree())
    assert index.modules["head.fc1"].class_name == "Linear"
    assert index.parameters["head.fc1.bias"].owner == "head.fc1"
    assert list(index.modules) == [path for path, _, _ in panel_data.MODULES]
    assert len(index.parameters) == len(panel_data.PARAMETERS)


def test_that_without_a_model_there_is_nothing_to_find(qapp: object) -> None:
    assert TreeIndex(NOTHING).modules == {}
    assert TreeIndex(NOTHING).parameters == {}
    bench = Workbench()
    bench.set_model(panel_data.opened())
    bench.set_model(None)
    assert bench.tree is NOTHING
    assert bench.index.modules == {}


def test_that_a_key_of_the_model_before_belongs_to_no_module(qapp: object) -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    bench.select_parameter("head.fc1.bias")
    assert bench.selection == Selection(module="head.fc1", parameter="head.fc1.bias")
    bench.set_model(None)
    bench.select_parameter("head.fc1.bias")
    assert bench.selection.module is None


def test_that_lazy_parts_have_the_sizes_of_the_last_run_until_the_next(qapp: object) -> None:
    bench, tree = Workbench(), panel_data.tree()
    lazy = panel_data.parameter("head.fc2.weight", None)
    part = HiddenPart("", "pe", "pe", "tensor", "Tensor")
    bench.set_model(panel_data.opened(tree=replace(tree, parameters=(lazy,), hidden=(part,))))
    assert bench.index.parameters["head.fc2.weight"].shape is None
    bench.begin_run()
    bench.end_run(replace(panel_data.report(), materialised=tree))
    assert (bench.tree.parameters, bench.tree.hidden) == (tree.parameters, (part,))
    assert bench.index.parameters["head.fc2.weight"].shape == (10, 128)
    bench.begin_run()
    assert bench.index.parameters["head.fc2.weight"].shape is None


def test_that_a_problem_of_several_owners_is_about_what_all_modules_of_that_class_hold() -> None:
    tree = panel_data.tree()
    parts = tuple(
        HiddenPart(owner, "xs", "xs[0]", "module", "Linear", "list") for owner in ("head.fc1", "head.fc2", "encoder.bn1")
    )
    index = TreeIndex(replace(tree, hidden=parts))
    problem = Problem("unregistered-module", "", module="head.fc2", attribute="xs")
    assert [part.owner for part in index.about(problem)] == ["head.fc2"]
    several = replace(problem, data={"owners": ["head.fc2", "head.fc1"]})
    assert [part.owner for part in index.about(several)] == ["head.fc2", "head.fc1"]
    assert index.about(replace(problem, attribute="ys")) == []
    assert index.about(replace(several, module="gone")) == []


def test_that_the_tensors_of_each_module_alone_are_listed_in_their_order() -> None:
    owned = TreeIndex(panel_data.tree()).owned
    assert [entry.key for entry in owned["head.fc2"]] == ["head.fc2.weight", "head.fc2.bias"]
    assert "head" not in owned
    assert sum(map(len, owned.values())) == len(panel_data.tree().parameters)


def test_that_everybody_who_asks_about_a_tree_is_given_the_same_index() -> None:
    tree, equal = panel_data.tree(), panel_data.tree()
    index = index_of(tree)
    assert index_of(tree) is index
    assert index_of(equal) is not index
    bench = Workbench()
    bench.set_model(panel_data.opened(tree=tree))
    assert bench.index is index


def test_that_an_index_goes_with_those_who_need_it() -> None:
    tree = panel_data.tree()
    gone = weakref.ref(index_of(tree))
    assert gone() is None
    assert index_of(tree).modules[""].class_name == "Classifier"
