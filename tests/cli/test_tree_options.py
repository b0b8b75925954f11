"""What ``tree`` can be asked for beside the tree: equal blocks, calls, initialisation, Markdown, hidden parts."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.playing import TREE, Play, opened
from torchloupe.cli.report import Report, UsedTarget
from torchloupe.cli.report_files import markdown_of, write_report
from torchloupe.wire.errors import UsageError
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.registration import HiddenPart, Initialisation, RecognisedInitialisation, RecogniseInitialisation
from torchloupe.wire.requests import Failed, OpenTarget, RunForward

HIDDEN = HiddenPart("fc", "layers", "layers[0]", "module", "Linear", "list", 2, 650, file="model.py", line=7)
FORGOTTEN = Problem(
    "unregistered-module",
    "`fc.layers` is a list | of 1 module.",
    hint="Use nn.ModuleList.",
    module="fc",
    file="model.py",
    line=7,
    fixes=(Fix("edit", "Write nn.ModuleList([...])."),),
)


def lines_of(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_that_hidden_parts_stand_below_their_owner_and_are_marked(play: Play) -> None:
    play.script[OpenTarget] = lambda request: opened(request.target, tree=replace(TREE, hidden=(HIDDEN,)))
    lines = lines_of(play("tree", "model.py").out)
    place = lines.index("layers[0] Linear 650 NOT REGISTERED, in a list, model.py:7")
    assert lines[place - 1].startswith(".bias")
    assert lines[place + 1].startswith("act")
    assert "NOT REGISTERED: 1 part with 650 elements" in lines


def test_that_the_json_has_hidden_parts_only_where_there_are_any(play: Play) -> None:
    assert "hidden" not in play("tree", "model.py", "--json").json
    play.script[OpenTarget] = lambda request: opened(request.target, tree=replace(TREE, hidden=(HIDDEN,)))
    (part,) = play("tree", "model.py", "--json").json["hidden"]
    assert (part["path"], part["kind"], part["numel"], part["line"]) == ("fc.layers[0]", "module", 650, 7)


def test_that_the_json_of_a_module_has_its_sums_and_places(play: Play) -> None:
    module = next(each for each in play("tree", "model.py", "--json").json["modules"] if each["path"] == "act")
    assert module["forward"] == {"file": "activation.py", "line": 8}
    assert module["defined"] is None
    root = play("tree", "model.py", "--json").json["modules"][0]
    assert (root["bytes"], root["total_bytes"], root["trainable_numel"], root["device"]) == (16, 192, 33, "cpu, cuda:0")


def test_that_modules_which_a_run_never_calls_are_named(play: Play) -> None:
    lines = lines_of(play("tree", "model.py", "--calls", "--input", "float32[2,3]", "--mode", "eval").out)
    assert "act ReLU never called" in lines
    assert play.asked(RunForward) == [RunForward(("float32[2,3]",), None, "eval", 0)]
    assert "never called" not in play("tree", "model.py").out


def test_that_calls_are_in_the_json_when_they_are_asked_for(play: Play) -> None:
    plain = play("tree", "model.py", "--calls", "--json").json
    assert {module["path"]: module["called"] for module in plain["modules"]} == {"": 1, "fc": 2, "act": 0, "again": 0}


def test_that_initialisation_is_told_when_it_is_asked_for(play: Play) -> None:
    found = Initialisation("fc.weight", "kaiming_uniform default"), Initialisation("fc.bias", "")
    play.script[RecogniseInitialisation] = [RecognisedInitialisation(found)]
    lines = lines_of(play("tree", "model.py", "--initialisation").out)
    assert ".weight [11, 3] 33 132 B tied to again.weight, kaiming_uniform default" in lines
    assert ".bias [11] 11 44 B frozen" in lines
    parameters = play("tree", "model.py", "--initialisation", "--json").json["parameters"]
    assert [entry["initialised"] for entry in parameters] == ["kaiming_uniform default", "", ""]
    assert "initialised" not in play("tree", "model.py", "--json").json["parameters"][0]


def test_that_a_worker_that_cannot_tell_initialisation_is_reported(play: Play) -> None:
    play.script[RecogniseInitialisation] = [Failed((Problem("out-of-memory", "There is no memory left."),))]
    written = play("tree", "model.py", "--initialisation")
    assert written.status == 2
    assert "There is no memory left." in written.err


def test_that_markdown_takes_the_place_of_the_text(play: Play) -> None:
    play.script[OpenTarget] = lambda request: opened(request.target, tree=replace(TREE, hidden=(HIDDEN,)), problems=(FORGOTTEN,))
    written = play("tree", "model.py", "--markdown", "-")
    lines = written.out.splitlines()
    assert written.status == 1
    assert lines[:5] == ["# Net", "", "1 error in 4 modules.", "", "* target: `model.py`"]
    assert "* 44 elements in parameters, 75 % of them trainable" in lines
    assert "| module | class or shape | own | total | bytes | notes |" in lines
    assert any(line.endswith("| NOT REGISTERED, in a list, model.py:7 |") and "`layers[0]`" in line for line in lines)
    at = lines.index("### ✖ `unregistered-module` at fc, model.py:7")
    assert lines[at + 2 : at + 7] == [
        "`fc.layers` is a list \\| of 1 module.",
        "",
        "Use nn.ModuleList.",
        "",
        "* fix: Write nn.ModuleList([...]).",
    ]


def test_that_every_row_of_the_markdown_table_has_the_same_cells(play: Play) -> None:
    table = [line for line in play("tree", "model.py", "--markdown", "-").out.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 4 + 3
    assert {line.count("|") for line in table} == {7}


def test_that_markdown_goes_to_a_file_and_the_text_to_the_terminal(play: Play, tmp_path: Path) -> None:
    file = tmp_path / "tree.md"
    written = play("tree", "model.py", "--markdown", str(file))
    assert "MODULE" in written.out
    assert "\n## Problems\n\nNone found.\n\n## Modules\n" in file.read_text(encoding="utf-8")


def test_that_a_report_never_replaces_what_nobody_said_to_replace(play: Play, tmp_path: Path) -> None:
    file = tmp_path / "tree.md"
    file.write_text("mine")
    refused = play("tree", "model.py", "--markdown", str(file))
    assert (refused.status, file.read_text()) == (2, "mine")
    assert "exists already" in refused.err
    assert "--overwrite" in refused.err
    assert play("tree", "model.py", "--markdown", str(file), "--overwrite").status == 0
    assert file.read_text(encoding="utf-8").startswith("# ")


def test_that_the_source_of_the_model_is_never_written_over(tmp_path: Path) -> None:
    source = tmp_path / "model.py"
    source.write_text("class Net: ...\n")
    report = Report("tree", UsedTarget(str(source), str(source), "Net"))
    with pytest.raises(UsageError, match="never written"):
        write_report(markdown_of([report]), str(source), True, [report])
    assert source.read_text() == "class Net: ...\n"


def test_that_a_file_that_cannot_be_written_is_a_sentence(play: Play, tmp_path: Path) -> None:
    written = play("tree", "model.py", "--markdown", str(tmp_path / "no" / "tree.md"))
    assert written.status == 2
    assert "cannot be written" in written.err
    assert "Traceback" not in written.err


def test_that_markdown_on_standard_output_leaves_no_room_for_json(play: Play) -> None:
    written = play("tree", "model.py", "--markdown", "-", "--json")
    assert written.status == 2
    assert play.asked(OpenTarget) == []


@pytest.mark.parametrize("words", [("--markdown", "-"), ()])
def test_that_a_target_that_cannot_be_opened_is_told_on_standard_error(play: Play, words: tuple[str, ...]) -> None:
    play.script[OpenTarget] = [Failed((Problem("import-failed", "No module named timm."),))]
    written = play("tree", "model.py", *words)
    assert (written.status, written.out) == (2, "")
    assert "No module named timm." in written.err
