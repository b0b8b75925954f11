"""A report as Markdown: what the model is, its tree as a table, the problems."""

from pathlib import Path

from torchloupe.analysis.wording import fix_text, place_text
from torchloupe.checkpoints.writing.new_file import new_file
from torchloupe.wire.problems import Problem

from .report import Report
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
    lines += ["## Problems", ""]
    lines += [line for problem in report.problems for line in _problem(problem)] or ["None found."]
    return lines


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
