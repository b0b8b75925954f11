"""``--try-fixes``: the run once more with the first fix of each mismatch, all together."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from torchloupe.analysis.fixes_to_try import all_fixes, tried_sentence
from torchloupe.analysis.wording import shape_text
from torchloupe.wire.mismatches import TriedFix, TryFixes
from torchloupe.wire.problems import ERROR
from torchloupe.wire.requests import RunForward
from torchloupe.wire.traces import ForwardReport

from .command import AnySession
from .report import Report
from .target_runs import fail, timed
from .terminal import Terminal
from .text_columns import printable


def add_try_option(parser: ArgumentParser) -> None:
    """``--try-fixes``."""
    parser.add_argument(
        "--try-fixes",
        action="store_true",
        help="run once more with the first fix of each mismatch, all together and in memory alone, and say what comes of it",
    )


def try_fixes(session: AnySession, request: RunForward, report: Report) -> None:
    """With the fixes of the report's problems, where there are some."""
    fixes = all_fixes(report.problems)
    if not fixes or not report.could_run:
        return
    with timed(report, "trial"):
        reply = session.ask(TryFixes(request, fixes))
    if isinstance(reply, ForwardReport):
        report.tried = fixes, reply
    else:
        fail(report, reply)


def tried_lines(report: Report, terminal: Terminal) -> Iterator[str]:
    """What was tried, and that it passes or what is next."""
    if report.tried is None:
        return
    fixes, reply = report.tried
    errors = [problem for problem in reply.problems if problem.severity == ERROR]
    yield ""
    outputs = ", ".join(shape_text(meta.shape) for meta in reply.outputs)
    end = f"next: {errors[0].message}" if errors else f"the model runs to its end and gives {outputs or 'no tensor'}."
    yield terminal.paint(printable(f"Tried: {tried_sentence(fixes)}; {end}"), "error" if errors else "good")


def tried_object(tried: tuple[tuple[TriedFix, ...], ForwardReport]) -> dict[str, Any]:
    """The same for JSON."""
    fixes, reply = tried
    errors = [{"code": each.code, "module": each.module, "line": each.line, "message": each.message} for each in reply.problems]
    runs = not any(problem.severity == ERROR for problem in reply.problems)
    texts = list(dict.fromkeys(each.fix.text for each in fixes))
    return {"fixes": texts, "runs": runs, "outputs": [list(meta.shape) for meta in reply.outputs], "problems": errors}
