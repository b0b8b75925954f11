"""What a person prefers, help on what has the focus, and what a report should hold."""

import os
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui import crash_log, diagnostics, theme
from torchloupe.gui.diagnostics import LAST_LINES, diagnostics_text, version_lines, without_home
from torchloupe.gui.help.diagnostics import DiagnosticsDialog
from torchloupe.gui.help.dialog import KeysDialog
from torchloupe.gui.help.topics import topic_of
from torchloupe.gui.preferences.dialog import PreferencesDialog
from torchloupe.gui.settings import Settings
from torchloupe.gui.windows import RESTORE


def opened(window: Any, action: str, kind: type[Any]) -> Any:
    window.actions_by_id[action].trigger()
    (dialog,) = [each for each in window.findChildren(kind) if each.isVisible()]
    return dialog


@pytest.fixture
def preferring(make_window: MakeWindow) -> Any:
    """A window that trusts two folders."""
    settings = Settings(None)
    settings.set_texts("trusted_folders", ["/models/one", "/models/two"])
    return make_window(settings=settings, trust=False)


def test_that_each_preference_counts_as_soon_as_it_is_chosen(preferring: Any, qapp: QApplication) -> None:
    dialog = opened(preferring, "edit.preferences", PreferencesDialog)
    dialog.colors.setCurrentIndex(dialog.colors.findData("dark"))
    assert theme.current() is theme.DARK
    dialog.states.setCurrentIndex(dialog.states.findData("blue"))
    assert theme.current() is theme.BLUE_DARK
    assert preferring.actions_by_id["colors.blue"].isChecked()
    assert not preferring.actions_by_id["colors.green"].isChecked()
    assert preferring.settings.text("colors") == "blue"
    before = qapp.font().pointSizeF()
    dialog.text_size.setValue(2)
    assert qapp.font().pointSizeF() == pytest.approx(before * 1.1**2)
    dialog.text_size.setValue(1)
    assert qapp.font().pointSizeF() == pytest.approx(before * 1.1)
    dialog.text_size.setValue(0)
    assert qapp.font().pointSizeF() == pytest.approx(before)
    dialog.restore.setChecked(False)
    assert preferring.settings.text(RESTORE) == "0"
    on = preferring.live.is_on
    dialog.live.toggle()
    assert preferring.live.is_on is not on
    dialog.live.toggle()
    dialog.reject()
    again = opened(preferring, "edit.preferences", PreferencesDialog)
    assert (again.colors.currentData(), again.restore.isChecked(), again.text_size.value()) == ("dark", False, 0)
    assert again.states.currentData() == "blue"
    again.reject()


def test_that_a_trusted_folder_can_be_taken_back(preferring: Any, qtbot: Any) -> None:
    dialog = opened(preferring, "edit.preferences", PreferencesDialog)
    assert not dialog.remove.isEnabled()
    assert preferring.trust.knows(Path("/models/one/net.py"))
    dialog.folders.setCurrentRow(0)
    dialog.remove.click()
    assert preferring.settings.texts("trusted_folders") == ["/models/two"]
    assert not preferring.trust.knows(Path("/models/one/net.py"))
    dialog.reject()


def test_that_everything_in_the_preferences_has_a_name_and_no_letter_twice(preferring: Any) -> None:
    dialog = opened(preferring, "edit.preferences", PreferencesDialog)
    texts = [each.text() for each in dialog.findChildren(QWidget) if hasattr(each, "text") and isinstance(each.text(), str)]
    letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text and "&&" not in text]
    assert sorted(letters) == sorted(set(letters))
    dialog.reject()


def test_that_a_fresh_window_has_no_keys_of_its_own(window: Any) -> None:
    dialog = opened(window, "edit.preferences", PreferencesDialog)
    dialog.edit_keys()
    assert "--fresh" in window.status.message.text()
    dialog.reject()


# help


def test_that_help_begins_with_the_panel_that_has_the_focus(full_window: Any) -> None:
    full_window.docks.focus_panel("compare")
    dialog = opened(full_window, "help.keys", KeysDialog)
    assert dialog.topic.text() == topic_of("compare")
    assert "Drag a row" in dialog.topic.text()
    dialog.reject()


