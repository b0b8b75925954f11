"""What a pass does outside of the model: files that it writes, deletes or moves, processes that it starts, hosts that it speaks to.

The doors to all that are watched only inside the context. An audit hook would see more (a name that was imported from ``os``), but
cannot be taken away again, and makes every ``id()`` of the process four times as slow.
"""

import functools
import io
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import FrameType
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from torch import nn

from .context import Context
from .module_tree import walk_modules
from .open_files import KnownFiles, changed_files, open_files
from .places import Place, Places, is_foreign, is_ours
from .side_effect_doors import Deed, Door, doors

_MACHINERY = ("importlib", "/torch/_dynamo/", "/torch/_inductor/", "/torch/_functorch/", "/triton/", "/numba/", "linecache.py")
"""What these write is a cache of theirs."""
_NOT_A_FILE = ("/dev/", "/proc/")


@dataclass(frozen=True)
class _Noted:
    deed: Deed
    path: Optional[str]
    place: Place
    existed: bool

    def sentence(self) -> str:
        """What was done, to what, at which line."""
        file, line = self.place
        return f"{self.deed.verb} {self.path or self.deed.what} (line {line} of {os.path.basename(file)})"


class SideEffects:
    """A context in which ``noted`` fills. ``files`` are open files of the model's, whose buffers are emptied before one looks.

    With ``diverted`` it does not happen: what is written goes nowhere, what would be deleted stays, nothing is started or reached.
    Temporary files are made all the same. ``happened`` is what could not be helped: a file that was open before, and is none of
    ``files``.
    """

    def __init__(self, places: Optional[Places] = None, diverted: bool = False, files: Iterable[Any] = ()) -> None:
        self._places = places or Places()
        self._diverted = diverted
        self._files = KnownFiles(files)
        self._noted: List[_Noted] = []
        self._temporary: Set[str] = set()
        self._written: Tuple[str, ...] = ()
        self._changed: Tuple[str, ...] = ()
        self._replaced: List[Tuple[Any, str, Any, bool]] = []

    @property
    def noted(self) -> Tuple[str, ...]:
        """A clause for each deed, the first of each kind on each line: ``writes /tmp/log.csv (line 12 of model.py)``.

        What was made and is gone again was temporary.
        """
        told = [each.sentence() for each in self._noted if each.existed or self._is_diverted(each) or _lies_there(each.path)]
        paths = {each.path for each in self._noted}
        return tuple(
            dict.fromkeys([*told, *(f"writes {path}" for path in (*self._written, *self._changed) if path not in paths)])
        )

    @property
    def happened(self) -> Tuple[str, ...]:
        """``noted``, without what was diverted."""
        return tuple(f"writes {path}" for path in self._changed) if self._diverted else self.noted

    def __enter__(self) -> "SideEffects":
        self._files.flush()
        self._before = open_files()
        if self._diverted:
            self._files.divert()
        for door in doors():
            inherited = getattr(door.holder, door.name)
            self._replaced.append((door.holder, door.name, inherited, door.name in vars(door.holder)))
            setattr(door.holder, door.name, self._watched(door, inherited))
        return self

    def __exit__(self, *_: object) -> None:
        for holder, name, inherited, is_own in reversed(self._replaced):
            if is_own:
                setattr(holder, name, inherited)
            else:
                delattr(holder, name)
        self._replaced.clear()
        self._files.flush()
        self._written = self._files.put_back()
        self._changed = tuple(path for path in changed_files(self._before) if not self._is_temporary(path))

    def _watched(self, door: Door, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def through(*args: Any, **kwargs: Any) -> Any:
            noted = self._looked_at(door, args, kwargs, sys._getframe(1))
            if noted is None:
                return original(*args, **kwargs)
            if self._is_diverted(noted):
                self._noted.append(noted)
                return door.instead(original, *args, **kwargs)
            result = original(*args, **kwargs)
            self._noted.append(noted)
            return result

        return through

    def _looked_at(self, door: Door, args: Tuple[Any, ...], kwargs: Dict[str, Any], frame: FrameType) -> Optional[_Noted]:
        """The deed that a call is about to do; None for one that does nothing, or not on behalf of the user's code."""
        try:
            deed = door.deed(*args, **kwargs)
        except Exception:  # called in a way that the function itself will refuse
            return None
        place = self._place(frame) if deed is not None else None
        if deed is None or place is None:
            return None
        path = os.path.abspath(deed.path) if deed.path is not None else None
        if path is not None:
            if path.startswith(_NOT_A_FILE) or path == os.path.abspath(os.devnull):
                return None
            if os.path.basename(frame.f_code.co_filename) == "tempfile.py":
                self._temporary.add(path)
        made = {each.path for each in self._noted if not each.existed}
        is_new = path in made or (deed.source is not None and os.path.abspath(deed.source) in made)
        exists = path is None or os.path.lexists(path)
        if deed.needs not in (None, exists) and path not in made:
            return None
        return _Noted(deed, path, place, exists and not is_new)

    def _place(self, frame: Optional[FrameType]) -> Optional[Place]:
        """The user's line, that of the project before one of a package; None where it is the business of others."""
        found: Optional[Place] = None
        while frame is not None:
            file = frame.f_code.co_filename
            if any(part in file.replace("\\", "/") for part in _MACHINERY):
                return None
            if self._places.is_project(file):
                return file, frame.f_lineno
            if found is not None and is_ours(file):
                return found
            if found is None and not is_foreign(file):
                found = file, frame.f_lineno
            frame = frame.f_back
        return found

    def _is_diverted(self, noted: _Noted) -> bool:
        return self._diverted and not (noted.path is not None and self._is_temporary(noted.path))

    def _is_temporary(self, path: str) -> bool:
        return any(path == each or path.startswith(each + os.sep) for each in self._temporary)


def not_again(context: Context, places: Places, model: nn.Module) -> "AbstractContextManager[Any]":
    """For a pass that nobody asked for: it has no side effects where the run before had some."""
    if not context.state.get("side_effects"):
        return nullcontext()
    values = [value for _, module in walk_modules(model) for value in vars(module).values()]
    return SideEffects(places, diverted=True, files=[value for value in values if issubclass(type(value), io.IOBase)])


def _lies_there(path: Optional[str]) -> bool:
    return path is not None and os.path.lexists(path)
