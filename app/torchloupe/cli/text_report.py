"""A report as text for a person."""

from collections import Counter

from torchloupe.analysis.argument_sources import solution_verdict, solved_lines
from torchloupe.analysis.diff_folding import RowGroup, folded
from torchloupe.analysis.explained import explained, explained_text
from torchloupe.analysis.fitting import also_text
from torchloupe.analysis.state_dict_diff import MATCHED, StateDictDiff
from torchloupe.analysis.sure_wording import is_unsure, sure_text
from torchloupe.analysis.tree_rows import TreeView
from torchloupe.analysis.wording import count_text, counted, describe_difference, patch_lines, problem_lines, shape_text
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem

from .depth import depth_lines
from .earlier_run import difference_lines as run_difference_lines
from .inspection import moved_lines
from .loading import loading_lines
from .mode_table import mode_lines
from .rank import rank_lines
from .report import Report
from .reproducing import reproducer_text
from .run_options import forward_lines
from .shapes import shape_lines
from .stepping import motion_lines
from .sweeping import sweep_lines
from .terminal import Terminal
from .text_checkpoint import contents_lines
from .text_columns import columns, printable
from .text_interpreters import interpreter_lines
from .text_model import call_lines, tree_lines
from .text_values import difference_lines, tensor_lines
from .trying import tried_lines

ROWS_SHOWN = 60
"""So many differing keys are listed; the causes above them tell of all."""


def print_report(report: Report, terminal: Terminal) -> None:
    """Draw all parts of the report that are there, the problems last, where a person looks first."""
    if report.written_reports:
        terminal.lines(line for text in report.written_reports for line in text.splitlines())
        if not report.could_run:
            print_problems(report, terminal)
        return
    if report.contents is not None:
        terminal.lines(contents_lines(report.contents, terminal))
    if report.solved is not None:
        terminal.line(f"Arguments worked out from the checkpoint. {solution_verdict(report.solved)}")
        terminal.lines(f"  {printable(line)}" for line in solved_lines(report.solved))
        terminal.line()
    if report.summary is not None:
        terminal.line(report.summary)
    elif report.tree is not None and report.command == "tree":
        terminal.lines(tree_lines(TreeView(report.tree, report.calls, report.initialised or {}, report.unfolded), terminal))
    if report.fits is not None:
        terminal.lines(rank_lines(report, terminal))
    if report.moved is not None:
        terminal.lines(moved_lines(report.moved, terminal))
    if report.target is not None and report.target.input_source == "worked_out":
        terminal.line(f"Input worked out: {printable(' '.join(report.target.inputs))}")
    terminal.lines(loading_lines(report))
    if report.calls and report.command == "run" and report.shown is None:
        drawn = depth_lines(report, terminal) if report.depth else call_lines(report.calls, terminal, report.operations or ())
        terminal.lines(drawn)
        terminal.lines(forward_lines(report, terminal))
        terminal.lines(shape_lines(report, terminal))
    if report.against is not None:
        terminal.lines(run_difference_lines(report.against, terminal))
    if report.step is not None and report.command == "step":
        terminal.lines(motion_lines(report.step, terminal))
    if report.modes is not None:
        terminal.lines(mode_lines(report.modes, terminal))
    if report.sweep is not None:
        terminal.lines(sweep_lines(report.sweep, terminal))
    if report.diff is not None and report.command == "diff":
        terminal.lines(_diff_lines(report.diff, report, terminal))
    if report.code is not None:
        terminal.lines(["", *report.code.splitlines()])
    if report.values is not None:
        terminal.lines(difference_lines(report.values, terminal))
    if report.shown is not None and (report.shown.summary or report.shown.values or report.shown.saved):
        terminal.lines(tensor_lines(report.shown, terminal))
    if report.exported is not None:
        terminal.lines(printable(line) for line in report.exported.lines)
    if report.interpreters is not None:
        terminal.lines(interpreter_lines(report.interpreters, terminal))
    if report.filtered:
        terminal.line(terminal.paint(printable(report.filtered), "dim"))
    if report.tried is not None:
        print_problems(report, terminal)
        terminal.lines((*tried_lines(report, terminal), *reproducer_text(report)))
        return
    if report.command == "check" and report.forward is not None and report.forward.side_effects:
        terminal.lines(terminal.paint(printable(note), "dim") for note in report.notes)
    print_problems(report, terminal)
    terminal.lines(reproducer_text(report))


def print_problems(report: Report, terminal: Terminal) -> None:
    """The problems and how many there are; on standard error when nothing could be run."""
    if not report.could_run:
        for problem in report.problems:
            for line in _painted(problem, terminal):
                terminal.complain(line)
        if report.cancelled:
            terminal.complain("Cancelled.")
        return
    for problem in report.problems:
        terminal.line()
        terminal.lines(_painted(problem, terminal))
    patch = patch_lines(report.problems)
    terminal.lines(["", *map(printable, patch)] if patch else [])
    if report.problems or report.command in ("check", "run", "step", "diff"):
        terminal.line()
        terminal.line(_verdict(report, terminal))


def _painted(problem: Problem, terminal: Terminal) -> list[str]:
    first, *rest = [printable(line) for text in problem_lines(problem) for line in text.splitlines() or [""]]
    return [terminal.paint(problem.severity, problem.severity) + first[len(problem.severity) :], *rest]


def _verdict(report: Report, terminal: Terminal) -> str:
    subject = f"{report.target.text}: " if report.target and report.command == "check" else ""
    counts = Counter(problem.severity for problem in report.problems)
    said = [counted(counts[severity], severity) for severity in (ERROR, WARNING) if counts[severity]]
    said += [counted(counts[INFO], "remark")] if counts[INFO] else []
    worst = next((severity for severity in (ERROR, WARNING, INFO) if counts[severity]), "good")
    return subject + terminal.paint(", ".join(said) or "no problems", worst)


def _diff_lines(diff: StateDictDiff, report: Report, terminal: Terminal) -> list[str]:
    counts = ", ".join(f"{count_text(count)} {status}" for status, count in diff.counts.items() if count)
    differing = folded([row for row in diff.rows if row.status != MATCHED and row.expected is not row.found])
    rows = [_diff_row(group, report.sides) for group in differing[:ROWS_SHOWN]]
    lines = [terminal.paint(counts or "no keys", "strong"), explained_text(explained(diff))]
    lines += [printable(also_text(report.container or "", report.also_fitting))] if report.also_fitting else []
    lines += columns(rows, width=terminal.width, elastic=(0, 2))
    more = len(differing) - ROWS_SHOWN
    return [*lines, f"  … and {counted(more, 'more differing key')} (--json lists all)"] if more > 0 else lines


def _diff_row(group: RowGroup, sides: tuple[str, str]) -> tuple[str, str, str]:
    row = group.row
    entry = row.expected or row.found
    assert entry is not None
    told = describe_difference(row, *sides)
    told = told.replace(row.found.key, group.found) if row.found else told
    told += f", {sure_text(row)} sure" if is_unsure(row) else ""
    times = f" ×{count_text(len(group.rows))}" if len(group.rows) > 1 else ""
    return "  " + (group.expected or group.found), shape_text(entry.shape), told + times
