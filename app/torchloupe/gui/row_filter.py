"""What a person types into a filter field, understood once for every table: words that must all occur, in any cell.

``conv weight``    both words, case does not count       ``-bias``       rows without it
``conv*weight``    in this order                         ``"a b"``       with the space
``[*,768]``        a shape, ``*`` is any size            ``[64,...]``    and any further sizes
``dtype:bf16``     only in the column of that name (the beginning of the name is enough)
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from torchloupe.gui.slices import STEP_ROWS, Steps, all_at_once

SEPARATOR = "\x1f"
"""Stands between the cells of a haystack; no cell holds it."""

DTYPE_SHORT_NAMES = {
    "f64": "float64",
    "fp64": "float64",
    "f32": "float32",
    "fp32": "float32",
    "f16": "float16",
    "fp16": "float16",
    "bf16": "bfloat16",
    "i64": "int64",
    "i32": "int32",
    "i16": "int16",
    "i8": "int8",
    "u8": "uint8",
}
_TERM = re.compile(r'([+-]?)(?:(\w+):)?("[^"]*"?|\[[^\]]*\]?|\S*)')
_AFTER_SIZE = r"(?:, |\])"


@dataclass(frozen=True)
class Term:
    """One word of a filter: ``field`` is the beginning of a column's title ("" is any column), ``wanted`` False a ``-word``."""

    text: str
    field: str = ""
    wanted: bool = True


def parse_filter(text: str) -> tuple[Term, ...]:
    """The terms of a filter. What is half typed (``-``, ``dtype:``) does not count yet."""
    found = _TERM.findall(text.lower())
    return tuple(Term(word.strip('"'), field, sign != "-") for sign, field, word in found if word.strip('"'))


def row_filter(text: str, columns: Sequence[str]) -> Callable[[Sequence[str]], bool]:
    """A test of a row's cells. An empty text accepts everything."""
    tests = [(_test(term, tuple(columns)), term.wanted) for term in parse_filter(text)]

    def accepts(cells: Sequence[str]) -> bool:
        row = haystack(cells)
        return all(test(row) is wanted for test, wanted in tests)

    return accepts


def haystack(cells: Sequence[str]) -> str:
    """One row as a text that ``matching`` looks into."""
    return SEPARATOR.join(cells).lower()


def matching(text: str, columns: Sequence[str], haystacks: Sequence[str]) -> list[int]:
    """The positions of the rows that a filter keeps. For very many rows, whose haystacks are made once."""
    return all_at_once(matching_steps(text, columns, haystacks))


def matching_steps(text: str, columns: Sequence[str], haystacks: Sequence[str]) -> Steps[list[int]]:
    """The same in steps."""
    tests = [(_test(term, tuple(columns)), term.wanted) for term in parse_filter(text)]
    found: list[int] = []
    for start in range(0, len(haystacks), STEP_ROWS):
        kept = list(range(start, min(start + STEP_ROWS, len(haystacks))))
        for test, wanted in tests:
            kept = [position for position in kept if test(haystacks[position]) is wanted]
        found += kept
        yield
    return found


@lru_cache(maxsize=64)
def _test(term: Term, columns: tuple[str, ...]) -> Callable[[str], bool]:
    chosen = [number for number, title in enumerate(columns) if term.field and title.lower().startswith(term.field)]
    if not chosen:  # "encoder:x" is then a plain word
        return _text_test(f"{term.field}:{term.text}" if term.field else term.text)
    inside = _text_test(term.text)

    def in_columns(row: str) -> bool:
        cells = row.split(SEPARATOR, chosen[-1] + 1)  # what lies behind need not be parted
        return any(number < len(cells) and inside(cells[number]) for number in chosen)

    return in_columns


def _text_test(text: str) -> Callable[[str], bool]:
    if text.startswith("["):
        return _searcher(_shape_pattern(text))
    if "*" in text.strip("*"):
        return _searcher(f"[^{SEPARATOR}]*?".join(map(re.escape, text.split("*"))))
    word = text.strip("*")
    also = DTYPE_SHORT_NAMES.get(word)
    return (lambda row: word in row or also in row) if also else (lambda row: word in row)


def _searcher(pattern: str) -> Callable[[str], bool]:
    search = re.compile(pattern).search
    return lambda row: search(row) is not None


def _shape_pattern(text: str) -> str:
    """A pattern for shapes as they are shown (``[2, 3]``); a bracket that is still open lets more sizes follow."""
    parts = [_size_pattern(size) for size in re.findall(r"[^,\s\[\]]+", text)]
    if text.endswith("]"):
        return r"\[" + "".join(parts) + r"\]?(?<=\])"
    half_typed = bool(parts) and text[-1] not in ", "
    return r"\[" + "".join(parts).removesuffix(_AFTER_SIZE if half_typed else "")


def _size_pattern(size: str) -> str:
    if size == "...":
        return rf"(?:\d+{_AFTER_SIZE})*"
    return (r"\d+" if size in ("*", "?") else re.escape(size)) + _AFTER_SIZE
