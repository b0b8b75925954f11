"""``--markdown`` and ``--html`` of the commands that look at a model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.playing import Play, opened
from torchloupe.cli.report import Report, UsedTarget
from torchloupe.cli.report_files import document_of, html_of, markdown_of, version_facts
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import CallsFinished, Failed, OpenTarget, RunForward
from torchloupe.wire.steps import ParameterMotion, RunStep, StepReport
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import FAILED, ForwardReport, LayerCall

PROBLEM = Problem("shape-mismatch", "Eight are wanted, six arrive.", module="fc", call=1, file="model.py", line=7)
CALLS = (
    LayerCall(0, "", "Net", 0, 0, (TensorMeta((2, 6), "float32"),), status="unfinished"),
    LayerCall(1, "fc", "Linear", 0, 1, (TensorMeta((2, 6), "float32"),), status=FAILED),
)


@pytest.fixture
def failing(play: Play) -> Play:
    """A run that fails in its second call."""
    play.script[RunForward] = [CallsFinished(CALLS), ForwardReport((), "given", (), 2, 0.1, "cpu", (PROBLEM,))]
    return play


def test_that_a_run_is_written_in_both_formats(failing: Play, tmp_path: Path) -> None:
    files = tmp_path / "r.md", tmp_path / "r.html"
    written = failing("run", "model.py", "--markdown", str(files[0]), "--html", str(files[1]))
    assert "Linear" in written.out
    text, page = (file.read_text(encoding="utf-8") for file in files)
    assert "### ✖ `shape-mismatch` at fc, model.py:7" in text
    assert "## Calls around the failure" in text
    assert "* torch: 2.13.0" in text
    assert page.startswith("<!doctype html>")
    assert "Eight are wanted" in page


def test_that_a_page_can_take_the_place_of_the_text(failing: Play) -> None:
    written = failing("run", "model.py", "--html", "-")
    assert written.out.startswith("<!doctype html>")
    assert "MODULE" not in written.out
    assert written.status == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--html", "-", "--json"), "both want standard output"),
        (("--html", "-", "--markdown", "-"), "both want standard output"),
        (("--html", "{there}"), "exists already"),
        (("--markdown", "{there}"), "exists already"),
    ],
)
def test_that_a_report_that_has_no_place_is_refused_before_anything_runs(
    failing: Play, tmp_path: Path, words: Any, said: str
) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    written = failing("run", "model.py", *(word.format(there=there) for word in words))
    assert (written.status, there.read_text()) == (2, "mine")
    assert said in written.err
    assert failing.asked(OpenTarget) == []


def test_that_a_check_of_several_targets_is_one_report(failing: Play, tmp_path: Path) -> None:
    file = tmp_path / "all.md"
    failing("check", "one.py", "two.py", "--markdown", str(file))
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# torchloupe check\n")
    assert text.count("\n## Net\n") == 2
    assert text.count("* target: `") == 2


def test_that_a_check_whose_last_target_cannot_be_opened_is_written_all_the_same(play: Play, tmp_path: Path) -> None:
    def answer(request: OpenTarget) -> Any:
        return opened(request.target) if "one" in request.target else Failed((Problem("import-failed", "No timm."),))

    play.script[OpenTarget] = answer
    file = tmp_path / "all.html"
    assert play("check", "one.py", "two.py", "--html", str(file)).status == 2
    assert "No timm." in file.read_text(encoding="utf-8")


def test_that_a_step_is_written_too(play: Play, tmp_path: Path) -> None:
    moved = ParameterMotion("fc.weight", False, "no-gradient", "no gradient arrives")
    play.script[RunStep] = [StepReport((moved,), 1.0, 0.5, "loss_fn", "SGD")]
    file = tmp_path / "step.md"
    play("step", "model.py", "--markdown", str(file))
    assert "| `fc.weight` | ✖ no gradient |" in file.read_text(encoding="utf-8")


def test_that_the_versions_are_those_of_the_worker() -> None:
    assert dict(version_facts(None)).keys() == {"torchloupe", "platform"}


def test_that_the_report_says_arguments_and_input_with_where_they_came_from() -> None:
    used = UsedTarget("m.py", arguments={"width": 3}, arguments_source="given", inputs=("float32[1]",), input_source="worked_out")
    text = markdown_of([Report("run", used)])
    assert '* arguments: `{"width": 3}` (given)' in text
    assert "* input: `float32[1]` (worked out)" in text
    assert "m.py" in html_of([Report("run", used)])


def test_that_the_home_folder_is_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    report = Report("run", UsedTarget(f"{tmp_path}/m.py"), [replace(PROBLEM, file=f"{tmp_path}/m.py")])
    assert str(tmp_path) not in markdown_of([report])
    assert "~/m.py" in markdown_of([report])


def test_that_a_report_without_a_target_is_called_by_its_command() -> None:
    assert document_of([Report("diff")]).title == "torchloupe diff"
