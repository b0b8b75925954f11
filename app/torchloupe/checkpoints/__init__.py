"""Read what is inside a checkpoint file without torch and without running anything from it: one file per format.

Standard library and ``wire`` only, Python 3.9 spelling.
"""

from .formats import read_contents

__all__ = ["read_contents"]
