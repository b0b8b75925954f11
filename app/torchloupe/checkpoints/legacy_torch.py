"""Files from before torch 1.6: recognised and named, not read."""

from ..wire.contents import CheckpointContents
from ..wire.errors import UnsupportedFormat
from .pickle_reading import Progress
from .source import SourceFile
from .torch_zip import recognises_late_start

LEGACY_MAGIC = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")
"""The pickle of the number that torch writes first."""
_TAR_MAGIC_AT = 257
_HINT = "Where you trust it, run torch.save(torch.load(FILE, map_location='cpu'), NEW_FILE) with a newer torch, and open the new file."


def recognises(source: SourceFile) -> bool:
    """True for the format of torch 0.1.10 to 1.5, and for any tar file."""
    return source.head.startswith(LEGACY_MAGIC) or source.head[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar"


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """Never returns: raises UnsupportedFormat that says which old format it is."""
    del progress
    if source.head.startswith(LEGACY_MAGIC):
        also = " A zip file is joined to its end: two formats in one file." if recognises_late_start(source) else ""
        raise UnsupportedFormat(
            f"{source.name} is in torch's format from before version 1.6, which is not read here.{also}", _HINT
        )
    first = source.head[:100].rstrip(b"\0")
    if first in (b"sys_info", b"pickle", b"storages", b"tensors", b"./sys_info"):
        raise UnsupportedFormat(
            f"{source.name} is in torch's first format, a tar file of torch 0.1, which is not read here.", _HINT
        )
    raise UnsupportedFormat(f"{source.name} is a tar file.", "Unpack it and open the checkpoint inside.")
