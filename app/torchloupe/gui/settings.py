"""What the window remembers from one start to the next: an INI file with a version, or nothing at all (``--fresh``).

What Qt hands back from an INI file are strings, so lists are kept as one JSON text and every value is read with its type.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

VERSION = 1
RECENT_COUNT = 20
ARGUMENTS_COUNT = 40

FOLD_BLOCKS, ALL_BELOW, EDITOR_COMMAND, OPERATIONS = "fold_equal_blocks", "parameters_below", "editor_command", "operations"
COLORS = "colors"
"""Names of settings that a command and a panel or dialog share."""


@dataclass(frozen=True)
class RecentFile:
    """A file that was opened: ``kind`` is ``checkpoint`` or ``model``, ``opened_at`` in seconds since 1970."""

    path: str
    kind: str
    opened_at: float
    pinned: bool = False


def settings_file() -> Path:
    """Where the INI file lies for this user."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppConfigLocation)) / "window.ini"


class Settings:
    """Typed access to the INI file. Without a path everything is kept in memory and forgotten at the end."""

    def __init__(self, path: Path | None) -> None:
        self._file = QSettings(str(path), QSettings.Format.IniFormat) if path else None
        self._memory: dict[str, str] = {}
        self.folder = path.parent if path else None  # where what is no setting is kept beside them
        self.trouble = ""  # a sentence, when the file could not be read
        if self._file is not None and self.text("version") != str(VERSION):
            assert path is not None
            self.trouble = _put_aside(path)
            self._file.clear()
            self.set_text("version", str(VERSION))

    def text(self, key: str, default: str = "") -> str:
        """One value."""
        if self._file is None:
            return self._memory.get(key, default)
        return str(self._file.value(key, default, type=str))

    def set_text(self, key: str, value: str) -> None:
        """Keep one value."""
        if self._file is None:
            self._memory[key] = value
        else:
            self._file.setValue(key, value)

    def texts(self, key: str) -> list[str]:
        """A list of texts; empty when there is none or it cannot be read."""
        try:
            found = json.loads(self.text(key, "[]"))
        except ValueError:
            return []
        return [str(item) for item in found] if isinstance(found, list) else []

    def set_texts(self, key: str, values: list[str]) -> None:
        """Keep a list of texts."""
        self.set_text(key, json.dumps(values, ensure_ascii=True))

    def blob(self, key: str) -> QByteArray:
        """Bytes that Qt made (geometry, state of the docks)."""
        return QByteArray.fromBase64(self.text(key).encode("ascii", "ignore"))

    def set_blob(self, key: str, value: QByteArray) -> None:
        """Keep bytes that Qt made."""
        self.set_text(key, bytes(value.toBase64().data()).decode("ascii"))

    def arguments_of(self, target: str) -> dict[str, Any]:
        """The constructor arguments that a target was opened with; empty when there were none."""
        found = self._by_target("arguments").get(target)
        return found if isinstance(found, dict) else {}

    def remember_arguments(self, target: str, arguments: dict[str, Any]) -> None:
        """Keep the arguments of a target; those of the targets that were opened long ago are forgotten."""
        self._keep_for("arguments", target, arguments)

    def input_of(self, target: str) -> str:
        """The input that was typed when a target was last run; empty when none was."""
        found = self._by_target("inputs").get(target)
        return found if isinstance(found, str) else ""

    def remember_input(self, target: str, text: str) -> None:
        """Keep the input of a target; no text is the one that is worked out."""
        self._keep_for("inputs", target, text)

    def name_of(self, place: str) -> str:
        """The class or factory of a file that was opened last; empty when there was none."""
        found = self._by_target("names").get(place)
        return found if isinstance(found, str) else ""

    def remember_name(self, place: str, name: str) -> None:
        """Keep which one it was."""
        self._keep_for("names", place, name)

    def import_folders_of(self, place: str) -> list[str]:
        """The folders that were searched, too, for what a file imports; empty when there were none."""
        found = self._by_target("import_folders").get(place)
        return [str(folder) for folder in found] if isinstance(found, list) else []

    def remember_import_folders(self, place: str, folders: Sequence[str]) -> None:
        """Keep the folders of a file; those of the files that were opened long ago are forgotten."""
        self._keep_for("import_folders", place, list(folders))

    def _by_target(self, key: str) -> dict[str, Any]:
        try:
            return dict(json.loads(self.text(key, "{}")))
        except (ValueError, TypeError):
            return {}

    def _keep_for(self, key: str, target: str, value: Any) -> None:
        known = self._by_target(key)
        if value or target in known:
            known.pop(target, None)
            latest = {target: value, **known} if value else known
            self.set_text(key, json.dumps(dict(list(latest.items())[:ARGUMENTS_COUNT])))

    def interpreter_for(self, folder: Path | None) -> str:
        """The interpreter that was last used for models of a folder, else the last one at all; empty when there was none."""
        return (self.text(f"interpreters/{_key_of(folder)}") if folder else "") or self.text("interpreter")

    def remember_interpreter(self, interpreter: str, folder: Path | None) -> None:
        """An interpreter was used, for models of this folder."""
        self.set_text("interpreter", interpreter)
        if folder is not None:
            self.set_text(f"interpreters/{_key_of(folder)}", interpreter)

    def recent(self) -> list[RecentFile]:
        """Recently opened files: pinned ones first, then the latest first."""
        files = []
        for text in self.texts("recent"):
            try:
                files.append(RecentFile(**json.loads(text)))
            except (ValueError, TypeError):
                continue
        return sorted(files, key=lambda file: (not file.pinned, -file.opened_at))

    def remember_recent(self, path: str, kind: str) -> None:
        """A file was opened."""
        pinned = any(file.pinned for file in self.recent() if file.path == path)
        others = [file for file in self.recent() if file.path != path]
        self._keep_recent([RecentFile(path, kind, time.time(), pinned), *others])

    def forget_recent(self, path: str) -> None:
        """Take a file off the list."""
        self._keep_recent([file for file in self.recent() if file.path != path])

    def pin_recent(self, path: str, pinned: bool) -> None:
        """Keep a file at the top of the list, or no longer."""
        self._keep_recent(
            [RecentFile(f.path, f.kind, f.opened_at, pinned if f.path == path else f.pinned) for f in self.recent()]
        )

    def _keep_recent(self, files: list[RecentFile]) -> None:
        ordered = sorted(files, key=lambda file: (not file.pinned, -file.opened_at))[:RECENT_COUNT]
        self.set_texts("recent", [json.dumps(asdict(file)) for file in ordered])


def _put_aside(file: Path) -> str:
    """Keep a copy of what cannot be understood; the sentence about it, empty where there was nothing."""
    try:
        held = file.read_bytes()
        if not held.strip():
            return ""
        aside = file.with_suffix(".broken")
        aside.write_bytes(held)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"The settings cannot be read, so everything is as at first: {error}"
    return f"The settings cannot be understood, so everything is as at first. They were put aside as {aside.name}."


def _key_of(folder: Path) -> str:
    return hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]
