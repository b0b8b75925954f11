"""What is noted over an operation, a call of a layer and an argument of a constructor: shapes, and what was wanted."""

from typing import Iterator

from ..wire.problems import Fix, Problem
from .source_edits import Edit, Expression, Span
from .source_notes import TAB, SourceNote
from .wording import shape_text


def operation_notes(file: str, source: str, written: Expression, problem: Problem) -> Iterator[SourceNote]:
    """The shape of each operand over it."""
    shapes = [tuple(shape) for shape in problem.data.get("shapes", ())]
    operands = [piece for piece in written.operands if piece.text[:1] not in "\"'"]
    if len(operands) == 1 and problem.code == "cat-mismatch":  # a list that was made before
        yield _note(file, source, operands[0].span, ", ".join(map(shape_text, shapes)))
        return
    pieces = [*operands, *written.arguments]
    for piece, shape in zip(pieces, shapes):
        yield _note(file, source, piece.span, shape_text(shape))


def layer_notes(file: str, source: str, written: Expression, problem: Problem) -> Iterator[SourceNote]:
    """What arrives over the argument of a call, what it was built for over what is called."""
    arrived, wanted = problem.data.get("input_shape"), wanted_text(problem)
    if not written.operands or not arrived:
        return
    argument = written.operands[0]
    if problem.code == "rnn-state-shape":
        if written.arguments:
            yield _note(file, source, written.arguments[0].span, f"{shape_text(problem.data['got'])}, {wanted}")
        return
    if wanted and argument.span.line == written.span.line:
        callee = written.span._replace(
            end_line=argument.span.line, end_column=max(argument.span.column - 1, written.span.column + 1)
        )
        yield _note(file, source, callee, wanted)
    yield _note(file, source, argument.span, shape_text(arrived))


def argument_note(file: str, source: str, edit: Edit, fix: Fix) -> SourceNote:
    """What the argument of a constructor ought to be, over it."""
    span = edit.span
    if (span.line, span.column) == (span.end_line, span.end_column):
        span = span._replace(end_column=span.column + 1)
    return _note(file, source, span, f"{fix.value} arrive" if isinstance(fix.value, int) else f"{fix.value}")


def wanted_text(problem: Problem) -> str:
    """``wants [*, 3136]``, ``wants 32``; empty where nobody knows."""
    expected = problem.data.get("expected")
    if isinstance(expected, list):
        return f"wants {shape_text(expected)}"
    return f"wants {expected}" if isinstance(expected, (int, str)) and not isinstance(expected, bool) else ""


def _note(file: str, source: str, span: Span, text: str) -> SourceNote:
    lines = source.split("\n")
    line = lines[span.line - 1] if span.line <= len(lines) else ""
    end = _column(line, span.end_column) if span.end_line == span.line else len(line.expandtabs(TAB))
    return SourceNote(file, span.line, _column(line, span.column), end, text, line.rstrip("\r").expandtabs(TAB))


def _column(line: str, column: int) -> int:
    """Python counts bytes."""
    return len(line.encode()[:column].decode(errors="ignore").expandtabs(TAB))
