"""What the values that flow mean: NaN and Inf, dead units, sizes that explode, two modes side by side."""

from .run_findings import COARSE, findings_of, needs_closer_look, sharpest

__all__ = ["COARSE", "findings_of", "needs_closer_look", "sharpest"]
