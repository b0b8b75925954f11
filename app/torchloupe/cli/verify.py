"""What ``--verify`` says about the check sums of a checkpoint."""

from torchloupe.checkpoints.check_sums import check_sums
from torchloupe.wire.errors import CheckpointError
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem

from .progress_line import ProgressLine
from .terminal import Terminal

_MOST_NAMED = 20


def verified(path: str, terminal: Terminal) -> list[Problem]:
    """An error for each damaged member of the file, or one remark: that all are whole, or that there is nothing to compare with."""
    progress = ProgressLine(terminal)
    try:
        checked, damaged = check_sums(path, progress)
    except CheckpointError as error:
        return [Problem("checkpoint-not-verified", str(error), WARNING, error.hint)]
    finally:
        progress.clear()
    if not damaged:
        return [Problem("checkpoint-verified", f"All {checked:,} check sums of the file are right.", INFO)]
    hint = "Get the file again; torch.load would read these bytes without a word."
    more = f"{len(damaged) - _MOST_NAMED:,} more are damaged." if len(damaged) > _MOST_NAMED else ""
    found = [Problem("checkpoint-check-sum", sentence, ERROR, hint) for sentence in damaged[:_MOST_NAMED]]
    return [*found, Problem("checkpoint-check-sum", more, ERROR, hint)] if more else found
