"""Step by step through problems, calls and differences: each step is another selection."""

from torchloupe.analysis.diff_rows import MATCHED
from torchloupe.gui.workbench import Workbench


def step_problem(bench: Workbench, steps: int) -> None:
    """The next (or previous) problem, going round."""
    problems = bench.problems
    if problems:
        try:
            position = problems.index(bench.selection.problem) + steps
        except ValueError:
            position = 0 if steps > 0 else -1
        bench.select_problem(problems[position % len(problems)])


def step_call(bench: Workbench, steps: int) -> None:
    """The next (or previous) call in execution order."""
    behind = bench.report.assumed if bench.report is not None else ()
    order = sorted({*bench.calls, *(call.index for call in behind)})
    if order:
        current = bench.selection.call
        position = (
            order.index(current) + steps
            if current is not None and bench.call_at(current)
            else (0 if steps > 0 else len(order) - 1)
        )
        bench.select_call(order[min(max(position, 0), len(order) - 1)])


def step_difference(bench: Workbench, steps: int) -> None:
    """The next (or previous) key in which checkpoint and model differ, going round."""
    rows = [row for row in bench.diff.rows if row.status != MATCHED] if bench.diff else []
    keys = [(row.expected.key if row.expected else None, row.found.key if row.found else None) for row in rows]
    if not keys:
        return
    here = bench.selection
    stored = here.stored.key if here.stored else None
    found = [place for place, (expected, key) in enumerate(keys) if (expected or key) == (here.parameter or stored)]
    place = found[0] + steps if found else (0 if steps > 0 else -1)
    expected, key = keys[place % len(keys)]
    if expected is not None:
        bench.select_parameter(expected)
    elif bench.checkpoint:
        bench.select_stored(next(t for t in bench.checkpoint.tensors if t.key == key and t.container == bench.container))
