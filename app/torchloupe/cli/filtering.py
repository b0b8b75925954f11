"""``--filter``: the words that filter the tables of the window keep rows here, too."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from torchloupe.analysis.row_filter import filter_trouble, row_filter
from torchloupe.analysis.wording import count_text, shape_text
from torchloupe.wire.errors import UsageError

from .report import Report

TENSORS = ("Key", "Shape", "Dtype", "Size", "Container")
TREE = ("Name", "Class", "Shape", "Dtype", "Device", "Elements")
ROWS = ("Status", "Key", "Found", "Shape", "Dtype")
CALLS = ("Module", "Class", "Input", "Output", "Time")
_COLUMNS = {"show": TENSORS, "tree": TREE, "diff": ROWS, "run": CALLS}
Item = TypeVar("Item")


def add_filter_option(parser: ArgumentParser) -> None:
    """``--filter``."""
    words = "words that must occur, -word, (a | b), [*,768] for a shape, dtype:bf16, size>1M"
    parser.add_argument("--filter", metavar="TEXT", default="", help=f"show only the rows that match: {words}")


def check_filter(options: Namespace, command: str) -> None:
    """Raises ``UsageError`` when it cannot be meant as it stands."""
    trouble = filter_trouble(options.filter, _COLUMNS[command])
    if trouble:
        raise UsageError(f"--filter: {trouble}", "Such as: --filter '(conv | fc) weight -bias'.")


def keep_matching(report: Report, options: Namespace) -> None:
    """Leave out of the report the rows that do not match; what was found wrong stays."""
    if not options.filter.strip():
        return
    if report.contents is not None:
        _keep_tensors(report, options.filter)
    if report.tree is not None and report.command == "tree":
        _keep_modules(report, options.filter)
    if report.diff is not None and report.command == "diff":
        _keep_rows(report, options.filter)
    if report.calls is not None and report.command == "run":
        _keep_calls(report, options.filter)


def _keep_tensors(report: Report, text: str) -> None:
    assert report.contents is not None
    cells = [
        (each.key, shape_text(each.shape), each.dtype, count_text(each.bytes or 0), each.container)
        for each in report.contents.tensors
    ]
    kept = _kept(report, text, "tensors", report.contents.tensors, cells)
    report.contents = replace(report.contents, tensors=tuple(kept))


def _keep_modules(report: Report, text: str) -> None:
    """Modules and tensors that match, with the modules around them."""
    tree = report.tree
    assert tree is not None
    modules = [(each.path, each.class_name, "", "", "", count_text(each.total_numel)) for each in tree.modules]
    tensors = [
        (each.key, each.kind, shape_text(each.shape), each.dtype, each.device, count_text(each.numel)) for each in tree.parameters
    ]
    hidden = [(each.path, each.class_name, "", "", "", "") for each in tree.hidden]
    kept = _kept(report, text, "rows", (*tree.modules, *tree.parameters, *tree.hidden), [*modules, *tensors, *hidden])
    chosen = {id(each) for each in kept}
    around = {""}
    for each in kept:
        parts = str(getattr(each, "path", None) or getattr(each, "key", "")).split(".")
        around |= {".".join(parts[:count]) for count in range(1, len(parts))}
    report.tree = replace(
        tree,
        modules=tuple(each for each in tree.modules if id(each) in chosen or each.path in around),
        parameters=tuple(each for each in tree.parameters if id(each) in chosen),
        hidden=tuple(each for each in tree.hidden if id(each) in chosen),
    )
    report.unfolded = True  # of equal blocks not all may have matched


def _keep_rows(report: Report, text: str) -> None:
    diff = report.diff
    assert diff is not None
    cells = [
        (
            row.status,
            row.expected.key if row.expected else "",
            row.found.key if row.found else "",
            " ".join(shape_text(side.shape) for side in (row.expected, row.found) if side),
            " ".join(side.dtype for side in (row.expected, row.found) if side),
        )
        for row in diff.rows
    ]
    report.diff = replace(diff, rows=tuple(_kept(report, text, "rows", diff.rows, cells)))


def _keep_calls(report: Report, text: str) -> None:
    """Calls alone: what runs between them is left out."""
    assert report.calls is not None
    cells = [
        (
            call.module,
            call.class_name,
            " ".join(shape_text(meta.shape) for meta in call.inputs),
            " ".join(shape_text(meta.shape) for meta in call.outputs),
            "" if call.seconds is None else f"{call.seconds:.9f} s",
        )
        for call in report.calls
    ]
    report.calls = _kept(report, text, "calls", report.calls, cells)
    report.operations = None


def _kept(report: Report, text: str, what: str, items: Sequence[Item], cells: Sequence[Sequence[str]]) -> list[Item]:
    accepts = row_filter(text, _COLUMNS[report.command])
    kept = [item for item, row in zip(items, cells, strict=True) if accepts(row)]
    report.filtered = f"{count_text(len(kept))} of {count_text(len(items))} {what} match {text}"
    report.notes.append(f"{report.filtered}.")
    return kept
