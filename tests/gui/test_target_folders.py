"""Where a model imports from, and whether it may download: asked in the target dialog, and remembered."""

import os
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from gui.test_target_dialog import button
from torchloupe.gui.opening import Asked
from torchloupe.gui.settings import ARGUMENTS_COUNT, Settings
from torchloupe.gui.target_dialog.dialog import TargetDialog
from torchloupe.gui.target_dialog.folders_field import FoldersField
from torchloupe.gui.target_dialog.model import folders_of, folders_trouble
from torchloupe.wire.arguments import ArgumentForm, DescribeArguments, SolveArguments
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import Failed, OpenTarget


def line_of(*folders: Path | str) -> str:
    return os.pathsep.join(map(str, folders))


def test_that_a_line_names_as_many_folders_as_are_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/me")
    assert folders_of(line_of("/lib", " ~/more ", "")) == ("/lib", os.path.expanduser("~/more"))
    assert folders_of("here") == (os.path.abspath("here"),)
    assert folders_of(line_of("~/there", "x"), is_remote=True) == ("~/there", "x")
    assert folders_of(" ") == ()


def test_that_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert folders_trouble(line_of(tmp_path, "/nowhere/lib")) == "There is no folder /nowhere/lib."
    assert folders_trouble(line_of(tmp_path)) == ""


@pytest.fixture
def field(qtbot: Any) -> Any:
    """A field, and what it has said."""
    made: Any = FoldersField()
    qtbot.addWidget(made)
    made.said = []
    made.changed.connect(made.said.append)
    return made


def test_that_folders_count_when_they_are_finished_and_other_ones(field: FoldersField, tmp_path: Path) -> None:
    field.show_folders([str(tmp_path)])
    field.line.editingFinished.emit()
    assert field.said == []  # type: ignore[attr-defined]  # set by the fixture
    field.add_folder(str(tmp_path.parent))
    assert field.said == [(str(tmp_path), str(tmp_path.parent))]  # type: ignore[attr-defined]
    field.line.setText("/nowhere")
    field.line.editingFinished.emit()
    assert len(field.said) == 1  # type: ignore[attr-defined]
    assert "/nowhere" in field.trouble


def test_that_folders_of_a_far_side_are_not_looked_for(field: FoldersField) -> None:
    field.is_remote = True
    field.line.setText("~/there")
    field.line.editingFinished.emit()
    assert field.trouble == ""
    assert field.said == [("~/there",)]  # type: ignore[attr-defined]


def test_that_the_button_chooses_a_folder(field: FoldersField, tmp_path: Path) -> None:
    field.add.click()
    (chooser,) = field.findChildren(QFileDialog)
    assert chooser.fileMode() == QFileDialog.FileMode.Directory
    chooser.fileSelected.emit(str(tmp_path))
    assert field.folders == (str(tmp_path),)
    chooser.reject()


SCRIPT = {DescribeArguments: lambda request: ArgumentForm(request.target, "Net", ())}


@pytest.fixture
def shown(make_window: MakeWindow, model_file: Path, qtbot: Any) -> Any:
    """A window whose dialog asks for a class of a file, described."""
    window: Any = make_window(SCRIPT)
    window.dialogs.open_model(Asked(OpenTarget(f"{model_file}:Classifier")))
    (dialog,) = window.findChildren(TargetDialog)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    return window, dialog


def asked(window: Any, kind: type) -> list[Any]:
    return [each for each in window.sessions[-1].asked if isinstance(each, kind)]


def test_that_the_target_is_opened_with_folders_and_downloads(shown: Any, tmp_path: Path, model_file: Path, qtbot: Any) -> None:
    window, dialog = shown
    dialog.folders.add_folder(str(tmp_path))
    dialog.downloads.setChecked(True)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert [each.import_folders for each in asked(window, DescribeArguments)] == [(), (str(tmp_path),)]
    button(dialog).click()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    (request,) = asked(window, OpenTarget)
    assert (request.import_folders, request.allow_downloads) == ((str(tmp_path),), True)
    assert window.settings.import_folders_of(str(model_file)) == [str(tmp_path)]


def test_that_nothing_is_opened_with_a_folder_that_is_not_there(shown: Any) -> None:
    _window, dialog = shown
    dialog.folders.line.setText("/nowhere/lib")
    assert not button(dialog).isEnabled()
    assert dialog.says.text() == "There is no folder /nowhere/lib."


def test_that_the_dialog_shows_the_folders_of_the_last_time(make_window: MakeWindow, model_file: Path, qtbot: Any) -> None:
    settings = Settings(None)
    settings.remember_import_folders(str(model_file), ["/lib"])
    window: Any = make_window(SCRIPT, settings=settings)
    window.dialogs.open_model(Asked(OpenTarget(f"{model_file}:Classifier", allow_downloads=True)))
    (dialog,) = window.findChildren(TargetDialog)
    assert dialog.folders.line.text() == "/lib"
    assert dialog.downloads.isChecked()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert asked(window, DescribeArguments)[0].import_folders == ("/lib",)
    dialog.reject()


def test_that_arguments_are_worked_out_with_the_folders(shown: Any, tmp_path: Path, qtbot: Any) -> None:
    window, dialog = shown
    window.workbench.set_checkpoint(panel_data.checkpoint())
    dialog.folders.add_folder(str(tmp_path))
    dialog.arguments.questions.solve(dialog.target, {}, {})
    qtbot.waitUntil(lambda: bool(asked(window, SolveArguments)), timeout=PATIENCE_MS)
    assert asked(window, SolveArguments)[0].import_folders == (str(tmp_path),)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_a_dropped_file_is_imported_as_the_last_time(make_window: MakeWindow, model_file: Path, qtbot: Any) -> None:
    fix = Fix("add_to_path", "Import from /lib, too.", value="/lib")
    lacking = Failed((Problem("import-failed", "It lies in /lib.", fixes=(fix,)),))
    window: Any = make_window({OpenTarget: lambda request: panel_data.opened() if request.import_folders else lacking})
    with qtbot.waitSignal(window.opening.refused, timeout=PATIENCE_MS):
        window.open_paths([model_file])
    window.actions_by_id.refresh()
    window.actions_by_id["open.with_fix"].trigger()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    window.opening.close_model()
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert [request.import_folders for request in asked(window, OpenTarget)] == [(), ("/lib",), ("/lib",)]


def test_that_folders_of_files_that_were_opened_long_ago_are_forgotten() -> None:
    settings = Settings(None)
    for number in range(ARGUMENTS_COUNT + 2):
        settings.remember_import_folders(f"/{number}.py", [f"/lib{number}"])
    assert settings.import_folders_of("/0.py") == []
    assert settings.import_folders_of("/5.py") == ["/lib5"]
    settings.remember_import_folders("/5.py", [])
    assert settings.import_folders_of("/5.py") == []


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"/a.py": 3}', '{"/a.py": null}'])
def test_that_settings_that_cannot_be_read_are_no_folders(text: str) -> None:
    settings = Settings(None)
    settings.set_text("import_folders", text)
    assert settings.import_folders_of("/a.py") == []
    settings.remember_import_folders("/a.py", ["/lib"])
    assert settings.import_folders_of("/a.py") == ["/lib"]
