"""Python source taken apart for colouring: which letters of each line are a keyword, a string, a comment. Pygments does it, imported
by the job that reads the source. No Qt here."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

KINDS = {
    "Comment": "comment",
    "Literal.String.Interpol": "",
    "Literal.String": "string",
    "Literal.Number": "number",
    "Name.Decorator": "decorator",
    "Name.Function": "name",
    "Name.Class": "name",
    "Name.Builtin.Pseudo": "constant",
    "Keyword.Constant": "constant",
    "Keyword": "keyword",
    "Operator.Word": "keyword",
}
"""What a token of Pygments is to us, and all that are of its kind; the closer name counts."""

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

MOST_LETTERS = 100_000
"""So many are gone through before the lines that are wanted, which takes a tenth of a second; of more, those behind a definition."""
_DEFINITION = re.compile(r"@|(?:class|def|async def)\b")


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


def python_spans(lines: Sequence[str], first: int = 0, last: int | None = None) -> Spans:
    """The spans of the lines from ``first`` to before ``last``. What is not Python is coloured as far as it goes."""
    end = len(lines) if last is None else min(last, len(lines))
    begin = _begin(lines, first, end)
    found: list[list[Span]] = [[] for _ in range(begin, end)]
    number, column = 0, 0
    for kind, text in _tokens("\n".join(lines[begin:end])):
        for part, piece in enumerate(text.split("\n")):  # a string may go over several lines
            if part:
                number, column = number + 1, 0
            if kind and piece:
                _add(found[number], Span(column, len(piece), kind))
            column += len(piece)
    return tuple(map(tuple, found[first - begin :]))


def _begin(lines: Sequence[str], first: int, end: int) -> int:
    """Where to begin so that a string that was opened before is known: at the top, in a very long file at a definition."""
    letters = 0
    for number in range(end - 1, -1, -1):
        letters += len(lines[number]) + 1
        if letters > MOST_LETTERS and number <= first and _DEFINITION.match(lines[number]):
            return number
    return 0


def _add(line: list[Span], span: Span) -> None:
    """What is of one kind, and side by side, is one."""
    before = line[-1] if line else None
    if before is not None and (before.kind, before.start + before.length) == (span.kind, span.start):
        line[-1] = Span(before.start, before.length + span.length, span.kind)
    else:
        line.append(span)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    from pygments.lexers.python import PythonLexer

    known: dict[Any, str] = {}
    for _, token, said in PythonLexer().get_tokens_unprocessed(text):
        if token not in known:
            known[token] = _kind(token)
        yield known[token], said


def _kind(token: Any) -> str:
    """That of the token itself, else of what it is one of."""
    names = list(token)
    while names:
        kind = KINDS.get(".".join(names))
        if kind is not None:
            return kind
        names.pop()
    return ""
