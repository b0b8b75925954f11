"""A report as Markdown: what the model is, its tree as a table, the problems."""

from argparse import Namespace
from pathlib import Path

from torchloupe.analysis.sweep_wording import sweep_markdown
from torchloupe.analysis.wording import fix_text, place_text
from torchloupe.checkpoints.writing.new_file import new_file
from torchloupe.wire.errors import TorchloupeError, UsageError
from torchloupe.wire.problems import Problem

from .report import Report, problem_of
from .text_columns import printable
from .tree_rows import TreeView

STANDARD_OUTPUT = "-"
_INDENT = "\N{NO-BREAK SPACE}" * 3  # plain blanks at the start of a cell are not shown


def markdown_lines(report: Report) -> list[str]:
    """The whole report."""
    target = report.target
    lines = [f"# {_text(target.class_name or target.text)}" if target else f"# torchloupe {report.command}", ""]
    if target is not None:
        lines += [f"Target {_code(target.text)}.", ""]
    if report.tree is not None:
        view = TreeView(report.tree, report.calls, report.initialised or {}, report.unfolded)
        lines += [*(f"* {_text(line)}" for line in view.totals()), "", "## Modules", "", *_table(view), ""]
    if report.sweep is not None:
        lines += [*map(printable, sweep_markdown(report.sweep)), ""]
    lines += ["## Problems", ""]
    lines += [line for problem in report.problems for line in _problem(problem)] or ["None found."]
    return lines


def check_markdown(options: Namespace) -> None:
    """Raises ``UsageError`` where the report cannot go where it is wanted."""
    if options.json and options.markdown == STANDARD_OUTPUT:
        raise UsageError("--json and --markdown - both want standard output.", "Give --markdown a file.")
    if Path(options.markdown or STANDARD_OUTPUT).exists() and not options.overwrite:
        raise UsageError(f"{options.markdown} exists already.", "Give another name, or --overwrite to replace it.")


def file_markdown(report: Report, options: Namespace) -> None:
    """The report into the file of ``--markdown``, where there is one; what goes wrong is told in it."""
    if options.markdown not in (None, STANDARD_OUTPUT):
        try:
            write_markdown(report, options.markdown, options.overwrite or getattr(options, "watch", False))
        except TorchloupeError as error:
            report.fail(problem_of(error))


def write_markdown(report: Report, file: str, overwrite: bool = False) -> None:
    """The report into a file, whole or not at all. Raises ``TorchloupeError``; without ``overwrite`` also when there is one already."""
    sources = [Path(each) for each in (report.target.file if report.target else None, *report.checkpoints) if each]
    text = "\n".join(markdown_lines(report)) + "\n"
    with new_file(Path(file), len(text), overwrite, sources) as stream:
        stream.write(text.encode("utf-8"))


def _table(view: TreeView) -> list[str]:
    lines = ["| module | class or shape | own | total | bytes | notes |", "|---|---|--:|--:|--:|---|"]
    for row in view.rows():
        notes = ", ".join(row.notes)
        name = _INDENT * row.depth + _code(row.name)
        lines.append(
            "| "
            + " | ".join((name, _text(row.in_full), *row.numbers, f"**{_text(notes)}**" if row.role else _text(notes)))
            + " |"
        )
    return lines


def _problem(problem: Problem) -> list[str]:
    place = place_text(problem)
    lines = [
        f"* **{problem.severity}** {_code(problem.code)}: {_text(problem.message)}" + (f" ({_text(place)})" if place else "")
    ]
    lines += [f"  * {_text(problem.hint)}"] if problem.hint else []
    return [*lines, *(f"  * fix: {_text(fix_text(fix))}" for fix in problem.fixes)]


def _code(text: str) -> str:
    return f"`{printable(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _text(text: str) -> str:
    """In a table and as it is: what Markdown takes for its own is escaped."""
    plain = printable(" ".join(text.split()))
    return "".join("\\" + char if char in "\\|*_<>[]#" else char for char in plain)
