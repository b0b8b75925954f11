"""A notebook saved as a Python file: commands that only a notebook understands are left out, line numbers stay."""

import ast
import re
from typing import List, NamedTuple, Tuple

from ..wire.problems import INFO, Problem

STAND_INS = ("get_ipython", "display")
"""Names that a notebook has without importing them."""

_COMMAND = re.compile(r"^(\s*)(%%?[A-Za-z]|![^=]|\?\??[A-Za-z_])")
_ASSIGNED = re.compile(r"^(\s*[A-Za-z_][\w., ]*=\s*)(?:%[A-Za-z]|!)")
_QUESTION = re.compile(r"^(\s*)[A-Za-z_][\w.]*\?\??\s*$")
_CELL = re.compile(r"^\s*# (?:In\[|%%|<codecell>|---)")
_FOREIGN_CELLS = re.compile(
    r"^%%(?:bash|sh|script|html|javascript|js|latex|markdown|svg|writefile|perl|ruby|cmd|file|system|!)\b"
)
_CALLS = re.compile(r"^\s*(?:\w+\s*=\s*)?get_ipython\(\)")


class PlainSource(NamedTuple):
    """``text`` as Python reads it; ``left_out`` are the lines of the notebook commands."""

    text: str
    left_out: Tuple[int, ...] = ()


def plain_source(source: str) -> PlainSource:
    """The source without notebook commands. What is Python already, or is none even so, comes back as it is."""
    lines = source.split("\n")
    calls = [number for number, line in enumerate(lines, 1) if _CALLS.match(line)]
    if _parses(source):
        return PlainSource(source, tuple(calls))
    kept, left_out = _without_commands(lines)
    text = "\n".join(kept)
    return PlainSource(text, tuple(sorted({*left_out, *calls}))) if left_out and _parses(text) else PlainSource(source)


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def _without_commands(lines: List[str]) -> Tuple[List[str], List[int]]:
    kept, left_out, in_foreign_cell = [], [], False
    for number, line in enumerate(lines, 1):
        in_foreign_cell = (in_foreign_cell and not _CELL.match(line)) or bool(_FOREIGN_CELLS.match(line))
        found = _COMMAND.match(line) or _QUESTION.match(line)
        assigned = _ASSIGNED.match(line)
        if in_foreign_cell and line.strip():
            kept.append("pass")
        elif found:
            kept.append(found.group(1) + "pass")
        elif assigned:
            kept.append(assigned.group(1) + "None")
        else:
            kept.append(line)
            continue
        if not in_foreign_cell or line.strip():
            left_out.append(number)
    return kept, left_out


def notebook_problem(file: str, left_out: Tuple[int, ...]) -> Problem:
    """What is said of a file whose notebook commands were left out."""
    count = len(left_out)
    lines = ", ".join(map(str, left_out[:6])) + (", ..." if count > 6 else "")
    what = f"{count} notebook command{'s were' if count > 1 else ' was'} left out (line{'s' if count > 1 else ''} {lines})."
    hint = "Nothing to do, unless the model needs what they did."
    return Problem("notebook-commands", what, INFO, hint, file=file, line=left_out[0], data={"lines": list(left_out)})
