"""Rows of the Problems panel, and what it says while there are none."""

import os
from collections.abc import Sequence

from torchloupe.analysis.fixes_to_try import tried_sentence
from torchloupe.analysis.wording import counted, seconds_text
from torchloupe.gui.marks import SEVERITY_MARKS
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Row
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.problems import Problem

_ORDER = {"error": 0, "warning": 1, "info": 2}


def problem_rows(problems: Sequence[Problem]) -> list[Row]:
    """One row for each problem, in their order; the key is its number."""
    return [_row(number, problem) for number, problem in enumerate(problems)]


def _row(number: int, problem: Problem) -> Row:
    mark = SEVERITY_MARKS.get(problem.severity, SEVERITY_MARKS["info"])
    place = f"{os.path.basename(problem.file)}:{problem.line or 1}" if problem.file else ""
    module = "(the model)" if problem.module == "" else problem.module or ""
    message, hint = plain_text(problem.message), plain_text(problem.hint)
    tip = f"{message}\n{hint}".strip()
    full_place = f"{problem.file}:{problem.line or 1}" if problem.file else ""
    return Row(
        cells=(mark.text, message, hint, module, place),
        key=number,
        roles=(mark.role, None, "muted", None, "muted"),
        tips=(problem.code, tip, tip, module, full_place),
        order=(_ORDER.get(problem.severity, 3), message, hint, module, (problem.file or "", problem.line or 0)),
    )


def empty_text(workbench: Workbench) -> str:
    """What an empty list means; empty must not look like healthy."""
    if workbench.running:
        return "Running …"
    checked = []
    if workbench.report is not None and workbench.model is not None:
        modules, calls = counted(len(workbench.model.tree.modules), "module"), counted(len(workbench.calls), "call")
        checked.append(f"{modules}, {calls} ({seconds_text(workbench.report.seconds)})")
    if workbench.diff is not None:
        checked.append(f"{counted(len(workbench.diff.rows), 'key')} compared with the checkpoint")
    if checked:
        tried = f" Tried: {plain_text(tried_sentence(workbench.tried))}." if workbench.tried and workbench.report else ""
        return f"No problems in {'; '.join(checked)}.{tried}"
    if workbench.model is not None:
        return "Not checked yet. F5 runs one forward pass."
    if workbench.tree.modules:
        return "Not checked yet. What is not registered is still being looked for."
    if workbench.checkpoint is not None:
        return "Not checked yet. Open the model that the checkpoint is for."
    return "Not checked yet. Open a model and a checkpoint."
