"""The report of everything that is open, made of the workbench: gathered in the window's thread, written by a job. No widget here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from torchloupe import __version__
from torchloupe.analysis.notes import note_lines
from torchloupe.gui import theme
from torchloupe.gui.jobs import Progress
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.requests import Hello, OpenTarget

if TYPE_CHECKING:
    from torchloupe.analysis.report.building import Findings
    from torchloupe.analysis.report.document import Figure

HTML, MARKDOWN, JSON = "html", "md", "json"


def found_in(
    bench: Workbench, target: OpenTarget | None, hello: Hello | None, qt: str, figures: "Sequence[Figure]"
) -> "Findings":
    """What is open and what was found; ``qt`` is the version of what draws the window."""
    from torchloupe.analysis.report.building import Findings  # not before a report is made

    model, report = bench.model, bench.report
    name = bench.checkpoint_name()
    return Findings(
        title=model.class_name if model is not None else name or "Torchloupe",
        versions=versions(hello, qt),
        opened=_opened(bench, target),
        problems=bench.problems,
        contents=bench.checkpoint,
        tree=bench.tree if bench.tree.modules else None,
        calls=list(bench.calls.values()) or None,
        forward=report,
        diff=bench.diff if model is not None else None,
        sides=(model.class_name if model is not None else "the model", name or "the checkpoint"),
        step=bench.steps.report,
        figures=tuple(figures),
        notes=note_lines(bench.notes.listed()),
    )


def versions(hello: Hello | None, qt: str) -> tuple[tuple[str, str], ...]:
    """What runs here and in the worker."""
    import platform  # after the first picture

    facts = [("torchloupe", f"{__version__} (window: Python {platform.python_version()}, {qt})")]
    if hello is not None:
        facts += [("Python", hello.python), ("torch", hello.torch or "none"), ("devices", ", ".join(hello.devices) or "none")]
    return (*facts, ("platform", platform.platform()))


def _opened(bench: Workbench, target: OpenTarget | None) -> list[tuple[str, str]]:
    model, report, facts = bench.model, bench.report, []
    if model is not None:
        facts.append(("target", f"`{target.target if target is not None else model.target}`"))
    if model is not None and model.arguments:
        source = f" ({model.arguments_source.replace('_', ' ')})" if model.arguments_source else ""
        facts.append(("arguments", f"`{json.dumps(model.arguments, ensure_ascii=False, default=str)}`{source}"))
    specs = (report.input_specs if report is not None else ()) or bench.asked.inputs
    if specs and model is not None:
        facts.append(("input", f"`{' '.join(specs)}`" + (f" ({report.input_source.replace('_', ' ')})" if report else "")))
    return facts


def other_colors() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """For a light and for a dark screen: the colours of the drawings, and what they are there."""
    here = theme.current()
    other = theme.counterpart()
    pairs: dict[str, str] = {}
    for field in fields(theme.Theme)[1:]:
        pairs.setdefault(getattr(here, field.name), getattr(other, field.name))
    return ({}, pairs) if here.name == "light" else (pairs, {})


@dataclass(frozen=True)
class MakeReport:
    """The report as texts, by format."""

    found: "Findings"
    formats: tuple[str, ...]
    colors: tuple[Mapping[str, str], Mapping[str, str]]

    def __call__(self, progress: Progress) -> dict[str, str]:
        """Cancelled between two formats."""
        from torchloupe.analysis.report.as_json import document_json
        from torchloupe.analysis.report.building import report_document
        from torchloupe.analysis.report.document import without_home
        from torchloupe.analysis.report.html import document_html
        from torchloupe.analysis.report.markdown import document_markdown

        document = without_home(report_document(self.found), str(Path.home()))
        made: dict[str, str] = {}
        for number, kind in enumerate(self.formats):
            progress(number, len(self.formats), "writing the report")
            if kind == HTML:
                made[kind] = document_html(document, *self.colors)
            else:
                made[kind] = document_json(document) if kind == JSON else document_markdown(document)
        return made


@dataclass(frozen=True)
class WriteReport:
    """The report in a file. What stands there was asked about before."""

    make: MakeReport
    path: Path

    def __call__(self, progress: Progress) -> str:
        """The sentence about what was written."""
        from torchloupe.checkpoints.writing.new_file import new_file

        text = "".join(self.make(progress).values())
        with new_file(self.path, len(text), True) as file:
            file.write(text.encode("utf-8"))
        return f"Wrote the report to {self.path}."
