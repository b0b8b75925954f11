"""Plain pickle files: what pickle.dump or joblib wrote, read by the inert machine."""

from typing import Any

from ..wire.contents import CheckpointContents
from ..wire.errors import UnsupportedFormat
from .pickle_reading import Progress, read_pickle
from .source import SourceFile
from .tensor_rows import StoredRecord, broken_tensors, rows_of

_LONGEST = 512 << 20


def recognises(source: SourceFile) -> bool:
    """True for the first bytes of a pickle of protocol 2 or later."""
    head = source.head
    return len(head) > 2 and head[0] == 0x80 and 2 <= head[1] <= 5


def read(source: SourceFile, progress: Progress) -> CheckpointContents:
    """The contents of a pickle; tensors in it are shown without their values."""
    if source.size > _LONGEST:
        raise UnsupportedFormat(
            f"{source.name} is a plain pickle of {source.size:,} bytes, more than is read here.",
            "Load it where you trust it and save its tensors with torch.save.",
        )
    pickled = read_pickle(source.exactly(0, source.size, "its pickle"), source.name, "", progress)
    rows = rows_of(pickled.unfolded.tensors, _no_record)
    return CheckpointContents(
        path=str(source.path),
        format="pickle",
        file_bytes=source.size,
        bytes_read=source.bytes_read,
        tensors=tuple(rows),
        values=tuple(pickled.unfolded.values),
        globals=tuple(sorted(pickled.globals)),
        problems=(*pickled.problems, *broken_tensors(rows)),
    )


def _no_record(storage: Any) -> StoredRecord:
    del storage
    return "", 0, "Its values are not in this file."
