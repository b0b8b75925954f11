"""The runs of the last session are there at the next start, and can be compared with."""

from pathlib import Path
from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui import kept_runs
from torchloupe.gui.kept_runs import FILE, KeepingRuns, ReadRuns, WriteRuns, runs_of_text, runs_text
from torchloupe.gui.run_history import KeptRun
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import RunForward


def run(number: int, calls: int = 3) -> KeptRun:
    some = panel_data.good_calls()[:calls]
    report = panel_data.report(panel_data.MISMATCH, calls=calls)
    return KeptRun(number, "12:00:01", "net.py:Net", RunForward(("float32[1,3]",), seed=3), report, tuple(some), "loaded")


def nothing(*_words: Any) -> None:
    """Progress that nobody looks at."""


def test_that_runs_come_back_as_they_were_marked_as_earlier() -> None:
    runs = [run(1), run(2)]
    back = runs_of_text(runs_text(runs))
    assert [each.name for each in back] == ["run 1 from last session", "run 2 from last session"]
    assert [(each.calls, each.report, each.request) for each in back] == [
        (each.calls, each.report, each.request) for each in runs
    ]
    assert "loaded" in back[0].text


def test_that_only_the_latest_are_written_and_no_more_calls_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [run(number) for number in range(1, 9)]
    assert [each.number for each in runs_of_text(runs_text(many))] == [4, 5, 6, 7, 8]
    monkeypatch.setattr(kept_runs, "MOST_CALLS", 7)
    assert [each.number for each in runs_of_text(runs_text(many))] == [7, 8]


def test_that_a_long_run_comes_back(tmp_path: Path) -> None:
    long = run(1)
    calls = tuple(call for _ in range(200) for call in long.calls)
    file = tmp_path / "new" / FILE
    WriteRuns(file, (KeptRun(1, "at", "t", long.request, long.report, calls),))(nothing)
    assert ReadRuns(file)(nothing)[0].calls == calls


def test_that_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert ReadRuns(tmp_path / FILE)(nothing) == []
    (tmp_path / FILE).write_text('{"schema": 9, "runs": 3}', encoding="utf-8")
    assert ReadRuns(tmp_path / FILE)(nothing) == []


@pytest.mark.parametrize("text", ["{torn", '{"schema": 1, "runs": [{"number": 1}]}'])
def test_that_a_file_that_cannot_be_read_is_put_aside(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"put aside as runs\.broken"):
        ReadRuns(tmp_path / FILE)(nothing)
    assert (tmp_path / "runs.broken").exists()


def test_that_a_window_keeps_its_runs_and_the_next_one_can_compare_with_them(
    make_window: MakeWindow, model_file: Path, tmp_path: Path, qtbot: Any
) -> None:
    def ran() -> Any:
        window: Any = make_window()
        keeping = KeepingRuns(window.runs, window.jobs, tmp_path)
        keeping.read()
        window.open_paths([model_file])
        qtbot.waitUntil(lambda: window.workbench.model is not None and not window.jobs.busy, timeout=PATIENCE_MS)
        with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
            window.opening.run_forward()
        qtbot.waitUntil(lambda: not window.jobs.busy and (tmp_path / FILE).exists(), timeout=PATIENCE_MS)
        return window

    assert [each.earlier for each in ran().runs.runs] == [False]
    window = ran()
    assert [each.name for each in window.runs.runs] == ["run 1 from last session", "run 1"]
    panel = window.docks.panels["runs"].inside()
    before, now = panel.chosen_runs()
    assert (before.earlier, now.earlier) == (True, False)
    assert panel.difference is not None
    assert "run 1 from last session" in panel.before.currentText()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_a_folder_that_cannot_be_written_to_is_no_matter(
    make_window: MakeWindow, model_file: Path, tmp_path: Path, qtbot: Any
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    window: Any = make_window()
    KeepingRuns(window.runs, window.jobs, tmp_path / "file")
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None and not window.jobs.busy, timeout=PATIENCE_MS)
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.run_forward()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert len(window.runs.runs) == 1
