"""What is shipped, and under which licence."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import tomllib
from PySide6.QtWidgets import QWidget

from torchloupe import __version__
from torchloupe.gui import licences
from torchloupe.gui.help.dialog import AboutDialog, LicencesView
from torchloupe.gui.licences import licences_text, shipped
from torchloupe.gui.main import window_main

ROOT = Path(__file__).resolve().parents[2]


def test_that_every_part_has_its_version_its_licence_and_the_text_of_it() -> None:
    parts = {each.name: each for each in shipped()}
    assert list(parts)[:3] == ["Torchloupe", "Python", "Qt and PySide6"]
    assert {"pyqtgraph", "numpy", "torchinfo"} <= set(parts)
    assert parts["Torchloupe"].version == __version__
    assert all(re.match(r"\d", each.version) and each.licence and len(each.text) > 1000 for each in parts.values())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Torchloupe", "The Torchloupe authors"),
        ("Python", "PYTHON SOFTWARE FOUNDATION LICENSE"),
        ("Qt and PySide6", "GNU LESSER GENERAL PUBLIC LICENSE"),
        ("Qt and PySide6", "TERMS AND CONDITIONS"),  # of the GPL, which the LGPL is an addition to
        ("pyqtgraph", "Permission is hereby granted"),
        ("numpy", "NumPy Developers"),
        ("numpy", "pocketfft/LICENSE.md"),
    ],
)
def test_that_the_text_is_that_of_the_licence(name: str, words: str) -> None:
    assert words in next(each.text for each in shipped() if each.name == name)


def test_that_all_that_the_app_depends_on_is_told_of_but_torch_which_is_never_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}  # type: ignore[index]
    assert {name.lower() for name in wanted} - {"torch"} == {name.lower() for name in (licences.QT, *licences.OTHERS)}


def test_that_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(licences, "OTHERS", ("no-such-distribution", "numpy"))
    assert [each.name for each in shipped()][3:] == ["numpy"]


def test_that_a_frozen_app_tells_of_the_libraries_of_the_system_that_it_carries(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "system").mkdir()
    (tmp_path / "system/libx11-6.txt").write_text("the notice of X", encoding="utf-8")
    (tmp_path / "python.txt").write_text("the licence of Python", encoding="utf-8")
    (tmp_path / "LICENSE").write_text("our own", encoding="utf-8")
    monkeypatch.setattr(licences, "resource", lambda _folder, name: tmp_path / name)
    parts = {each.name: each for each in shipped()}
    assert parts["Torchloupe"].text == "our own"
    assert parts["Python"].text == "the licence of Python"
    assert parts[licences.SYSTEM_LIBRARIES].version == "1 Debian packages"
    assert parts[licences.SYSTEM_LIBRARIES].text.startswith("libx11-6\n")
    assert "the notice of X" in parts[licences.SYSTEM_LIBRARIES].text


def test_that_the_command_line_prints_them_without_qt(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        window_main(["--licences"])
    assert leaving.value.code == 0
    assert capsys.readouterr().out == licences_text() + "\n"


def test_that_the_text_names_each_part_above_its_licence() -> None:
    headings = re.findall(rf"^{licences.RULE}\n(.+) \(.+\)\n{licences.RULE}$", licences_text(), re.M)
    assert headings == [f"{each.name} {each.version}" for each in shipped()]


def test_that_about_shows_the_licence_of_the_part_that_is_chosen(qtbot: Any) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    view = AboutDialog(window, None).findChild(LicencesView)
    assert view.names.item(0).text() == f"Torchloupe {__version__}"
    assert "MIT" in view.text.toPlainText()
    view.names.setCurrentRow(2)
    assert view.text.toPlainText().startswith("Qt and PySide6 ")
    assert "LESSER GENERAL PUBLIC" in view.text.toPlainText()
    assert view.text.isReadOnly()
    assert view.names.accessibleName()
    assert view.text.accessibleName()


def test_that_the_window_without_python_beside_it_still_tells_of_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(licences.os, "__file__", str(tmp_path / "os.py"))
    python = next(each for each in shipped() if each.name == "Python")
    assert python.version == ".".join(map(str, sys.version_info[:3]))
    assert python.text == ""
