"""The licences of Torchloupe and of what it is shipped with, as texts: of what is installed, in a frozen app of what it carries."""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from torchloupe import __version__
from torchloupe.gui.resources import resource, resources_folder

QT = "PySide6-Essentials"
"""Qt and its bindings, whose wheels hold no text of the licence."""

OTHERS = ("pyqtgraph", "numpy", "Pygments", "torchinfo")
SYSTEM_LIBRARIES = "System libraries"
RULE = "=" * 78


@dataclass(frozen=True)
class Shipped:
    """A part of the app: its name, its version, its licence in a word, and the text of that."""

    name: str
    version: str
    licence: str
    text: str


def shipped() -> list[Shipped]:
    """Everything that is shipped or used, ours first. What is not installed is left out."""
    lib = Path(os.__file__).with_name("LICENSE.txt")
    found = [
        Shipped("Torchloupe", __version__, "MIT", _first_text(_place("LICENSE"), resources_folder().parent / "LICENSE")),
        Shipped("Python", platform.python_version(), "PSF-2.0", _first_text(_place("python.txt"), lib)),
    ]
    lesser = "\n\n".join(_first_text(_place(name)) for name in ("LGPL-3.0.txt", "GPL-3.0.txt"))
    found += [Shipped("Qt and PySide6", each.version, "LGPL-3.0-only", lesser) for each in _installed(QT)]
    found += [Shipped(each.metadata["Name"], each.version, _licence_of(each), _stored_text(each)) for each in _installed(*OTHERS)]
    system = sorted(_place("system").glob("*.txt"))
    if system:
        text = "\n\n".join(f"{file.stem}\n{RULE}\n{_first_text(file)}" for file in system)
        found.append(Shipped(SYSTEM_LIBRARIES, f"{len(system)} Debian packages", "several", text))
    return found


def licences_text() -> str:
    """All of it as one text, for the terminal."""
    return "\n\n".join(f"{RULE}\n{each.name} {each.version} ({each.licence})\n{RULE}\n\n{each.text}" for each in shipped())


def _place(name: str) -> Path:
    return resource("licences", name)


def _first_text(*files: Path) -> str:
    return next((file.read_text(encoding="utf-8", errors="replace").strip() for file in files if file.is_file()), "")


def _installed(*names: str) -> Iterator[Distribution]:
    for name in names:
        try:
            yield distribution(name)
        except PackageNotFoundError:
            continue


def _licence_of(found: Distribution) -> str:
    told = (text for name in ("License-Expression", "License") for text in found.metadata.get_all(name) or ())
    return next(told, "see its text").splitlines()[0]


def _stored_text(found: Distribution) -> str:
    """The licence files of a distribution; those of parts of it with their places."""
    texts = []
    for name in found.metadata.get_all("License-File") or ():
        text = next((text for text in (found.read_text(f"licenses/{name}"), found.read_text(name)) if text), "").strip()
        texts.append(f"{name}\n{RULE}\n{text}" if "/" in name else text)
    return "\n\n".join(texts)
