"""What a person types to filter rows, understood once for every table of the window and for ``--filter`` of the command line.

``conv weight``    both words, case does not count       ``-bias``          rows without it
``conv*weight``    in this order                         ``"a b"``          with the space
``[*,768]``        a shape, ``*`` is any size            ``[64,...]``       and any further sizes
``dtype:bf16``     only in the column of that name (the beginning of the name is enough)
``size>1M``        the number in that column; also <, >= and <=
``(conv | fc) weight``, ``-(bias | norm)``               one of several; a group may stand wherever a word may
"""

import operator
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress, repeat
from operator import contains
from typing import Callable, Dict, Generator, Iterable, Iterator, List, Optional, Sequence, Tuple, Union

SEPARATOR = "\x1f"
"""Stands between the cells of a haystack; no cell holds it."""

WORDS_KEPT = 8
"""Of so many words it is remembered which rows have them: a byte for each row."""

FEW = 4
"""When less than a fourth of the rows is left, the next word is looked for in these alone."""

_OPPOSITE = bytes([1, 0]) + bytes(254)

ROWS_AT_ONCE = 1_000
"""So many rows are gone through in one step; they take a millisecond or two."""

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
_TOKEN = re.compile(r'([+-]?)\(|(\))|(\|)|([+-]?)(?:(\w+)(:|[<>]=?))?("[^"]*"?|\[[^\]]*\]?|[^\s()|]*)')
_SIZE = re.compile(r"\d+|[*?]|\.\.\.")
_AFTER_SIZE = r"(?:, |\])"
_NUMBER = re.compile(r"([-+]?(?:\d[\d,]*)?\.?\d+(?:e[-+]?\d+)?) ?([kmgtµun]?)(i?b|s)?\b")
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_OF_SECONDS = {"": 1.0, "m": 1e-3, "µ": 1e-6, "u": 1e-6, "n": 1e-9}
_COMPARISONS = {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
Test = Callable[[str], bool]
"""Does a haystack have it?"""


@dataclass(frozen=True)
class Term:
    """One word of a filter: ``field`` is the beginning of a column's title ("" is any column), ``wanted`` False a ``-word``.

    ``compare`` is ``>``, ``<``, ``>=`` or ``<=`` where the number in the column is compared.
    """

    text: str
    field: str = ""
    wanted: bool = True
    compare: str = ""


@dataclass(frozen=True)
class Group:
    """What stands in brackets: one of ``choices`` must fit, each of which is words and groups that must all fit."""

    choices: Tuple[Tuple[Union[Term, "Group"], ...], ...]
    wanted: bool = True


def parse_filter(text: str) -> Tuple[Union[Term, Group], ...]:
    """What must all fit. What is half typed (``-``, ``dtype:``) does not count yet, and a bracket that is still open is closed."""
    whole = _group(_tokens(text.lower()), True)
    return whole.choices[0] if len(whole.choices) == 1 else (whole,) if whole.choices else ()


def _tokens(text: str) -> "Iterator[re.Match[str]]":
    return (token for token in _TOKEN.finditer(text) if token.group())


def _group(tokens: "Iterator[re.Match[str]]", wanted: bool) -> Group:
    choices: List[List[Union[Term, Group]]] = [[]]
    for token in tokens:
        if token.group() == ")":
            break
        if token.group() == "|":
            choices.append([])
        elif token.group().endswith("(") and not token.group(7):
            inner = _group(tokens, token.group(1) != "-")
            choices[-1] += [inner] if inner.choices else []
        else:
            sign, field, compare, word = token.group(4, 5, 6, 7)
            if word.strip('"'):
                comparing = compare if compare and compare != ":" else ""
                choices[-1].append(Term(word.strip('"'), field or "", sign != "-", comparing))
    return Group(tuple(tuple(choice) for choice in choices if choice), wanted)


def filter_trouble(text: str, columns: Sequence[str]) -> str:
    """Why a filter cannot be meant as it stands, in a sentence; empty when it can. It filters all the same, as far as it is understood."""
    tokens = [token.group() for token in _tokens(text)]
    opened = sum(token.endswith("(") and not token.startswith('"') for token in tokens) - tokens.count(")")
    if opened:
        return "A bracket is not closed: ) is missing." if opened > 0 else "A ) closes nothing: there is no ( before it."
    if sum(token.count('"') for token in tokens) % 2:
        return 'A quotation mark is not closed: " is missing.'
    return next((trouble for term in _terms(parse_filter(text)) for trouble in [_term_trouble(term, columns)] if trouble), "")


def _terms(parts: Sequence[Union[Term, Group]]) -> Iterator[Term]:
    for part in parts:
        if isinstance(part, Term):
            yield part
        else:
            for choice in part.choices:
                yield from _terms(choice)


def _term_trouble(term: Term, columns: Sequence[str]) -> str:
    if term.field and not _columns_of(term, columns):
        wanted = f"{term.field}{term.compare or ':'}{term.text}"
        return f'No column begins with {term.field}. There are {", ".join(columns)}. As a word, write "{wanted}".'
    if term.compare and _number(term.text) is None:
        return f"{term.text} is no number to compare {term.field} with: write {term.field}{term.compare}1000 or 1.5M."
    if term.text.startswith("["):
        wrong = next((size for size in re.findall(r"[^,\s\[\]]+", term.text) if not _SIZE.fullmatch(size)), "")
        if wrong:
            return f"{wrong} is no size: a shape has numbers, * for any size, and ... for any number of sizes."
        return "" if term.text.endswith("]") else "A shape is not closed: ] is missing."
    return ""


def row_filter(text: str, columns: Sequence[str]) -> Callable[[Sequence[str]], bool]:
    """A test of a row's cells. An empty text accepts everything."""
    test = _all_of(parse_filter(text), tuple(columns))
    return lambda cells: test(haystack(cells))


def haystack(cells: Sequence[str]) -> str:
    """One row as a text that ``matching`` looks into."""
    return SEPARATOR.join(cells).lower()


class Haystacks(List[str]):
    """One text for each row, and which rows have which of the words that were looked for last: a filter is typed a key at a time."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        super().__init__(texts)
        self._masks: Dict[str, bytes] = {}

    def mask_of(self, word: str) -> Optional[bytes]:
        """A 1 for each row that has the word, where that is known of all rows."""
        mask = self._masks.get(word)
        return mask if mask is not None and len(mask) == len(self) else None

    def may_have(self, word: str) -> Optional[bytes]:
        """The same for the longest known part of the word: a row without that has not the word."""
        known = [part for part in self._masks if part in word and self.mask_of(part) is not None]
        return self._masks[max(known, key=len)] if known else None

    def keep(self, word: str, mask: bytes) -> None:
        """What was found out about a word; the word that was kept first goes when there are too many."""
        self._masks[word] = mask
        while len(self._masks) > WORDS_KEPT:
            del self._masks[next(iter(self._masks))]


def matching(text: str, columns: Sequence[str], haystacks: Sequence[str]) -> List[int]:
    """The positions of the rows that a filter keeps. For very many rows, whose haystacks are made once."""
    steps = matching_steps(text, columns, haystacks)
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            found: List[int] = finished.value
            return found


def matching_steps(text: str, columns: Sequence[str], haystacks: Sequence[str]) -> Generator[None, None, List[int]]:
    """The same in steps, between which others have their turn."""
    mask = yield from mask_steps(text, columns, haystacks)
    return list(compress(range(len(mask)), mask))


def mask_steps(text: str, columns: Sequence[str], haystacks: Sequence[str]) -> Generator[None, None, bytearray]:
    """The same as a 1 for each row that is kept and a 0 for each other. Plain words, which most filters are, are looked for without a
    step of Python for each row: there may be a million."""
    parts = parse_filter(text)
    plain = [_Word(part, haystacks) for part in parts if isinstance(part, Term) and _is_plain(part)]
    others = [(_test(part, tuple(columns)), part.wanted) for part in parts if not (isinstance(part, Term) and _is_plain(part))]
    mask = bytearray()
    for start in range(0, len(haystacks), ROWS_AT_ONCE):
        rows = haystacks[start : start + ROWS_AT_ONCE]
        kept = b"\1" * len(rows)
        for word in plain:
            kept = word.found_in(rows, start, kept)
        for test, wanted in others:
            kept = bytes([one and test(row) is wanted for one, row in zip(kept, rows)])
        mask += kept
        yield
    for word in plain:
        word.keep()
    return mask


class _Word:
    """A plain word of a filter, looked for in some rows after the other."""

    def __init__(self, term: Term, haystacks: Sequence[str]) -> None:
        self._text, self._wanted = term.text.strip("*"), term.wanted
        self._keeper = haystacks if isinstance(haystacks, Haystacks) else None
        self._known = self._keeper.mask_of(self._text) if self._keeper is not None else None
        self._hint = self._keeper.may_have(self._text) if self._keeper is not None else None
        self._found = bytearray()

    def found_in(self, rows: Sequence[str], start: int, kept: bytes) -> bytes:
        """A 1 for each of these rows, the first of which is number ``start``, that is ``kept`` and has the word (or has it not)."""
        count = len(rows)
        if self._known is not None:
            found = self._known[start : start + count]
        elif self._hint is not None and 1 not in self._hint[start : start + count]:
            found = bytes(count)
        elif kept.count(1) * FEW < count:
            return self._found_among(rows, kept)
        else:
            found = bytes(map(contains, rows, repeat(self._text)))
        self._found += found
        found = found if self._wanted else found.translate(_OPPOSITE)
        return found if 0 not in kept else _both(kept, found)

    def _found_among(self, rows: Sequence[str], kept: bytes) -> bytes:
        """The others are not looked at, so nothing is known of them."""
        found, text, wanted = bytearray(kept), self._text, self._wanted
        for place in compress(range(len(rows)), kept):
            if (text in rows[place]) is not wanted:
                found[place] = 0
        return bytes(found)

    def keep(self) -> None:
        """Once all rows were gone through."""
        if self._keeper is not None and self._known is None and len(self._found) == len(self._keeper):
            self._keeper.keep(self._text, bytes(self._found))


def _is_plain(term: Term) -> bool:
    """Whether a row has it if the text of the row has it."""
    word = term.text.strip("*")
    return not (term.field or term.compare or word.startswith("[") or "*" in word or word in DTYPE_SHORT_NAMES)


def _both(one: bytes, other: bytes) -> bytes:
    """1 where both have it."""
    both = int.from_bytes(one, "little") & int.from_bytes(other, "little")
    return both.to_bytes(len(one), "little")


def _all_of(parts: Sequence[Union[Term, Group]], columns: Tuple[str, ...]) -> Test:
    tests = [(_test(part, columns), part.wanted) for part in parts]
    return lambda row: all(test(row) is wanted for test, wanted in tests)


@lru_cache(maxsize=64)
def _test(part: Union[Term, Group], columns: Tuple[str, ...]) -> Test:
    if isinstance(part, Group):
        choices = [_all_of(choice, columns) for choice in part.choices]
        return lambda row: any(choice(row) for choice in choices)
    chosen = _columns_of(part, columns)
    if not chosen:  # "encoder:x" is then a plain word
        return _text_test(f"{part.field}{part.compare or ':'}{part.text}" if part.field else part.text)
    inside = _number_test(part) if part.compare else _text_test(part.text)

    def in_columns(row: str) -> bool:
        cells = row.split(SEPARATOR, chosen[-1] + 1)  # what lies behind need not be parted
        return any(number < len(cells) and inside(cells[number]) for number in chosen)

    return in_columns


def _columns_of(term: Term, columns: Sequence[str]) -> List[int]:
    return [number for number, title in enumerate(columns) if term.field and title.lower().startswith(term.field)]


def _number_test(term: Term) -> Test:
    limit, compare = _number(term.text), _COMPARISONS[term.compare]

    def compares(cell: str) -> bool:
        number = _number(cell)
        return number is not None and limit is not None and compare(number, limit)

    return compares


def _number(text: str) -> Optional[float]:
    """The first number of a text as a table writes it: ``1,234``, ``1.5 MB``, ``3.2 ms``, ``2e-05``; None without one."""
    found = _NUMBER.search(text.lower())
    if found is None:
        return None
    digits, prefix, unit = found.groups()
    factor = (_OF_SECONDS if unit == "s" else _UNITS).get(prefix)
    return float(digits.replace(",", "")) * (1.0 if factor is None else factor)


def _text_test(text: str) -> Test:
    if text.startswith("["):
        return _searcher(_shape_pattern(text))
    if "*" in text.strip("*"):
        return _searcher(f"[^{SEPARATOR}]*?".join(map(re.escape, text.split("*"))))
    word = text.strip("*")
    also = DTYPE_SHORT_NAMES.get(word)
    return (lambda row: word in row or also in row) if also else (lambda row: word in row)


def _searcher(pattern: str) -> Test:
    search = re.compile(pattern).search
    return lambda row: search(row) is not None


def _shape_pattern(text: str) -> str:
    """A pattern for shapes as they are shown (``[2, 3]``); a bracket that is still open lets more sizes follow."""
    parts = [_size_pattern(size) for size in re.findall(r"[^,\s\[\]]+", text)]
    if text.endswith("]"):
        return r"\[" + "".join(parts) + r"\]?(?<=\])"
    half_typed = bool(parts) and text[-1] not in ", "
    return r"\[" + "".join(parts[:-1]) + (parts[-1][: -len(_AFTER_SIZE)] if half_typed else "".join(parts[-1:]))


def _size_pattern(size: str) -> str:
    if size == "...":
        return rf"(?:\d+{_AFTER_SIZE})*"
    return (r"\d+" if size in ("*", "?") else re.escape(size)) + _AFTER_SIZE
