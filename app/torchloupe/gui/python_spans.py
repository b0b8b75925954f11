"""Python source taken apart for colouring: which letters of each line are a keyword, a string, a comment. No Qt here."""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKENS = re.compile(
    r"""
    (?P<comment>\#[^\n]*)
  | (?P<string>\b[rRbBfFuU]{1,2}(?=["'])|)(?:\"{3}(?:\\[\s\S]|[^\\])*?(?:\"{3}|\Z)|'{3}(?:\\[\s\S]|[^\\])*?(?:'{3}|\Z)
      |"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?)
  | (?P<decorator>^[ \t]*@[\w.]+)
  | (?P<number>\b(?:\d[\w.]*|\.\d\w*))
  | (?P<named>\b(?:def|class)[ \t]+)(?P<name>\w+)
  | (?P<word>\b[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.MULTILINE,
)
_CONSTANTS = {"True", "False", "None", "self", "cls"}
_KEYWORDS = {*keyword.kwlist, "match", "case"} - _CONSTANTS
ROLES = {
    "comment": "muted",
    "string": "matched",
    "decorator": "warning",
    "number": "shape",
    "name": "unexpected",
    "keyword": "accent",
    "constant": "shape",
    "note": "error",
}
"""The colour role of each kind."""


@dataclass(frozen=True)
class Span:
    """Some letters of a line: where they begin, how many they are, and their kind, a key of ``ROLES``."""

    start: int
    length: int
    kind: str

    def moved(self, by: int) -> "Span":
        """The same letters where the line begins further left (or right)."""
        start = self.start + by
        return Span(max(start, 0), self.length + min(start, 0), self.kind)


Spans = tuple[tuple[Span, ...], ...]


def python_spans(text: str) -> Spans:
    """The spans of every line. What is not Python is coloured as far as it goes."""
    lines = text.split("\n")
    found: list[list[Span]] = [[] for _ in lines]
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    number = 0
    for begin, end, kind in _tokens(text):
        while starts[number + 1] <= begin:
            number += 1
        last = number
        while begin < end:  # a string may go over several lines
            stop = min(end, starts[last + 1] - 1)
            if stop > begin:
                found[last].append(Span(begin - starts[last], stop - begin, kind))
            last += 1
            begin = starts[last] if last < len(lines) else end
    return tuple(map(tuple, found))


def _tokens(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup or "string"
        if kind == "name":
            yield (*match.span("named"), "keyword")
            yield (*match.span("name"), "name")
        elif kind == "word":
            word = match["word"]
            if word in _KEYWORDS or word in _CONSTANTS:
                yield (*match.span(), "keyword" if word in _KEYWORDS else "constant")
        else:
            yield (*match.span(), kind)
