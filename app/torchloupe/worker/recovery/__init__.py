"""Going on after a mismatch: a failed pass is repeated with stand-ins for what failed, so that one run finds all there is to repair."""

from .all_mismatches import Mismatches, every_mismatch

__all__ = ["Mismatches", "every_mismatch"]
