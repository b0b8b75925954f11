"""``--load``: the values of the checkpoint go into the open model before anything else is done with it."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from torchloupe.analysis.loading import is_strict, planned_load, strict_text
from torchloupe.analysis.loading_mode import train_mode_problems
from torchloupe.analysis.loading_wording import loading_problems, loading_sentence, weights_text
from torchloupe.session.interpreters import command_words
from torchloupe.wire.errors import UsageError
from torchloupe.wire.loading import LoadedCheckpoint
from torchloupe.wire.requests import Progress

from .command import AnySession
from .progress_line import ProgressLine
from .report import Report
from .target_runs import compare, fail, timed
from .terminal import Terminal
from .text_columns import printable


def add_load_options(parser: ArgumentParser) -> None:
    """``--load`` and ``--load-converted``."""
    parser.add_argument(
        "--load",
        action="store_true",
        help="load the values of --checkpoint into the model, and say exactly what was loaded; everything else is done with them",
    )
    parser.add_argument(
        "--load-converted",
        "--load-transposed",
        action="store_true",
        help="with --load: also load what fits only transposed, reshaped, joined of several tensors or cut out of a larger one",
    )


def checked_load(options: Namespace) -> bool:
    """Whether values are to be loaded. Raises ``UsageError`` when it was not said from where."""
    if (options.load or options.load_converted) and not options.checkpoint:
        raise UsageError("--load loads the values of a checkpoint.", "Name it: --checkpoint FILE.")
    return bool(options.load or options.load_converted)


def load(session: AnySession, report: Report, options: Namespace, terminal: Terminal) -> bool:
    """Load when it is wanted; False when that failed, and the report says why. Keys are compared first."""
    if not checked_load(options):
        return True
    compare(report, options.checkpoint)
    contents = report.checkpoints.get(options.checkpoint)
    if contents is None or report.diff is None or report.container is None:
        return False
    elsewhere = bool(command_words(options.python or ""))
    request = planned_load(report.diff, contents, report.container, options.load_converted, elsewhere)
    progress = ProgressLine(terminal)

    def on_event(event: Any, _blobs: tuple[bytes, ...]) -> None:
        if isinstance(event, Progress) and event.total:
            progress(event.done, event.total, event.what)

    try:
        with timed(report, "load"):
            reply = session.ask(request, on_event)
    finally:
        progress.clear()
    if not isinstance(reply, LoadedCheckpoint):
        fail(report, reply)
        return False
    report.loaded = reply
    report.problems += loading_problems(reply, report.problems)
    if reply.tree is not None and report.tree is not None:
        report.tree = replace(reply.tree, hidden=report.tree.hidden)
    if report.tree is not None:
        report.problems += train_mode_problems(reply, report.tree)
    return True


def loading_lines(report: Report) -> Iterator[str]:
    """What was loaded, or that nothing was asked to be."""
    if report.loaded is not None:
        strict = f" {strict_text(report.diff)}" if report.diff is not None else ""
        yield printable(loading_sentence(report.loaded)) + strict
    elif report.diff is not None and report.calls is not None and report.command == "run":
        yield f"Run with {weights_text(None)}: --load takes those of the checkpoint."


def loaded_object(report: Report, loaded: LoadedCheckpoint) -> dict[str, Any]:
    """The same for JSON, key by key."""
    rows = []
    for each in loaded.keys:
        plain: dict[str, Any] = {"key": each.key, "status": each.status}
        plain.update({"found": each.found} if each.found else {})
        plain.update({"reason": each.reason} if each.reason else {})
        plain.update({"stored": each.stored, "changed": each.changed} if each.stored else {})
        rows.append(plain)
    return {
        "file": loaded.path,
        "container": loaded.container,
        "text": loading_sentence(loaded),
        "verified": loaded.verified,
        "strict": report.diff is not None and is_strict(report.diff),
        "counts": dict(Counter(each.status for each in loaded.keys)),
        "bytes": loaded.bytes,
        "tensors": rows,
    }
