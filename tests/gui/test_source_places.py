"""Where what is selected stands in the source."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gui import panel_data
from gui.panel_data import FILE, MISMATCH
from torchloupe.gui.looking import dotted_path, open_place, source_place
from torchloupe.gui.source_places import SourcePlace, assigned_place, place, source_places
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.registration import HiddenPart

HIDDEN = HiddenPart("head", "parts", "parts[0]", "module", "Linear", "list", 2, 20, file=FILE, line=11)


@pytest.fixture
def bench(qapp: Any) -> Workbench:
    """The classifier after a run, with all places known of its head."""
    made = Workbench()
    tree = panel_data.tree()
    head = {"defined_file": FILE, "defined_line": 33, "forward_file": FILE, "forward_line": 20}
    modules = tuple(replace(entry, **head) if entry.path == "head" else entry for entry in tree.modules)
    parameters = tuple(replace(entry, file=FILE, line=9) if entry.key == "head.fc1.bias" else entry for entry in tree.parameters)
    made.set_model(panel_data.opened(tree=ModuleTree(modules, parameters, (HIDDEN,))))
    return made


def said(bench: Workbench) -> list[str]:
    return [f"{each.what} {each.line}" for each in source_places(bench)]


def test_that_a_module_has_its_class_its_forward_and_the_line_that_assigns_it(bench: Workbench) -> None:
    bench.select_module("head")
    assert said(bench) == ["Its class 8", "Its forward 20", "Assigned here 33"]


def test_that_a_call_comes_first_where_it_was_made(bench: Workbench) -> None:
    bench.add_calls(panel_data.good_calls())
    bench.select_module("head")
    assert said(bench)[:2] == ["Called here 45", "Its class 8"]


def test_that_a_problem_comes_first_and_no_place_twice(bench: Workbench) -> None:
    bench.add_calls(panel_data.failing_calls())
    bench.select_problem(replace(MISMATCH, data={"definition_file": FILE, "definition_line": 12}))
    assert said(bench) == ["Here 47", "Made here 12"]


def test_that_what_is_hidden_is_where_it_is_assigned_and_its_owner_beside_it(bench: Workbench) -> None:
    bench.select_hidden(HIDDEN)
    assert said(bench) == ["Assigned here 11", "Its class 8", "Its forward 20", "Assigned here 33"]


def test_that_a_parameter_is_where_it_is_assigned(bench: Workbench) -> None:
    bench.select_parameter("head.fc1.bias")
    assert said(bench) == ["Assigned here 9"]


def test_that_what_is_made_by_a_package_has_no_place(bench: Workbench) -> None:
    bench.select_module("encoder.conv1")
    assert said(bench) == []
    assert source_place(bench) == (FILE, 1)


def test_that_nothing_selected_is_no_place_but_that_of_the_model(bench: Workbench) -> None:
    assert source_places(bench) == ()
    assert source_place(bench) == (FILE, 1)
    bench.set_model(None)
    assert source_place(bench) is None


def test_that_a_place_is_written_with_its_line_and_needs_a_file() -> None:
    assert str(SourcePlace("Here", "/m.py", 3)) == "/m.py:3"
    assert place("Here", "/m.py", None) == (SourcePlace("Here", "/m.py", 1),)
    assert place("Here", None, 3) == ()
    assert assigned_place(panel_data.parameter("w", (1,))) == ()


def test_that_the_path_of_what_is_hidden_can_be_copied() -> None:
    assert dotted_path(Selection(module="head", hidden=HIDDEN)) == "head.parts[0]"


def test_that_a_command_that_does_not_start_is_named(qapp: Any, tmp_path: Path) -> None:
    program = tmp_path / "my-editor"
    program.write_bytes(b"\0")
    program.chmod(0o755)
    said = f"The editor did not start: {program} {{file}}. /m.py:3 was copied."
    assert open_place("/m.py", 3, f"{program} {{file}}") == said


def test_that_it_is_said_why_a_command_cannot_be_started(qapp: Any) -> None:
    said = "There is no program no-such-editor here. Correct the name, or type its whole path. /m.py:3 was copied."
    assert open_place("/m.py", 3, "no-such-editor {file}") == said
