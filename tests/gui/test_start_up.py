"""From the command line to the window, and the sentences when there can be none."""

import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from gui import panel_data
from gui.conftest import MakeWindow
from torchloupe.gui import main, start_up
from torchloupe.gui.main import bad_pyside, run_window, why_no_window, window_main
from torchloupe.gui.screenshots import report_lines
from torchloupe.gui.start_up import StartOptions, choose_interpreter, make_application, model_folder
from torchloupe.gui.wish import Wish
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.errors import UsageError


@pytest.mark.parametrize(
    ("pyside", "python", "refused"),
    [
        ("6.12.0", (3, 11), True),
        ("6.12.3", (3, 10), True),
        ("6.12.0", (3, 12), False),
        ("6.11.3", (3, 11), False),
        ("6.13.0", (3, 11), False),
    ],
)
def test_that_the_pair_that_crashes_is_refused(pyside: str, python: tuple[int, int], refused: bool) -> None:
    sentence = bad_pyside(pyside, python)
    assert bool(sentence) is refused
    assert not refused or "pip install" in sentence


def test_that_without_a_display_the_way_without_one_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert run_window(["model.pt"]) == 2
    said = capsys.readouterr().err
    assert "no display" in said
    assert "torchloupe show" in said
    assert "--screenshots" in said


def test_that_here_a_window_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert why_no_window() == ""
    assert why_no_window(headless=True) == ""


def test_that_the_options_reach_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(start_up, "show_window", lambda *words: heard.append(words) or 0)
    assert window_main(["a.pt", "m.py", "--theme", "dark", "--fresh", "--trust", "--python", "py"]) == 0
    (wish, options) = heard[0]
    assert (wish.paths, wish.python, wish.theme, wish.goto) == (("a.pt", "m.py"), "py", "dark", "")
    assert options == StartOptions(fresh=True, trust=True)
    assert window_main(["--compare", "a.pt", "b.pt", "--goto", "fc1", "--new-window", "--log", "said.log"]) == 0
    (wish, options) = heard[1]
    assert (wish.paths, wish.compare, wish.goto, wish.new_window) == (("a.pt", "b.pt"), True, "fc1", True)
    assert (options.log, options.fresh, options.draws) == ("said.log", False, False)


def test_that_paths_may_be_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(start_up, "show_window", lambda wish, _options: heard.append(wish.paths) or 0)
    assert run_window([Path("a.pt")]) == 0
    assert heard == [("a.pt",)]


def test_that_pictures_need_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(start_up, "show_window", lambda _wish, options: heard.append(options) or 0)
    assert window_main(["--screenshots", "/pictures", "a.pt"]) == 0
    assert window_main(["--screenshot", "one.png", "a.pt"]) == 0
    assert [(each.screenshots, each.screenshot, each.draws) for each in heard] == [
        ("/pictures", None, True),
        (None, "one.png", True),
    ]
    assert main.os.environ["QT_QPA_PLATFORM"] == "offscreen"


def test_that_the_interpreter_asked_for_comes_first_then_the_remembered_then_our_own(tmp_path: Path) -> None:
    assert choose_interpreter(sys.executable, "/remembered") == sys.executable
    other = tmp_path / "python"
    other.touch(mode=0o755)
    assert choose_interpreter(None, str(other)) == str(other)
    assert choose_interpreter(None, "/gone/python") == sys.executable
    assert choose_interpreter(None, "") == sys.executable
    assert choose_interpreter(None, "env LANG=C python3") == "env LANG=C python3"
    assert choose_interpreter(None, "no-such-program box python3") == sys.executable


def test_that_the_folder_of_the_first_model_says_which_interpreter_is_remembered(tmp_path: Path) -> None:
    assert model_folder(["last.pt", f"{tmp_path}/net.py:Net", "/other/net.py"]) == tmp_path
    assert model_folder(["last.pt", "package.module:Net"]) is None


def test_that_the_interpreter_that_is_asked_for_is_a_usage_error_when_it_is_not_there() -> None:
    with pytest.raises(UsageError):
        choose_interpreter("/gone/python", "")


def test_that_an_interpreter_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str], qapp: QApplication) -> None:
    assert start_up.show_window(Wish(python="/gone/python"), StartOptions(fresh=True)) == 2
    assert "/gone/python" in capsys.readouterr().err


def test_that_the_application_has_its_names_and_a_font(qapp: QApplication) -> None:
    app = make_application()
    assert app is qapp
    assert app.applicationName() == "torchloupe"
    assert app.desktopFileName() == "io.github.torchloupe.Torchloupe"


