"""Going on after a mismatch: a failed pass is repeated with stand-ins for what failed, so that one run finds all there is to repair."""

from .all_mismatches import every_mismatch

__all__ = ["every_mismatch"]