def test_that_help_says_what_the_field_with_the_focus_is_for(full_window: Any) -> None:
    full_window.run_bar.input.setFocus()
    dialog = opened(full_window, "help.keys", KeysDialog)
    assert dialog.topic.text().startswith(topic_of(None))
    assert "Sample input: Input specs in positional order" in dialog.topic.text()
    dialog.reject()
    full_window.docks.panels["modules"].inside().tree.filter.setFocus()
    dialog = opened(full_window, "help.keys", KeysDialog)
    assert "Filter Modules: Words that must occur" in dialog.topic.text()
    dialog.reject()


def test_that_every_panel_has_a_topic_of_its_own(window: Any) -> None:
    topics = [topic_of(name) for name in window.docks.panels]
    assert len(set(topics)) == len(topics)
    assert topic_of(None) not in topics
    assert topic_of(None) == topic_of("no such panel")
    assert all(topic.endswith((".", ":")) for topic in topics)


# diagnostics


def test_that_diagnostics_say_versions_and_what_was_said_last(full_window: Any) -> None:
    full_window.book.add("app", "something odd")
    QApplication.processEvents()
    dialog = opened(full_window, "help.diagnostics", DiagnosticsDialog)
    text = dialog.text.toPlainText()
    assert text.startswith("Torchloupe ")
    assert "PySide6" in text
    assert "torch 2.13.0" in text
    assert "something odd" in text
    dialog.copy.click()
    assert QGuiApplication.clipboard().text() == text
    dialog.reject()


def test_that_only_the_last_lines_are_told_and_the_home_folder_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qapp: QApplication
) -> None:
    monkeypatch.setattr(diagnostics, "log_folder", lambda: tmp_path)
    monkeypatch.setenv("HOME", "/home/anna")
    (tmp_path / crash_log.CRASH_FILE).write_text("Fatal Python error in /home/anna/net.py\n", encoding="utf-8")
    (tmp_path / crash_log.LOG_FILE).write_text("\n".join(f"line {number}" for number in range(900)), encoding="utf-8")
    text = diagnostics_text(None, [f"said {number}" for number in range(900)])
    assert "~/net.py" in text
    assert "anna" not in text
    assert text.count("\nsaid ") == text.count("\nline ") == LAST_LINES
    assert "said 899" in text
    assert "Worker: not started" in text


def test_that_files_that_are_not_there_are_left_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qapp: QApplication) -> None:
    monkeypatch.setattr(diagnostics, "log_folder", lambda: tmp_path / "nowhere")
    assert diagnostics_text(None).splitlines() == version_lines(None)
    monkeypatch.setenv("HOME", "/")
    assert without_home("/a/b") == "/a/b"


def test_that_what_is_said_goes_to_the_file_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, qtbot: Any
) -> None:
    import faulthandler
    import logging

    log = logging.getLogger("torchloupe")
    listeners, handlers = list(crash_log._listeners), list(log.handlers)
    monkeypatch.setattr(crash_log, "log_folder", lambda: tmp_path / "logs")
    monkeypatch.setattr(faulthandler, "enable", os.close)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    monkeypatch.setattr(crash_log, "_hear_libraries", lambda: None)
    try:
        log.handlers.clear()
        crash_log.keep_log_files(str(tmp_path / "said.log"))
        crash_log.tell("something odd")
        assert "something odd" in (tmp_path / "said.log").read_text(encoding="utf-8")
        written = (tmp_path / "logs" / crash_log.LOG_FILE).read_text(encoding="utf-8")
        assert written.count("something odd") == 1
    finally:
        for handler in log.handlers:
            handler.close()
        log.handlers[:] = handlers
        crash_log._listeners[:] = listeners


def test_that_a_quick_list_elides_long_texts_and_shows_what_they_are(full_window: Any, qtbot: Any) -> None:
    from torchloupe.gui.palette import Palette

    dialog = opened(full_window, "go.to", Palette)
    assert dialog.list.horizontalScrollBar().maximum() == 0
    dialog.reject()
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)