@pytest.mark.parametrize("families", [[], ["Monospace", "Sans Serif", "Serif"]])  # which Qt names without any font
def test_that_a_missing_font_is_looked_for_and_said(
    families: list[str], qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    monkeypatch.setattr(start_up.QFontDatabase, "families", lambda: families)
    monkeypatch.setattr(start_up.Path, "rglob", lambda _folder, _pattern: iter(()))
    start_up.use_a_font_that_exists(qapp)
    assert "apt install" in capsys.readouterr().err


# pictures and the report


def test_that_the_report_says_what_is_open_and_what_is_wrong(qapp: QApplication) -> None:
    bench = Workbench()
    assert report_lines(bench) == ["Nothing was opened."]
    bench.set_checkpoint(panel_data.checkpoint())
    bench.set_model(panel_data.opened())
    bench.begin_run()
    bench.add_calls(panel_data.failing_calls())
    bench.end_run(panel_data.report(panel_data.MISMATCH))
    text = "\n".join(report_lines(bench))
    assert "checkpoint /models/last.pt: 26 tensors" in text
    assert "model /models/classifier.py:Classifier: 10 modules" in text
    assert "run: 8 calls in 31.2 ms" in text
    assert "renamed" in text
    assert panel_data.MISMATCH.hint in text


def test_that_pictures_of_window_and_panels_are_saved_and_the_report_printed(
    make_window: MakeWindow, model_file: Path, tmp_path: Path, qtbot: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    from torchloupe.gui.screenshots import Screenshots

    keys = tmp_path / "keys.json"
    keys.write_text('{"tensors": [{"key": "head.fc2.bias", "shape": [10], "dtype": "float32"}]}', encoding="utf-8")
    window: Any = make_window()
    finished: list[int] = []
    shots = Screenshots(window, tmp_path / "pictures", [str(model_file), str(keys)], finished.append)
    shots._timer.start()  # the window is painted already
    qtbot.waitUntil(lambda: finished == [0], timeout=60_000)
    saved = {path.stem for path in (tmp_path / "pictures").glob("*.png")}
    assert saved == {
        "window",
        "window-light",
        "window-dark",
        *(f"panel-{name}" for name in window.docks.panels if name != "start"),
    }
    said = capsys.readouterr().out
    assert panel_data.MISMATCH.message in said
    assert "saved " in said


def test_that_the_picture_of_a_panel_waits_for_what_it_draws(
    make_window: MakeWindow, model_file: Path, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torchloupe.gui.depth import panel as depth
    from torchloupe.gui.depth.depth_plot import DepthPlot
    from torchloupe.gui.screenshots import Screenshots

    loaded, drawn = threading.Event(), []
    monkeypatch.setattr(depth, "is_plotting_loaded", loaded.is_set)
    monkeypatch.setattr(
        depth, "load_plotting_then", lambda draw, jobs, _owner: jobs.start(lambda _progress: loaded.set(), lambda _none: draw())
    )
    window: Any = make_window()
    finished: list[int] = []

    class Noting(Screenshots):
        def _save(self, name: str, widget: Any = None) -> Path:
            if name == "panel-depth":
                drawn.append(len(widget.findChildren(DepthPlot)))
            return super()._save(name, widget)

    shots = Noting(window, tmp_path / "pictures", [str(model_file)], finished.append)
    shots._timer.start()  # the window is painted already
    qtbot.waitUntil(lambda: finished == [0], timeout=60_000)
    assert drawn == [2]


def test_that_one_picture_shows_what_was_asked_for(make_window: MakeWindow, tmp_path: Path, qtbot: Any, capsys: Any) -> None:
    from torchloupe.gui.screenshots import OnePicture

    keys = tmp_path / "keys.json"
    keys.write_text('{"tensors": [{"key": "head.fc2.bias", "shape": [10], "dtype": "float32"}]}', encoding="utf-8")
    window: Any = make_window()
    finished: list[int] = []
    picture = OnePicture(window, tmp_path / "new" / "one.png", Wish((str(keys),), goto="head.fc2.bias"), finished.append)
    picture._timer.start()  # the window is painted already
    qtbot.waitUntil(lambda: finished == [0], timeout=60_000)
    assert (tmp_path / "new" / "one.png").stat().st_size > 1000
    assert window.workbench.selection.stored.key == "head.fc2.bias"
    assert f"saved {tmp_path / 'new' / 'one.png'}" in capsys.readouterr().out


def test_that_one_picture_has_the_panel_that_came_to_the_front_just_now(window: Any, tmp_path: Path, capsys: Any) -> None:
    from torchloupe.gui.screenshots import OnePicture

    picture = OnePicture(window, tmp_path / "one.png", Wish(()), lambda _status: None)
    window.opening.opened.emit("checkpoint", "/models/last.pt")
    window.docks.raise_panel("tensor")
    picture._one_picture()
    panel = window.docks.panels["tensor"]
    shown = QImage(str(tmp_path / "one.png")).copy(QRect(panel.mapTo(window, QPoint()), panel.size()))
    assert len({shown.pixel(x, y) for x in range(shown.width()) for y in range(0, shown.height(), 4)}) > 2, "it is empty"


def test_that_a_second_start_is_handed_over_and_an_import_path_is_not(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from torchloupe.gui import single_instance

    asked: list[Wish] = []
    monkeypatch.setattr(single_instance, "hand_over", lambda _name, wish: asked.append(wish) or True)
    assert not start_up.was_handed_over(tmp_path / "window.ini", Wish(("/a.pt",)))
    monkeypatch.setattr(start_up.os.path, "exists", lambda _name: True)
    assert start_up.was_handed_over(tmp_path / "window.ini", Wish(("/a.pt",)))
    assert not start_up.was_handed_over(tmp_path / "window.ini", Wish(("package.module:Net",)))
    assert asked == [Wish(("/a.pt",))]


def test_that_a_window_that_is_asked_for_with_a_wrong_interpreter_has_the_usual_one_and_says_so(
    qapp: QApplication, qtbot: Any
) -> None:
    from torchloupe.gui.settings import Settings
    from torchloupe.gui.start_up import WindowMaker

    heard: list[Any] = []
    window = WindowMaker(Settings(None), StartOptions())("/gone/python", [], heard.append)
    assert "/gone/python" in window.status.message.text()
    assert window.worker.interpreter == sys.executable
    window.painted.disconnect()
    window.close()
    window.deleteLater()
