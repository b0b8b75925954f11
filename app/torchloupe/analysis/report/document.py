"""A report before it is written: sections of a few kinds of blocks, all of them plain data."""

import re
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Callable, Tuple, Union


@dataclass(frozen=True)
class Name:
    """A cell that is a name as in the source: a key, a path. ``depth`` moves it to the right; ``spans`` are the letters that are
    new (``is_new``), or gone, against another name."""

    text: str
    depth: int = 0
    spans: Tuple[Tuple[int, int], ...] = ()
    is_new: bool = False


Cell = Union[str, Name]


@dataclass(frozen=True)
class Text:
    """A paragraph. What stands in backticks is a name."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Names and their values."""

    rows: Tuple[Tuple[str, Cell], ...]


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    lines: Tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """``about`` says what is in it (``161 modules``); the columns ``right`` are numbers. ``left_out`` rows are only counted."""

    about: str
    titles: Tuple[str, ...]
    rows: Tuple[Tuple[Cell, ...], ...]
    right: Tuple[int, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class Code:
    """Lines of text as they are. ``about`` says what they are where they are to be unfolded."""

    text: str
    language: str = ""
    about: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing, and what it shows."""

    about: str
    svg: str


@dataclass(frozen=True)
class Section:
    """``severity`` is that of the problem that it is about."""

    title: str
    blocks: "Tuple[Block, ...]"
    severity: str = ""


Block = Union[Text, Facts, Bullets, Table, Code, Figure, Section]


@dataclass(frozen=True)
class Document:
    """A report."""

    title: str
    blocks: Tuple[Block, ...]


def without_home(document: Document, home: str) -> Document:
    """The same with ``~`` for the home folder: whose it is is nobody's business."""
    if len(home.strip("/\\")) < 2:
        return document
    place = re.compile(re.escape(home.rstrip("/\\")) + r"(?![^/\\\s:;,\"'`)\]])")
    changed: Document = _changed(document, lambda text: place.sub("~", text))
    return changed


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_changed(each, change) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: _changed(getattr(value, field.name), change) for field in fields(value)})
    return value


def printable(text: str) -> str:
    """Without letters that steer a terminal or turn the direction of a line: names may come from a stranger's file."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
