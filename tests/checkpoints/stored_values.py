"""The values of a stored tensor, read by the place that its row names: the proof that the place is right."""

from pathlib import Path

import numpy

from torchloupe.wire.contents import StoredTensor


def values_of(path: Path, row: StoredTensor) -> numpy.ndarray:
    """The array of a row whose place is a range of bytes; ``path`` is the checkpoint, or its folder when the row names a file."""
    begin, end = map(int, row.stored_at.split(":"))
    file = path if row.file is None else (path if path.is_dir() else path.parent) / row.file
    with file.open("rb") as stream:
        stream.seek(begin)
        stored = stream.read(end - begin)
    return array_of(stored, row)


def array_of(stored: bytes, row: StoredTensor) -> numpy.ndarray:
    """The array of a row in the bytes of its storage."""
    kind = numpy.dtype(row.dtype).newbyteorder(">" if row.big_endian else "<")
    flat = numpy.frombuffer(stored, kind)[row.offset :]
    steps = tuple(step * kind.itemsize for step in row.strides)
    return numpy.lib.stride_tricks.as_strided(flat, row.shape, steps)
