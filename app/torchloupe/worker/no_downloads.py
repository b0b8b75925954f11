"""While a target is imported and constructed, nothing is downloaded: connections to other machines are refused at once."""

import socket
import sys
from contextlib import contextmanager
from types import FrameType
from typing import Any, Iterator, List, Optional
from urllib.parse import urlsplit

from ..wire.problems import Fix, Problem
from .explain import details_of
from .places import Places

_PATIENCE = 2
_LOCAL_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", ""}


class DownloadRefused(ConnectionError):
    """A connection was not made. A constructor that has something else to fall back on may catch it."""


class DownloadInsisted(BaseException):
    """The same again and again: whoever tries once more after a pause is stopped here."""


class Refusals:
    """What was refused so far."""

    def __init__(self) -> None:
        self.places: List[str] = []

    def refuse(self, host: str) -> None:
        """Refuse a connection to a host. Raises ``DownloadRefused``."""
        self.places.append(_address_on_the_way() or host)
        kind = DownloadRefused if len(self.places) <= _PATIENCE else DownloadInsisted
        raise kind(f"downloads are off: {self.places[-1]}")

    def problem(self, error: BaseException, code: str, who: str, places: Places) -> Optional[Problem]:
        """Why ``error`` came up, when it came of a refusal."""
        if not self.places:
            return None
        file, line = places.of_error(error) or (None, None)
        address = self.places[0]
        host = urlsplit(address).hostname or address
        what = f"{who} wants to download from {host}"
        what += f" ({address})." if address != host else "."
        text = "Allow downloads and open it again."
        return Problem(
            code,
            f"{what} Downloads are off.",
            hint="Allow them with --allow-downloads, or construct it without pretrained weights.",
            file=file,
            line=line,
            fixes=(Fix("allow_downloads", text, value=True),),
            data={"host": host, "addresses": list(dict.fromkeys(self.places))},
            details=details_of(error),
        )


@contextmanager
def no_downloads(allowed: bool = False) -> Iterator[Refusals]:
    """Inside, this process reaches itself and this machine only; with ``allowed`` everything."""
    refusals = Refusals()
    if allowed:
        yield refusals
        return
    look_up, inherited = socket.getaddrinfo, {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}

    def looked_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_here(host):
            refusals.refuse(_text(host))
        return look_up(host, *args, **kwargs)

    def connecting(name: str) -> Any:
        def connect(self: socket.socket, address: Any) -> Any:
            far = self.family in (socket.AF_INET, socket.AF_INET6) and self.type & 0xF != socket.SOCK_DGRAM
            if far and isinstance(address, tuple) and not _is_here(address[0]):
                refusals.refuse(_text(address[0]))
            return inherited[name](self, address)

        return connect

    own = {name: name in vars(socket.socket) for name in inherited}
    for name in inherited:
        setattr(socket.socket, name, connecting(name))
    socket.getaddrinfo = looked_up
    try:
        yield refusals
    finally:
        socket.getaddrinfo = look_up
        for name, value in inherited.items():
            if own[name]:
                setattr(socket.socket, name, value)
            else:
                delattr(socket.socket, name)


def _text(host: Any) -> str:
    return host.decode(errors="replace") if isinstance(host, bytes) else str(host)


def _is_here(host: Any) -> bool:
    name = _text(host).lower() if host is not None else ""
    return (
        name in _LOCAL_NAMES
        or name.startswith("127.")
        or name in ("::1", "0.0.0.0", "::")
        or name == socket.gethostname().lower()
    )


def _address_on_the_way() -> Optional[str]:
    """The address that somebody on the way here was asked for: the outermost variable that is one."""
    frame: Optional[FrameType] = sys._getframe(2)
    found = None
    while frame is not None:
        for name in ("url", "fullurl", "uri", "endpoint"):
            value = frame.f_locals.get(name)
            if isinstance(value, str) and value.startswith(("http://", "https://", "ftp://")):
                found = value
        frame = frame.f_back
    return found
