"""Environments beside a file and above it. They are started unasked, so only those count that no other user can have put there."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from torchloupe.wire.errors import UsageError

from .interpreters import resolve_interpreter

WINDOWS = os.name == "nt"
_NAMES = (".venv", "venv", "env")


def environments_above(near: Path, home: Path) -> Iterator[Path]:
    """Those in ``near`` and above it, up to the root of the repository, the home folder or the top, whichever comes first."""
    lowest, last = Path(os.path.abspath(near)), os.path.realpath(home)
    for folder in (lowest, *lowest.parents):
        yield from (folder / name for name in _NAMES if _is_trusted(folder / name))
        if os.path.lexists(folder / ".git") or os.path.realpath(folder) == last:
            return


def _is_trusted(environment: Path) -> bool:
    """It is an environment, and on Windows that is all that is asked."""
    mark = environment / "pyvenv.cfg"
    try:
        if not os.path.isfile(mark):
            return False
        python = Path(resolve_interpreter(str(environment)))
        return WINDOWS or all(map(_is_in_good_hands, (environment, mark, python.parent, python)))
    except (UsageError, OSError):
        return False


def _is_in_good_hands(path: Path) -> bool:
    """It belongs to this user or to the system, as does a link that it is, and nobody else may write to it."""
    state = os.stat(path)
    others = state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others == stat.S_IWGRP and _is_group_of_one(state.st_gid):
        others = 0
    return not others and {state.st_uid, os.lstat(path).st_uid} <= {0, os.geteuid()}


def _is_group_of_one(group: int) -> bool:
    """The private group that many systems give to each user; there new files can be written to by it."""
    import grp  # not on Windows, where nobody comes here
    import pwd

    try:
        user, entry = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return entry.gr_name == user and set(entry.gr_mem) <= {user}
