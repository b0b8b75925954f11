"""``diff --export``: the checkpoint in a new file, as the other side wants it."""

from pathlib import Path

from torchloupe.analysis.converted_export import conversion_lines, converted_export
from torchloupe.analysis.diff_rows import StateDictDiff
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import TorchloupeError, UsageError

from .progress_line import ProgressLine
from .report import Exported, Report, problem_of
from .report_files import STANDARD_OUTPUT
from .target_runs import timed
from .terminal import Terminal


def check_goal(goal: str | None) -> None:
    """Before anything is read or run. Raises ``UsageError`` when there is a file already."""
    if goal and Path(goal).exists():
        raise UsageError(f"{goal} exists already.", "Give another name; nothing is written over.")


def export(
    report: Report, diff: StateDictDiff, contents: CheckpointContents, container: str, goal: str, terminal: Terminal
) -> None:
    """Write it, and put into the report what was done and what was dropped."""
    from torchloupe.checkpoints.writing import write_checkpoint  # few runs need it

    progress = ProgressLine(terminal)
    try:
        plan = converted_export(diff, contents, container)
        with timed(report, "write"):
            written = write_checkpoint(contents, plan.named, Path(goal), False, progress)
    except TorchloupeError as error:
        report.fail(problem_of(error))
    except KeyboardInterrupt:
        report.fail(cancelled=True)
    else:
        report.exported = Exported(plan, written, tuple(conversion_lines(plan, written.path, written.bytes)))
    finally:
        progress.clear()


def write_reports(report: Report, diff: StateDictDiff, markdown: str | None, page: str | None) -> list[str]:
    """The comparison as Markdown and as HTML, each into a new file; what is to go to standard output comes back."""
    from torchloupe.analysis.report.diff_section import diff_document
    from torchloupe.analysis.report.document import without_home
    from torchloupe.analysis.report.html import document_html
    from torchloupe.analysis.report.markdown import document_markdown
    from torchloupe.checkpoints.writing.new_file import new_file

    printed, document = [], without_home(diff_document(diff, report.sides), str(Path.home()))
    for goal, draw in ((markdown, document_markdown), (page, document_html)):
        if goal == STANDARD_OUTPUT:
            printed.append(draw(document))
        elif goal:
            data = draw(document).encode("utf-8")
            with new_file(Path(goal), len(data)) as file:
                file.write(data)
    return printed
