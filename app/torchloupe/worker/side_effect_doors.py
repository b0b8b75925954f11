"""The functions through which Python code reaches files, processes and hosts, what each call of them does, and what stands for it."""

import builtins
import errno
import io
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Callable, List, Optional

import torch

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NAMELESS = getattr(os, "O_TMPFILE", -1)


@dataclass(frozen=True)
class Deed:
    """``verb`` with the ``path`` of a file, or with ``what`` else it is done to. ``source`` is the path from which a file is moved.

    ``needs`` says whether the path has to be there (True) or must not be (False) for anything to happen.
    """

    verb: str
    path: Optional[str] = None
    what: str = ""
    source: Optional[str] = None
    needs: Optional[bool] = None


@dataclass(frozen=True)
class Door:
    """The function ``name`` of ``holder``. ``deed`` says what a call would do (None: nothing that lasts); ``instead`` is called with
    the function and the arguments where it must not happen."""

    holder: Any
    name: str
    deed: Callable[..., Optional[Deed]]
    instead: Callable[..., Any]


def doors() -> List[Door]:
    """All of them; of libraries those that are loaded."""
    serialization: Any = torch.serialization
    found = [
        Door(builtins, "open", _opened, _open_nowhere),
        Door(io, "open", _opened, _open_nowhere),
        Door(os, "open", _opened_by_flags, _open_nowhere_by_flags),
        *(Door(os, name, _on_path("deletes", True), _nothing) for name in ("remove", "unlink", "rmdir")),
        Door(os, "mkdir", _on_path("makes the folder", False), _nothing),
        Door(os, "truncate", _on_path("writes", True), _nothing),
        *(Door(os, name, _moved, _nothing) for name in ("rename", "replace")),
        *(Door(os, name, _linked, _nothing) for name in ("link", "symlink") if hasattr(os, name)),
        Door(os, "system", lambda command: Deed("starts", what=_text(command)), _refuse),
        Door(subprocess.Popen, "__init__", _started, _refuse),
        *(Door(socket.socket, name, _connected, _refuse) for name in ("connect", "connect_ex")),
        Door(socket.socket, "sendto", lambda _self, _data, *rest: _address(rest[-1]), _refuse),
    ]
    if hasattr(serialization, "_open_zipfile_writer"):  # what torch.save opens a path with, past Python's own files
        found.append(Door(serialization, "_open_zipfile_writer", _saved, lambda original, _: original(io.BytesIO())))
    sqlite = sys.modules.get("sqlite3")
    if sqlite is not None:
        found.append(Door(sqlite, "connect", _database, lambda original, *_, **__: original(":memory:")))
    return found


def _opened(file: Any, mode: str = "r", *_: Any, **__: Any) -> Optional[Deed]:
    """A folder is opened for writing by tempfile, whose opener makes the file."""
    path = _path(file) if set(mode) & set("wax+") else None
    return Deed("writes", path) if path is not None and not os.path.isdir(path) else None


def _open_nowhere(original: Any, _file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    return original(os.devnull, mode.replace("x", "w"), *args, **{key: each for key, each in kwargs.items() if key != "opener"})


def _opened_by_flags(path: Any, flags: int, *_: Any, **named: Any) -> Optional[Deed]:
    if not flags & _WRITING or flags & _NAMELESS == _NAMELESS or _path(path) is None:
        return None
    return Deed("writes", _path(path, named.get("dir_fd")))


def _open_nowhere_by_flags(original: Any, _path: Any, flags: int, *_: Any, **__: Any) -> Any:
    return original(os.devnull, flags & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC))


def _on_path(verb: str, needs: bool) -> Callable[..., Optional[Deed]]:
    def deed(path: Any, *_: Any, **named: Any) -> Optional[Deed]:
        found = _path(path, named.get("dir_fd"))
        return Deed(verb, found, needs=needs) if found is not None else None

    return deed


def _moved(source: Any, path: Any, *_: Any, **named: Any) -> Optional[Deed]:
    found = _path(path, named.get("dst_dir_fd"))
    return Deed("writes", found, source=_path(source, named.get("src_dir_fd"))) if found is not None else None


def _linked(_source: Any, path: Any, *_: Any, **named: Any) -> Optional[Deed]:
    return Deed("writes", _path(path, named.get("dst_dir_fd", named.get("dir_fd"))))


def _started(_self: Any, args: Any, *_: Any, **__: Any) -> Deed:
    words = [args] if isinstance(args, (str, bytes, os.PathLike)) else list(args)
    return Deed("starts", what=" ".join(_text(word) for word in words))


def _connected(_self: socket.socket, address: Any) -> Optional[Deed]:
    return _address(address)


def _address(address: Any) -> Optional[Deed]:
    """Hosts; a socket in the file system leads to a process of this machine, and not by the model's doing."""
    return Deed("connects to", what=f"{_text(address[0])}:{address[1]}") if isinstance(address, tuple) else None


def _saved(file: Any) -> Optional[Deed]:
    return Deed("writes", _path(file)) if isinstance(file, (str, os.PathLike)) else None


def _database(path: Any, *_: Any, **__: Any) -> Optional[Deed]:
    return Deed("writes", _path(path)) if _text(path) not in (":memory:", "") else None


def _nothing(_original: Any, *_: Any, **__: Any) -> None:
    return None


def _refuse(_original: Any, *_: Any, **__: Any) -> Any:
    raise PermissionError(errno.EPERM, "This pass only tries an input: nothing is started or reached")


def _path(path: Any, folder: Optional[int] = None) -> Optional[str]:
    """A path as text; None for a descriptor, and for one within a folder that is known by a descriptor only."""
    if isinstance(path, int):
        return None
    if folder is None:
        return os.fsdecode(path)
    try:
        return os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))
    except OSError:
        return None


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
