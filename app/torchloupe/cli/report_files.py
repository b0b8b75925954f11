"""``--markdown`` and ``--html``: everything a command found as a report in a file, or on standard output in place of the text."""

import json
import platform
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from torchloupe import __version__
from torchloupe.checkpoints.writing.new_file import new_file
from torchloupe.wire.errors import TorchloupeError, UsageError

from .report import Report, problem_of

if TYPE_CHECKING:
    from torchloupe.analysis.report.building import Findings
    from torchloupe.analysis.report.document import Document, Figure
    from torchloupe.wire.requests import Hello

STANDARD_OUTPUT = "-"


def add_report_options(parser: ArgumentParser) -> None:
    """``--markdown``, ``--html`` and ``--overwrite``."""
    parser.add_argument("--markdown", metavar="FILE", help="write the report as Markdown, too; - prints it in place of the text")
    parser.add_argument("--html", metavar="FILE", help="write the report as one HTML page that needs nothing else; - prints it")
    parser.add_argument("--overwrite", action="store_true", help="with --markdown and --html: replace an existing file")


def check_report_files(options: Namespace) -> None:
    """Raises ``UsageError`` where a report cannot go where it is wanted."""
    goals = [("--markdown", options.markdown), ("--html", options.html)]
    for name, goal in goals:
        if options.json and goal == STANDARD_OUTPUT:
            raise UsageError(f"--json and {name} - both want standard output.", f"Give {name} a file.")
        if Path(goal or STANDARD_OUTPUT).exists() and not options.overwrite:
            raise UsageError(f"{goal} exists already.", "Give another name, or --overwrite to replace it.")
    if options.markdown == options.html == STANDARD_OUTPUT:
        raise UsageError("--markdown - and --html - both want standard output.", "Give one of them a file.")


def file_reports(reports: Sequence[Report], options: Namespace, whole: bool = True) -> None:
    """The reports so far. What goes to standard output is put into the last one; the files are written when they are the ``whole``. What
    goes wrong is told in the last one."""
    last, overwrite = reports[-1], options.overwrite or getattr(options, "watch", False)
    for goal, draw in ((options.markdown, markdown_of), (options.html, html_of)):
        if goal == STANDARD_OUTPUT:
            last.written_reports += [draw([last])] if last.could_run or last.tree is not None else []
        elif goal and whole:
            try:
                write_report(draw(reports), goal, overwrite, reports)
            except TorchloupeError as error:
                last.fail(problem_of(error))


def write_report(text: str, file: str, overwrite: bool, reports: Sequence[Report]) -> None:
    """A report into a file, whole or not at all; nothing that was read for it is replaced. Raises ``TorchloupeError``."""
    read = [each for report in reports for each in (report.target.file if report.target else None, *report.checkpoints) if each]
    data = text.encode("utf-8")
    with new_file(Path(file), len(data), overwrite, [Path(each) for each in read]) as stream:
        stream.write(data)


def version_facts(hello: "Hello | None") -> tuple[tuple[str, str], ...]:
    """What ran: our version, the worker's Python and torch, the system."""
    facts = [("torchloupe", __version__)]
    if hello is not None:
        facts += [("Python", hello.python), ("torch", hello.torch or "none"), ("devices", ", ".join(hello.devices) or "none")]
    return (*facts, ("platform", platform.platform()))


def markdown_of(reports: Sequence[Report]) -> str:
    """As Markdown."""
    from torchloupe.analysis.report.markdown import document_markdown

    return document_markdown(document_of(reports))


def html_of(reports: Sequence[Report]) -> str:
    """As one page."""
    from torchloupe.analysis.report.html import document_html

    return document_html(document_of(reports))


def document_of(reports: Sequence[Report]) -> "Document":
    """All of them, one after the other where there are several."""
    from torchloupe.analysis.report.building import report_document
    from torchloupe.analysis.report.document import Document, Section, without_home

    documents = [report_document(_findings(report)) for report in reports]
    whole = documents[0]
    if len(documents) > 1:
        whole = Document(f"torchloupe {reports[0].command}", tuple(Section(each.title, each.blocks) for each in documents))
    return without_home(whole, str(Path.home()))


def _findings(report: Report) -> "Findings":
    from torchloupe.analysis.report.building import Findings

    target = report.target
    return Findings(
        title=(target.class_name or target.text) if target else f"torchloupe {report.command}",
        versions=report.versions,
        opened=_opened(report),
        problems=report.problems,
        contents=next(iter(report.checkpoints.values()), report.contents),
        tree=report.tree,
        calls=report.calls,
        forward=report.forward,
        diff=report.diff,
        sides=report.sides,
        step=report.step,
        sweep=report.sweep,
        figures=_figures(report),
        initialised=report.initialised or {},
        unfolded=report.unfolded,
        notes=report.notes,
    )


def _figures(report: Report) -> "list[Figure]":
    """The numbers over depth that were asked for."""
    if not report.depth or not report.calls:
        return []
    from torchloupe.analysis.depth_numbers import SERIES_BY_NAME, depth_points
    from torchloupe.analysis.report.drawing import depth_figure

    kept = report.forward.kept_bytes if report.forward is not None else ()
    points = [point for point in depth_points(report.calls, report.tree, kept) if point.is_leaf]
    figure = depth_figure(points, SERIES_BY_NAME[report.depth])
    return [figure] if figure is not None else []


def _opened(report: Report) -> list[tuple[str, str]]:
    target = report.target
    if target is None:
        return []
    facts = [("target", f"`{target.text}`")]
    if target.arguments:
        source = f" ({target.arguments_source.replace('_', ' ')})" if target.arguments_source else ""
        facts.append(("arguments", f"`{json.dumps(target.arguments, ensure_ascii=False, default=str)}`{source}"))
    if target.inputs:
        facts.append(("input", f"`{' '.join(target.inputs)}` ({target.input_source.replace('_', ' ')})"))
    return facts
