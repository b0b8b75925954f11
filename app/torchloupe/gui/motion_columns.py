"""What each row of a table of motions begins with, whether a step moved the weights or two checkpoints differ in them. No widget here."""

from torchloupe.analysis.step.motion_series import MEANT, MOVED, STILL
from torchloupe.analysis.step.wording import percent_text
from torchloupe.analysis.wording import number_text
from torchloupe.gui.text_table import Column
from torchloupe.wire.steps import ParameterMotion

MOTION_COLUMNS = (
    Column("Moved", 8.8),
    Column("Weight", 5, right=True),
    Column("Update", 5.2, right=True),
    Column("Changed", 5, right=True),
    Column("Dtype", 5),
)
"""They stand behind the key."""
MARKS = {STILL: "✖ ", MEANT: "– ", MOVED: "Δ "}
ROLES = {STILL: "error", MEANT: "muted", MOVED: "accent"}
"""How the three states are drawn, in tables and in the plot: never by colour alone."""


def number_cells(motion: ParameterMotion) -> tuple[str, str, str, str]:
    """What stands in the columns behind ``Moved``."""
    norms = number_text(motion.weight_norm), number_text(motion.update_norm)
    return *norms, percent_text(motion.changed_fraction), motion.dtype
