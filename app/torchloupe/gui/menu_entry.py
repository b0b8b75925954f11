"""Torchloupe in the applications menu of this user, with its icon and file types: what a package of the system brings along, and pip
cannot. Files are declared as ones that can be opened; what opens them by default stays as it is."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from torchloupe.gui.resources import resource
from torchloupe.session.environment import without_our_libraries
from torchloupe.session.interpreters import is_frozen

APP_ID = "io.github.torchloupe.Torchloupe"
PROGRAM = "torchloupe-window"
ENTRY = f"applications/{APP_ID}.desktop"
FILES = {
    ENTRY: ("desktop", f"{APP_ID}.desktop"),
    f"icons/hicolor/scalable/apps/{APP_ID}.svg": ("icons", "torchloupe.svg"),
    f"mime/packages/{APP_ID}.xml": ("desktop", "torchloupe-mime.xml"),
}
"""What lies where in the data folder of a user, and which of our files it is."""

_RESERVED = set(" \t\n\"'\\><~|&;$*?#()`")


@dataclass(frozen=True)
class AddToMenu:
    """Job: the same as ``add_to_menu``; what went wrong is a sentence, too."""

    def __call__(self, _progress: object) -> str:
        try:
            return add_to_menu().splitlines()[0]
        except OSError as error:
            return f"The entry cannot be written: {error.strerror}: {error.filename}"


def is_offered() -> bool:
    """Desktops here read such entries, and none of them has one of Torchloupe yet."""
    folders = [data_folder(), *map(Path, (os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(os.pathsep))]
    return sys.platform.startswith("linux") and not any((folder / ENTRY).is_file() for folder in folders)


def add_to_menu() -> str:
    """Write the entry; the sentence about it. Raises ``OSError``."""
    folder = data_folder()
    for place, source in FILES.items():
        text = resource(*source).read_text(encoding="utf-8")
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(entry_text(text, own_command()) if file.suffix == ".desktop" else text, encoding="utf-8")
    _tell_the_desktop(folder)
    return f"Torchloupe is in the applications menu: {folder / ENTRY}\nTo take it out again: torchloupe --remove-from-menu"


def remove_from_menu() -> str:
    """Delete what ``add_to_menu`` wrote; the sentence about it. Raises ``OSError``."""
    folder = data_folder()
    for place in FILES:
        (folder / place).unlink(missing_ok=True)
    _tell_the_desktop(folder)
    return "Torchloupe is no longer in the applications menu of this user."


def data_folder() -> Path:
    """Where desktops look for what belongs to this user alone."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")


def own_command() -> list[str]:
    """The words that start the window of this installation, from anywhere."""
    if is_frozen():
        return [sys.executable]
    script = Path(sys.executable).with_name(PROGRAM)
    return [str(script)] if script.is_file() else [sys.executable, "-m", "torchloupe"]


def entry_text(text: str, command: list[str]) -> str:
    """The entry with ``command`` in place of the bare name, which need not be on the desktop's PATH."""
    text = text.replace(f"TryExec={PROGRAM}", f"TryExec={_escaped(command[0])}")
    return text.replace(f"\nExec={PROGRAM}", "\nExec=" + " ".join(map(_quoted, command)))


def _quoted(word: str) -> str:
    """As the specification of desktop entries wants the words of a command."""
    word = word.replace("%", "%%")
    if not _RESERVED & set(word):
        return word
    for letter in '\\"`$':
        word = word.replace(letter, "\\" + letter)
    return _escaped(f'"{word}"')


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\")


def _tell_the_desktop(folder: Path) -> None:
    """Where these programs are not installed, nobody keeps the lists that they make."""
    import shutil  # not at the start, where ``is_offered`` is asked
    import subprocess

    for program, place in (("update-mime-database", "mime"), ("update-desktop-database", "applications")):
        if shutil.which(program) and (folder / place).is_dir():
            subprocess.run(
                [program, str(folder / place)],
                env=without_our_libraries(os.environ),
                capture_output=True,
                check=False,
                timeout=60,
            )
