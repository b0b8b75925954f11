"""Rows of what a move would leave behind, and the sentence above them. No Qt here."""

import os

from torchloupe.analysis.wording import counted, shape_text
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Row
from torchloupe.wire.registration import LeftBehind, MovedModel, MoveModel

AS_IT_IS = "as it is"
DEVICES = ("cuda", "cuda:1", "mps", "xpu", "cpu", "meta", AS_IT_IS)
DTYPES = ("float16", "bfloat16", "float32", "float64", AS_IT_IS)


def question(device: str, dtype: str) -> MoveModel:
    """The request for what was chosen."""
    return MoveModel(None if device in ("", AS_IT_IS) else device, None if dtype in ("", AS_IT_IS) else dtype)


def move_text(asked: MoveModel) -> str:
    """The move as Python writes it."""
    words = [f"'{asked.device}'"] if asked.device else []
    words += [f"torch.{asked.dtype}"] if asked.dtype else []
    return f".to({', '.join(words)})"


def answer_text(asked: MoveModel, moved: MovedModel) -> str:
    """What came of it, in one sentence."""
    along = counted(moved.moved, "tensor")
    if not moved.left_behind:
        return f"✓ After {move_text(asked)} nothing would stay behind: {along} would come along."
    return f"✖ After {move_text(asked)} {counted(len(moved.left_behind), 'tensor')} would stay behind, {along} would come along."


def left_rows(moved: MovedModel) -> list[Row]:
    """One row for each; the key is its number."""
    return [_row(number, left) for number, left in enumerate(moved.left_behind)]


def _row(number: int, left: LeftBehind) -> Row:
    place = f"{os.path.basename(left.file)}:{left.line or 1}" if left.file else ""
    full = f"{left.file}:{left.line or 1}" if left.file else ""
    reason = plain_text(left.reason)
    cells = (left.path, reason, shape_text(left.shape), f"{left.dtype} {left.device}", left.expected, place)
    return Row(cells, number, ("error", None, None, None, "muted", "muted"), (left.path, reason, "", "", "", full))
