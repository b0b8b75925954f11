"""Does the code that called this catch what is raised here? Then a failure is part of the model's plan."""

import ast
import linecache
from functools import lru_cache
from types import CodeType, FrameType
from typing import Optional, Tuple

from ..places import is_foreign


def is_guarded(frame: Optional[FrameType], outermost: CodeType) -> bool:
    """Whether a frame between ``frame`` and the one that runs ``outermost`` is inside of a ``try`` with an ``except``."""
    while frame is not None and frame.f_code is not outermost:
        file, line = frame.f_code.co_filename, frame.f_lineno
        if not is_foreign(file) and any(first <= line <= last for first, last in _guarded_lines(file)):
            return True
        frame = frame.f_back
    return False


@lru_cache(maxsize=256)
def _guarded_lines(file: str) -> Tuple[Tuple[int, int], ...]:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return ()
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Try) and node.handlers]
    return tuple((node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno) for node in found)
