"""What a target was last opened and run with comes back with it."""

from pathlib import Path
from typing import Any

from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.settings import Settings
from torchloupe.gui.target_dialog.dialog import TargetDialog


def opened(window: Any, path: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(window.opening.opened, timeout=PATIENCE_MS):
        window.open_paths([path])
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def ran(window: Any, typed: str, qtbot: Any) -> None:
    window.run_bar.input.setText(typed)
    with qtbot.waitSignal(window.opening.run_finished, timeout=PATIENCE_MS):
        window.opening.run_forward()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_the_input_of_a_target_comes_back_with_it(
    make_window: MakeWindow, model_file: Path, tmp_path: Path, qtbot: Any
) -> None:
    settings = Settings(tmp_path / "window.ini")
    first: Any = make_window(settings=settings)
    opened(first, model_file, qtbot)
    ran(first, "float32[2,3,8,8]", qtbot)
    assert settings.input_of(f"{model_file}:Classifier") == "float32[2,3,8,8]"
    second: Any = make_window(settings=settings)
    opened(second, model_file, qtbot)
    assert second.run_bar.input.text() == "float32[2,3,8,8]"
    assert second.opening.options.inputs == ("float32[2,3,8,8]",)
    ran(second, "", qtbot)
    assert settings.input_of(f"{model_file}:Classifier") == ""


def test_that_what_was_typed_for_it_already_stays(make_window: MakeWindow, model_file: Path, qtbot: Any) -> None:
    window: Any = make_window()
    window.settings.remember_input(f"{model_file}:Classifier", "float32[1]")
    window.run_bar.input.setText("float32[9]")
    opened(window, model_file, qtbot)
    assert window.run_bar.input.text() == "float32[9]"


def test_that_the_class_that_was_chosen_the_last_time_is_proposed(make_window: MakeWindow, two_classes: Path, qtbot: Any) -> None:
    window: Any = make_window()
    window.opening.open_target(f"{two_classes}:Wide", trusted=True, arguments={"width": 3})
    qtbot.waitUntil(lambda: window.workbench.model is not None and not window.jobs.busy, timeout=PATIENCE_MS)
    assert window.settings.name_of(str(two_classes)) == "Wide"
    window.open_paths([two_classes])
    qtbot.waitUntil(lambda: bool(window.findChildren(TargetDialog)), timeout=PATIENCE_MS)
    (dialog,) = window.findChildren(TargetDialog)
    assert dialog.name.currentText() == "Wide"
    dialog.reject()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_a_class_that_is_gone_is_not_proposed(make_window: MakeWindow, two_classes: Path, qtbot: Any) -> None:
    window: Any = make_window()
    window.settings.remember_name(str(two_classes), "Gone")
    window.open_paths([two_classes])
    qtbot.waitUntil(lambda: bool(window.findChildren(TargetDialog)), timeout=PATIENCE_MS)
    (dialog,) = window.findChildren(TargetDialog)
    assert dialog.name.currentText() != "Gone"
    dialog.reject()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_nonsense_in_the_settings_is_nothing_remembered(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "window.ini")
    for key in ("inputs", "names"):
        settings.set_text(key, '{"a": 7}')
        assert (settings.input_of("a"), settings.name_of("a")) == ("", "")
        settings.set_text(key, "{torn")
        assert (settings.input_of("a"), settings.name_of("a")) == ("", "")


def test_that_a_model_file_that_is_deleted_while_it_is_open_is_said_and_the_model_still_runs(
    make_window: MakeWindow, model_file: Path, qtbot: Any
) -> None:
    window: Any = make_window()
    opened(window, model_file, qtbot)
    window.live.files_gone.emit((str(model_file), "/m/parts.py"))
    bar = window.findChildren(Restoring)[0].bar
    said = "▲  2 of the model's files are no longer there. What is shown was made from it, and can still be run."
    assert bar.label.text() == said
    ran(window, "float32[2,3,8,8]", qtbot)
    assert bar.isVisible()
    window.live.files_gone.emit(())
    assert not bar.isVisible()
    window.live.files_gone.emit((str(model_file),))
    assert bar.label.text().startswith("▲  model.py is no longer there.")
    bar.button.click()
    assert window.workbench.model is None
