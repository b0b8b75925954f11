"""What is written over the operands of a mismatch, in the line where it shows and in the one where the layer is made."""

import linecache
from typing import List

from ...analysis.operand_notes import argument_note, layer_notes, operation_notes
from ...analysis.source_notes import SourceNote, with_notes
from ...wire.problems import Problem
from ..patches import Made
from .recovering import Recovered


def noted(problem: Problem, recovered: Recovered, made: Made) -> Problem:
    """The problem with the notes over its lines; ``made`` knows where the layers are."""
    notes = _over_the_line(problem, recovered)
    fix = next((fix for fix in problem.fixes if fix.kind == "set_argument" and fix.module == problem.module), None)
    found = made.argument_at(fix) if fix is not None else None
    if found is not None and fix is not None:
        notes.append(argument_note(found[0], "".join(linecache.getlines(found[0])), found[1], fix))
    return with_notes(problem, notes)


def _over_the_line(problem: Problem, recovered: Recovered) -> List[SourceNote]:
    spot = recovered.spot
    if spot is None:
        return []
    operation = problem.data.get("operation")
    written = spot.expression(str(operation)) if operation else spot.call()
    if written is None:
        return []
    over = operation_notes if operation else layer_notes
    return list(over(spot.file, spot.source, written, problem))
