"""Which line of the user's code? Frames of torch, of the standard library and of ours are passed over."""

import os
import sys
import sysconfig
from functools import lru_cache
from types import FrameType, TracebackType
from typing import Iterator, List, Optional, Tuple

Place = Tuple[str, int]

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_EXAMPLE = os.path.join(_OURS, "resources", "")
"""In an installed package the model that comes along lies here: it is shown as the user's."""
_STDLIB = tuple(
    os.path.realpath(folder) + os.sep
    for folder in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    if folder is not None
)


class Places:
    """Knows the project of the open target: ``root`` is the folder whose files are the user's before all others."""

    def __init__(self, root: Optional[str] = None) -> None:
        self._root = os.path.realpath(root) + os.sep if root else None

    @property
    def root(self) -> Optional[str]:
        """The folder of the project, with a separator behind it."""
        return self._root

    def of_error(self, error: BaseException) -> Optional[Place]:
        """The innermost line of the user's code in an exception's traceback."""
        return self._innermost(reversed(list(_traceback_places(error.__traceback__))))

    def of_caller(self, frame: Optional[FrameType]) -> Optional[Place]:
        """The nearest line of the user's code, outwards from ``frame``."""
        while frame is not None:
            filename = frame.f_code.co_filename
            if not is_foreign(filename):
                return filename, frame.f_lineno
            frame = frame.f_back
        return None

    def is_project(self, filename: str) -> bool:
        """Whether a file is the user's own, not one of an installed package, of torch or of Python."""
        return not is_foreign(filename) and (self._root is None or self._is_in_project(filename))

    def _innermost(self, places: Iterator[Place]) -> Optional[Place]:
        fallback = None
        for filename, line in places:
            if is_foreign(filename):
                continue
            if self._root is None or self._is_in_project(filename):
                return filename, line
            fallback = fallback or (filename, line)
        return fallback

    def _is_in_project(self, filename: str) -> bool:
        assert self._root is not None
        path = os.path.realpath(filename)
        return path.startswith(self._root) and "site-packages" not in path[len(self._root) :]


@lru_cache(maxsize=4096)
def is_foreign(filename: str) -> bool:
    """Whether a file belongs to torch, to Python itself, to Torchloupe, or is no file."""
    if filename.startswith("<"):
        return True
    path = os.path.realpath(filename)
    if is_ours(filename):
        return True
    torch = sys.modules.get("torch")
    torch_file = getattr(torch, "__file__", None)
    if torch_file and path.startswith(os.path.dirname(os.path.realpath(torch_file)) + os.sep):
        return True
    return path.startswith(_STDLIB) and "site-packages" not in path and "dist-packages" not in path


@lru_cache(maxsize=4096)
def is_ours(filename: str) -> bool:
    """Whether a file is one of Torchloupe's own."""
    path = os.path.realpath(filename)
    return path.startswith(_OURS) and not path.startswith(_EXAMPLE)


def _traceback_places(traceback: Optional[TracebackType]) -> List[Place]:
    places = []
    while traceback is not None:
        places.append((traceback.tb_frame.f_code.co_filename, traceback.tb_lineno))
        traceback = traceback.tb_next
    return places
