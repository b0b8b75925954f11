"""A file that appears under its name when it is whole: a full disk, a cancel or a crash leaves no half file and no lost one."""

import contextlib
import os
import re
import secrets
import shutil
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Iterable, Iterator

from ...wire.errors import TorchloupeError, UsageError

fcntl: Any = None
with contextlib.suppress(ImportError):  # Windows, where nobody can remove a file that is open
    import fcntl

_LONGEST_NAME = 40
_PART = ".torchloupe.part"
_PART_NAME = re.compile(rf"\..{{1,{_LONGEST_NAME}}}\.[0-9a-f]{{8}}{re.escape(_PART)}", re.DOTALL)
_LEFT_SECONDS = 60
"""A part that was last written before that and is held by nobody was left by a process that was killed."""


@contextmanager
def new_file(goal: Path, size: int = 0, overwrite: bool = False, sources: Iterable[Path] = ()) -> Iterator[BinaryIO]:
    """A file to write, beside ``goal`` under another name; it becomes ``goal`` when the block ends without an error.

    ``size`` is about how large it will be, ``sources`` are files that must not be replaced. Raises UsageError when ``goal`` may not
    be written at all, TorchloupeError when the system refuses; what stood there before then stands there still.
    """
    real = Path(os.path.realpath(goal))
    _refuse(goal, real, overwrite, sources)
    _remove_left_parts(real.parent)
    part = real.parent / f".{real.name[:_LONGEST_NAME]}.{secrets.token_hex(4)}{_PART}"
    try:
        free = shutil.disk_usage(real.parent)
        if free.total and free.free < size:
            raise TorchloupeError(
                f"{goal} needs {size:,} bytes and the disk has {free.free:,} free.", "Make room, or choose another place."
            )
        with open(part, "xb") as file:
            with contextlib.suppress(OSError):  # a file system without locks
                _hold(file)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if fcntl is not None:  # still held: nobody takes it for one that was left
                _appear(part, real, overwrite)
        if fcntl is None:  # Windows gives no other name to a file that is open
            _appear(part, real, overwrite)
    except FileExistsError:
        raise _exists(goal) from None
    except OSError as error:
        raise TorchloupeError(
            f"{goal} cannot be written: {error.strerror or error}.", "Nothing was left behind; choose another place."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


def _remove_left_parts(folder: Path) -> None:
    """What a process that was killed left there of a file. One that is still being written is held by its process."""
    for part in folder.glob(f".*{_PART}"):
        with contextlib.suppress(OSError):
            state = part.lstat()
            is_ours = stat.S_ISREG(state.st_mode) and _PART_NAME.fullmatch(part.name) is not None
            if is_ours and time.time() - state.st_mtime > _LEFT_SECONDS:
                with open(part, "rb+", opener=_open_no_link) as file:
                    _hold(file)
                os.unlink(part)


def _open_no_link(path: str, flags: int) -> int:
    """It may have become a link since it was looked at."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))


def _hold(file: BinaryIO) -> None:
    """As long as it is open; raises OSError when another process holds it."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _refuse(goal: Path, real: Path, overwrite: bool, sources: Iterable[Path]) -> None:
    if not real.exists():
        return
    if not real.is_file():
        raise UsageError(f"{goal} is no regular file.", "Give the name of a file.")
    if any(source.exists() and source.samefile(real) for source in sources):
        raise UsageError(f"{goal} is read for this, and is never written.", "Give another name.")
    if not overwrite:
        raise _exists(goal)


def _exists(goal: Path) -> UsageError:
    return UsageError(f"{goal} exists already.", "Give another name, or allow it to be replaced.")


def _appear(part: Path, goal: Path, overwrite: bool) -> None:
    """Give it its name. Without ``overwrite`` a file that has come there meanwhile stays."""
    if overwrite:
        os.replace(part, goal)
        return
    try:
        os.link(part, goal)
    except FileExistsError:
        raise
    except (OSError, AttributeError):  # a file system without hard links
        if goal.exists():
            raise FileExistsError from None
        os.rename(part, goal)
