"""The report of everything that is open, and the reproducer of what failed, from the window."""

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog

from gui import panel_data
from gui.conftest import PATIENCE_MS
from torchloupe.analysis.report.building import Findings
from torchloupe.gui import theme
from torchloupe.gui.jobs import Cancelled
from torchloupe.gui.reporting import HTML, JSON, MARKDOWN, MakeReport, WriteReport, found_in, other_colors, versions
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.problems import Problem
from torchloupe.wire.reproducers import MODULE, MadeReproducer, MakeReproducer
from torchloupe.wire.requests import CallsFinished, Failed, Hello, OpenTarget, RunForward

HELLO = Hello(1, "3.10.1", "/usr/bin/python3", 7, torch="2.13.0", devices=("cpu", "cuda:0"))


def said(window: Any) -> str:
    return str(window.status.message.text())


def commands(window: Any) -> Any:
    return next(each for each in window.children() if type(each).__name__ == "ReportCommands")


def dialog() -> QFileDialog:
    (found,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, QFileDialog) and each.isVisible()]
    return found


def settled(window: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


# the report


def test_that_the_report_asks_for_a_name_beside_the_model(full_window: Any, model_file: Path, qtbot: Any) -> None:
    full_window.actions_by_id["report.save"].trigger()
    chooser = dialog()
    assert [Path(name).name for name in chooser.selectedFiles()] == ["model.report.html"]
    assert [name.rpartition("(")[2] for name in chooser.nameFilters()] == ["*.html)", "*.md)", "*.json)"]
    file = model_file.with_name("handed-over.md")
    chooser.selectFile(str(file))
    chooser.accept()
    qtbot.waitUntil(file.exists, timeout=PATIENCE_MS)
    assert file.read_text(encoding="utf-8").startswith("# Classifier\n")
    qtbot.waitUntil(lambda: said(full_window) == f"Wrote the report to {file}.", timeout=PATIENCE_MS)


@pytest.mark.parametrize(("suffix", "start"), [(".html", "<!doctype html>"), (".md", "# "), (".json", '{\n "report": 1')])
def test_that_the_suffix_says_the_format(full_window: Any, qtbot: Any, tmp_path: Path, suffix: str, start: str) -> None:
    file = tmp_path / f"r{suffix}"
    commands(full_window).write(file)
    qtbot.waitUntil(file.exists, timeout=PATIENCE_MS)
    text = file.read_text(encoding="utf-8")
    assert text.startswith(start)
    assert "shape-mismatch" in text
    settled(full_window, qtbot)


def test_that_the_page_has_the_plots_that_can_be_seen(full_window: Any, qtbot: Any, tmp_path: Path) -> None:
    full_window.docks.raise_panel("calls")
    file = tmp_path / "r.html"
    commands(full_window).write(file)
    qtbot.waitUntil(file.exists, timeout=PATIENCE_MS)
    page = file.read_text(encoding="utf-8")
    assert "<figcaption>Shapes in the order of the run</figcaption>" in page
    assert "<?xml" not in page
    assert f'svg [fill="{theme.LIGHT.accent}"]{{fill:{theme.DARK.accent}}}' in page
    settled(full_window, qtbot)


def test_that_the_report_is_copied_as_markdown_and_as_a_page(full_window: Any, qtbot: Any) -> None:
    full_window.actions_by_id["report.copy"].trigger()
    qtbot.waitUntil(lambda: said(full_window) == "The report is on the clipboard.", timeout=PATIENCE_MS)
    data = QGuiApplication.clipboard().mimeData()
    assert data.text().startswith("# Classifier\n")
    assert data.html().startswith("<!doctype html>")


def test_that_with_nothing_open_there_is_nothing_to_report(window: Any) -> None:
    window.actions_by_id.refresh()
    assert not window.actions_by_id["report.save"].isEnabled()
    assert not window.actions_by_id["report.copy"].isEnabled()
    assert window.actions_by_id["report.save"].shortcut().toString() == "Ctrl+Shift+E"


def test_that_it_says_what_runs_here_and_in_the_worker() -> None:
    facts = dict(versions(HELLO, "PySide6 6.11"))
    assert facts["torchloupe"].endswith("PySide6 6.11)")
    assert (facts["Python"], facts["torch"], facts["devices"]) == ("3.10.1", "2.13.0", "cpu, cuda:0")
    assert "torch" not in dict(versions(None, "Qt"))


def test_that_what_is_open_is_in_it(qapp: Any) -> None:
    bench = Workbench()
    empty = found_in(bench, None, None, "Qt", ())
    assert (empty.title, empty.tree, empty.calls, empty.diff) == ("Torchloupe", None, None, None)
    bench.set_checkpoint(panel_data.checkpoint())
    bench.set_model(panel_data.opened())
    found = found_in(bench, OpenTarget("/m/model.py:Classifier"), HELLO, "Qt", ())
    assert found.title == "Classifier"
    assert ("target", "`/m/model.py:Classifier`") in found.opened
    assert found.sides[1] == bench.checkpoint_name()
    assert found.diff is bench.diff


def test_that_a_report_can_be_cancelled_between_two_formats() -> None:
    def progress(done: int, total: int, what: str = "") -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        MakeReport(Findings("Net"), (HTML, MARKDOWN), ({}, {}))(progress)
    made = MakeReport(Findings("Net"), (HTML, JSON), ({}, {}))(lambda *_what: None)
    assert json.loads(made[JSON])["title"] == "Net"


def test_that_a_report_is_written_whole(tmp_path: Path) -> None:
    file = tmp_path / "r.md"
    file.write_text("asked about before")
    told = WriteReport(MakeReport(Findings("Net"), (MARKDOWN,), ({}, {})), file)(lambda *_what: None)
    assert told == f"Wrote the report to {file}."
    assert file.read_text(encoding="utf-8").startswith("# Net\n")


def test_that_drawings_have_the_colours_of_the_other_theme_on_the_other_screen(qapp: QApplication) -> None:
    light, dark = other_colors()
    assert light == {}
    assert dark[theme.LIGHT.base] == theme.DARK.base
    theme.apply_theme(qapp, "dark")
    light, dark = other_colors()
    assert dark == {}
    assert light[theme.DARK.text] == theme.LIGHT.text


# the reproducer


@pytest.fixture
def failed_window(make_window: Any, model_file: Path, qtbot: Any) -> Any:
    """After a run that failed, with a worker that makes reproducers."""
    calls = panel_data.failing_calls()
    window = make_window(
        {
            RunForward: [CallsFinished(tuple(calls)), panel_data.report(panel_data.MISMATCH, calls=len(calls))],
            MakeReproducer: lambda asked: MadeReproducer(asked.folder, ("reproduce.py",), MODULE, True, "RuntimeError: no"),
        }
    )
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.run_forward()
    settled(window, qtbot)
    return window


def asked(window: Any) -> list[MakeReproducer]:
    return [message for message in window.sessions[-1].asked if isinstance(message, MakeReproducer)]


def test_that_a_reproducer_goes_to_a_new_folder_in_the_one_that_is_chosen(failed_window: Any, tmp_path: Path, qtbot: Any) -> None:
    failed_window.actions_by_id.refresh()
    (tmp_path / "reproducer-head.fc1").mkdir()
    failed_window.actions_by_id["report.reproducer"].trigger()
    chooser = dialog()
    chooser.selectFile(str(tmp_path))
    chooser.fileSelected.emit(str(tmp_path))
    chooser.reject()
    qtbot.waitUntil(lambda: "fails the same way" in said(failed_window), timeout=PATIENCE_MS)
    (request,) = asked(failed_window)
    assert (request.folder, request.module, request.call_number) == (str(tmp_path / "reproducer-head.fc1-2"), "head.fc1", 0)
    assert any("Files: reproduce.py." in line.text for line in failed_window.book.lines)


def test_that_a_run_that_did_not_fail_offers_none(window: Any) -> None:
    window.actions_by_id.refresh()
    assert not window.actions_by_id["report.reproducer"].isEnabled()
    commands(window)._reproduce()
    assert said(window) == "Nothing failed in this run, so there is nothing to reproduce."


def test_that_a_model_on_another_machine_is_reproduced_there(failed_window: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(failed_window.worker), "is_remote", True)
    failed_window.actions_by_id["report.reproducer"].trigger()
    assert "another machine" in said(failed_window)
    assert asked(failed_window) == []


def test_that_one_that_cannot_be_made_says_why(failed_window: Any, tmp_path: Path, qtbot: Any) -> None:
    failed_window.sessions[-1].script[MakeReproducer] = [Failed((Problem("no-reproducer", "It cannot be saved.", hint="Try."),))]
    call = commands(failed_window)._failed_call()
    commands(failed_window).reproduce(call, tmp_path)
    qtbot.waitUntil(lambda: "It cannot be saved." in said(failed_window), timeout=PATIENCE_MS)
    assert list(tmp_path.glob("reproducer*")) == []


def test_that_a_checkpoint_alone_is_reported_beside_it(window: Any) -> None:
    window.workbench.set_checkpoint(panel_data.checkpoint())
    window.actions_by_id.refresh()
    window.actions_by_id["report.save"].trigger()
    chooser = dialog()
    assert [Path(name).name for name in chooser.selectedFiles()] == [f"{Path(panel_data.checkpoint().path).stem}.report.html"]
    chooser.reject()
