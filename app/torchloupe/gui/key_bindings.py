"""Keys of a person's own: a JSON file, ``{"run.forward": "F9", "go.to": ["Ctrl+P", "Ctrl+T"], "help.keys": []}``.

What is wrong in it is said in a sentence and left out; the rest counts. A key that is given to one command is taken from the other.
"""

import difflib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtGui import QKeySequence

from torchloupe.gui.actions import Action, key_texts

FILE = "keys.json"
Bound = tuple[tuple[Action, ...], list[str]]


def rebound(table: Sequence[Action], file: Path | None) -> Bound:
    """The table with the keys of the file, and what is wrong in the file."""
    if file is None:
        return tuple(table), []
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return tuple(table), []
    except (OSError, ValueError) as error:
        return tuple(table), [f"{file.name} cannot be read, so every command has its usual key: {error}."]
    if not isinstance(plain, dict):
        return tuple(table), [f'{file.name} is no JSON object: write {{"run.forward": "F9"}}.']
    return with_keys(table, plain)


def with_keys(table: Sequence[Action], plain: dict[str, Any]) -> Bound:
    """The table with other keys for some commands."""
    known, troubles = {action.id: action for action in table}, []
    wanted: dict[str, tuple[str, ...]] = {}
    given: dict[str, str] = {}  # which command has a key
    for name, value in plain.items():
        trouble = _trouble(name, value, known) or _twice(name, value, given)
        if trouble:
            troubles.append(trouble)
            continue
        wanted[name] = _keys_of(value)
        given.update((key, name) for key in wanted[name])
    return tuple(_bound(action, wanted, given) for action in table), troubles


def _keys_of(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    return tuple(QKeySequence(text).toString() for text in texts if text)


def _trouble(name: str, value: Any, known: dict[str, Action]) -> str:
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        return f"There is no command {name}." + (f" Did you mean {close[0]}?" if close else "")
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return f'{name}: write a key, such as "F9", a list of keys, or [] for none.'
    wrong = next((text for text in texts if text and not QKeySequence(text).toString()), "")
    return f'{name}: "{wrong}" is no key. Write it as "Ctrl+Shift+F9".' if wrong else ""


def _twice(name: str, value: Any, given: dict[str, str]) -> str:
    key = next((key for key in _keys_of(value) if key in given), "")
    return f"{key} is given to {given[key]} and to {name}; {given[key]} has it." if key else ""


def _bound(action: Action, wanted: dict[str, tuple[str, ...]], given: dict[str, str]) -> Action:
    if action.id in wanted:
        return replace(action, shortcuts=wanted[action.id])
    usual = key_texts(action)
    left = tuple(key for key in usual if key not in given)
    return action if left == usual else replace(action, shortcuts=left)


def template(table: Sequence[Action]) -> str:
    """A file with every command and its keys, to be changed."""
    return json.dumps({action.id: list(key_texts(action)) for action in table}, indent=1) + "\n"
