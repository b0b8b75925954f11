"""The window as a whole: what follows what, what a reader hears, what is loaded."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QWidget,
)

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.settings import Settings
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, FetchStats

APP = Path(__file__).parents[2] / "app"
INPUTS = (QAbstractButton, QAbstractItemView, QComboBox, QLineEdit, QPlainTextEdit, QSpinBox)


def raised(window: Any) -> str:
    return str(window.docks.tabs.currentWidget().place.id)


def nameless(root: QWidget) -> list[str]:
    """Widgets that can have the focus and that a screen reader could not name."""
    widgets = [widget for widget in root.findChildren(QWidget) if can_be_reached(widget, root)]
    return [f"{type(widget).__name__} in {type(widget.parent()).__name__}" for widget in widgets if not name_of(widget)]


def can_be_reached(widget: QWidget, root: QWidget) -> bool:
    """By Tab; what Qt makes for itself inside its own widgets does not count."""
    inside = widget.objectName().startswith("qt_") or isinstance(widget.parent(), (QComboBox, QSpinBox))
    takes_focus = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return isinstance(widget, INPUTS) and takes_focus and not inside and widget.isVisible() and widget.window() is root.window()


def name_of(widget: QWidget) -> str:
    """What a screen reader calls it."""
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")


# what follows what


def test_that_a_checkpoint_alone_shows_its_tensors(window: Any) -> None:
    window.workbench.set_checkpoint(panel_data.checkpoint())
    window.opening.opened.emit("checkpoint", "/models/last.pt")
    assert raised(window) == "tensor"
    assert window.docks.docks["checkpoint"].isVisible()


def test_that_a_model_alone_shows_where_its_calls_will_be(window: Any) -> None:
    window.workbench.set_model(panel_data.opened())
    window.opening.opened.emit("model", "/models/classifier.py:Classifier")
    assert raised(window) == "calls"


def test_that_both_together_show_how_they_differ_without_a_click(window: Any) -> None:
    window.workbench.set_checkpoint(panel_data.checkpoint())
    window.workbench.set_model(panel_data.opened())
    window.opening.opened.emit("model", "/models/classifier.py:Classifier")
    assert raised(window) == "compare"


def test_that_a_comparison_that_takes_longer_comes_to_the_front_when_it_is_there(window: Any) -> None:
    later: list[Any] = []
    window.workbench.compare_later = later.append
    with pytest.MonkeyPatch.context() as large:
        large.setattr("torchloupe.gui.comparing.CompareKeys.is_large", True)
        window.workbench.set_checkpoint(panel_data.checkpoint())
        window.workbench.set_model(panel_data.opened())
    window.opening.opened.emit("model", "/models/classifier.py:Classifier")
    assert raised(window) == "calls"
    window.workbench.set_comparison(later[-1]())
    assert raised(window) == "compare"
    window.docks.raise_panel("source")
    window.workbench.set_comparison(later[-1]())  # decided about by hand
    assert raised(window) == "source"


def test_that_a_run_shows_its_calls_and_every_panel_the_first_problem(full_window: Any) -> None:
    assert raised(full_window) == "calls"
    assert full_window.docks.panels["calls"].inside().table.current_key() == 7
    assert full_window.docks.panels["problems"].inside().table.current_key() == 0
    assert full_window.docks.panels["modules"].inside().tree.current_key() == "head.fc1"


def test_that_the_title_names_what_is_open(full_window: Any) -> None:
    assert full_window.windowTitle() == "classifier.py:Classifier, last.pt – Torchloupe"
    full_window.opening.close_model()
    assert full_window.windowTitle() == "last.pt – Torchloupe"
    full_window.opening.close_checkpoint()
    assert full_window.windowTitle() == "Torchloupe"


def test_that_what_cannot_be_opened_is_shown_beside_the_start_page(window: Any, tmp_path: Path, qtbot: Any) -> None:
    window.open_paths([tmp_path / "gone.pt"])
    qtbot.waitUntil(lambda: window.docks.docks["problems"].isVisible(), timeout=PATIENCE_MS)
    assert raised(window) == "start"
    assert "gone.pt" in window.status.message.text()


def test_that_a_failure_nobody_waits_for_is_in_the_status_bar_and_the_log(make_window: MakeWindow, qtbot: Any) -> None:
    window: Any = make_window({FetchStats: [Failed((Problem("no-parameter", "There is no fc9.", hint="Choose another."),))]})
    window.jobs.start(FetchStats("fc9"))
    qtbot.waitUntil(lambda: window.status.message.text() == "There is no fc9. Choose another.", timeout=PATIENCE_MS)
    assert [line.text for line in window.book.lines][-1] == "There is no fc9."


def test_that_closing_everything_returns_to_the_start_page(full_window: Any) -> None:
    full_window.actions_by_id["close.all"].trigger()
    assert full_window.workbench.model is None
    assert full_window.workbench.checkpoint is None
    assert raised(full_window) == "start"
    assert not any(dock.isVisible() for dock in full_window.docks.docks.values())
    assert not full_window.docks.tabs.tabBar().isVisible()
    full_window.opening.opened.emit("checkpoint", "/m/a.pt")
    assert full_window.docks.docks["details"].isVisible()


def test_that_lines_of_the_session_arrive_in_the_log(make_window: MakeWindow, qtbot: Any) -> None:
    from torchloupe.session.log import LogLine

    window: Any = make_window()
    heard: list[Any] = []
    make = window.worker._make
    window.worker._make = lambda interpreter, log: heard.append(log) or make(interpreter, log)
    window.worker.start()
    heard[0](LogLine("user", "epoch 1"))
    assert ("user", "epoch 1") in [(line.source, line.text) for line in window.book.lines]


def test_that_a_closed_window_leaves_a_closed_session_and_its_geometry(make_window: MakeWindow) -> None:
    settings = Settings(None)
    window: Any = make_window(settings=settings)
    window.worker.start()
    window.resize(1111, 777)
    window.close()
    assert window.sessions[-1].state == "stopped"
    assert settings.text("interpreter") == "/usr/bin/python3"
    again = make_window(settings=settings)
    assert not settings.blob("geometry").isEmpty()
    again.close()


def test_that_the_text_size_is_kept_from_one_start_to_the_next(make_window: MakeWindow, qapp: QApplication) -> None:
    settings = Settings(None)
    before = qapp.font()
    first = make_window(settings=settings)
    first.set_text_size(1)
    first.set_text_size(1)
    larger = qapp.font().pointSizeF()
    first.close()
    qapp.setFont(before)
    make_window(settings=settings)
    assert qapp.font().pointSizeF() == pytest.approx(larger)
    assert settings.text("text_size") == "2"
    make_window(settings=settings)  # one more is not larger still
    assert qapp.font().pointSizeF() == pytest.approx(larger)
    qapp.setFont(before)


def test_that_a_kept_text_size_that_is_no_number_is_the_usual_one(make_window: MakeWindow, qapp: QApplication) -> None:
    settings, before = Settings(None), qapp.font().pointSizeF()
    settings.set_text("text_size", "huge")
    make_window(settings=settings)
    assert qapp.font().pointSizeF() == pytest.approx(before)


def test_that_the_pictures_of_the_tool_bar_grow_with_the_text(make_window: MakeWindow, qapp: QApplication, qtbot: Any) -> None:
    before = qapp.font()
    window = make_window()
    narrow, small = window.minimumWidth(), window.tools.iconSize().height()
    for _ in range(4):
        window.set_text_size(1)
    qtbot.waitUntil(lambda: window.tools.iconSize().height() > 1.3 * small, timeout=PATIENCE_MS)
    assert window.minimumWidth() > 1.3 * narrow
    window.set_text_size(0)
    qtbot.waitUntil(lambda: window.tools.iconSize().height() == small, timeout=PATIENCE_MS)
    assert window.minimumWidth() == narrow
    qapp.setFont(before)


# readers, keys, sizes


def test_that_everything_that_takes_the_focus_has_a_name(full_window: Any) -> None:
    found = []
    for name in full_window.docks.panels:
        full_window.docks.raise_panel(name)
        found += nameless(full_window)
    assert found == []


@pytest.mark.parametrize("action_id", ["open.model", "worker.interpreter", "help.keys", "help.about", "go.palette", "go.to"])
def test_that_everything_in_a_dialog_that_takes_the_focus_has_a_name(full_window: Any, action_id: str, qtbot: Any) -> None:
    full_window.actions_by_id[action_id].trigger()
    dialogs = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible() and widget is not full_window]
    assert [nameless(dialog) for dialog in dialogs] == [[]]
    dialogs[0].close()
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=60_000)


def test_that_every_button_of_the_tool_bar_has_a_text(window: Any) -> None:
    buttons = [window.tools.widgetForAction(action) for action in window.tools.actions()]
    assert [button.text() for button in buttons if isinstance(button, QAbstractButton)] == [
        "Checkpoint",
        "Model",
        "Run",
        "Cancel",
    ]


@pytest.mark.parametrize("size", [(1024, 640), (1280, 800)])
def test_that_the_window_fits_small_screens(full_window: Any, size: tuple[int, int], qapp: QApplication) -> None:
    full_window.resize(*size)
    qapp.processEvents()
    assert (full_window.width(), full_window.height()) == size
    assert full_window.tools.width() <= size[0]
    assert full_window.run_bar.input.width() > 150


@pytest.mark.parametrize("theme_name", ["light", "dark"])
def test_that_icons_follow_the_theme(window: Any, theme_name: str, qapp: QApplication) -> None:
    def picture() -> Any:
        qapp.processEvents()
        return window.actions_by_id["open.model"].icon().pixmap(20, 20).toImage()

    window.set_theme("dark" if theme_name == "light" else "light")
    before = picture()
    window.set_theme(theme_name)
    assert picture() != before


def test_that_the_window_and_everything_it_shows_first_load_no_heavy_library() -> None:
    script = f"""
import sys
sys.path.insert(0, {str(APP)!r})
from torchloupe.gui.start_up import real_session, make_application
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.settings import Settings
app = make_application()
window = MainWindow(real_session, sys.executable, Settings(None))
window.painted.connect(app.quit)
window.show()
app.exec()
late = ("torch", "numpy", "pyqtgraph", "subprocess", "torchloupe.checkpoints", "torchloupe.session.session")
late += ("torchloupe.gui.tensor", "torchloupe.gui.calls", "torchloupe.analysis.state_dict_diff")
print(*(name for name in late if name in sys.modules))
window.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
