"""What was open and how it looked, as one JSON file: written while the windows are open, read at the next start."""

import contextlib
import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

SCHEMA = 1
FILE = "session.json"


@dataclass(frozen=True)
class WindowState:
    """One window. ``target`` and ``options`` are an ``OpenTarget`` and the ``RunOptions`` as plain JSON, ``selection`` kind and name,
    ``filters`` are by panel and number of the table in it; ``geometry`` and ``docks`` are Qt's bytes as base64, ``front`` is the view."""

    checkpoint: str = ""
    other: str = ""
    container: str = ""
    target: dict[str, Any] | None = None
    options: dict[str, Any] | None = None
    input: str = ""
    filters: dict[str, str] | None = None
    selection: tuple[str, str] | None = None
    front: str = ""
    geometry: str = ""
    docks: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing was open."""
        return not (self.checkpoint or self.target)


@dataclass(frozen=True)
class LastSession:
    """The windows; ``ended`` when they were closed. ``trouble`` is a sentence when the file could not be read."""

    windows: tuple[WindowState, ...] = ()
    ended: bool = True
    trouble: str = ""


def read_session(folder: Path) -> LastSession:
    """The last session; an empty one where there was none. A file that cannot be read is put aside, and costs nothing else."""
    file = folder / FILE
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        if plain["schema"] != SCHEMA:
            return LastSession()
        return LastSession(tuple(_window(each) for each in plain["windows"]), bool(plain["ended"]))
    except FileNotFoundError:
        return LastSession()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        with contextlib.suppress(OSError):
            file.replace(file.with_suffix(".broken"))
        text = "What was open the last time cannot be read, and was put aside as {0}: {1}"
        return LastSession(trouble=text.format(file.with_suffix(".broken").name, error or type(error).__name__))


def _window(plain: dict[str, Any]) -> WindowState:
    """Of a field that is of another type than ours, ours stands."""
    usual = WindowState()
    known = {field.name: plain[field.name] for field in fields(WindowState) if field.name in plain}
    selection = known.pop("selection", None)
    texts = [name for name, value in known.items() if isinstance(getattr(usual, name), str) and not isinstance(value, str)]
    objects = [name for name in ("target", "options", "filters") if not isinstance(known.get(name, {}), (dict, type(None)))]
    known = {name: value for name, value in known.items() if name not in (*texts, *objects)}
    pair = isinstance(selection, list) and len(selection) == 2 and all(isinstance(each, str) for each in selection)
    return WindowState(**known, selection=(selection[0], selection[1]) if pair else None)


def write_session(folder: Path, session: LastSession) -> str:
    """Keep it; a sentence when that is not possible."""
    plain = {"schema": SCHEMA, "ended": session.ended, "windows": [asdict(window) for window in session.windows]}
    file = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = file.with_name(f"{FILE}.{os.getpid()}")
        new.write_text(json.dumps(plain, indent=1), encoding="utf-8")
        new.replace(file)
    except OSError as error:
        return f"What is open is not kept for the next start: {error}"
    return ""
