"""A state_dict written as a new file: the values are copied chunk by chunk, only keys and header are made anew.

Standard library, ``wire`` and the readers beside it; Python 3.9 spelling.
"""

from .checkpoint import SUFFIXES, write_checkpoint

__all__ = ["SUFFIXES", "write_checkpoint"]
