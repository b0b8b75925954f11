"""One tensor saved as ``.npy``, streamed. A disk that is full leaves no half file: the name appears when everything is written."""

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from ..checkpoints.values import CheckpointValues
from ..checkpoints.writing.new_file import new_file
from ..wire.contents import StoredTensor
from .decode import Decoder, decoder_of
from .progress import Meter, Progress, silent


def save_npy(values: CheckpointValues, tensor: StoredTensor, path: Path, force: bool = False, progress: Progress = silent) -> str:
    """Write ``path``; the numpy dtype it has: types that numpy has not (bfloat16, float8) become float32, which holds them exactly.

    Raises UsageError when the file exists and ``force`` is not set or it is the checkpoint, CheckpointError when the values cannot be
    read, TorchloupeError when the file cannot be written.
    """
    stored = values.of(tensor)
    meter = Meter(progress, len(stored), tensor.key)

    def chunks() -> Iterator[memoryview]:
        for chunk in stored.chunks():
            yield chunk
            meter.add(len(chunk))

    return save_chunks(chunks(), tensor.dtype, tensor.shape, path, force, values.files)


def save_chunks(
    chunks: Iterable[memoryview],
    dtype: str,
    shape: tuple[int, ...],
    path: Path,
    force: bool = False,
    sources: Iterable[Path] = (),
) -> str:
    """The same of values that come in chunks, row by row; ``sources`` are files that must not be replaced."""
    decoder = decoder_of(dtype)
    kind = decoder.exact(memoryview(b"")).dtype
    with new_file(path, prod(shape) * kind.itemsize, force, sources) as file:
        header = {"descr": npy_format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
        npy_format.write_array_header_1_0(file, header)
        for chunk in chunks:
            _write(file, decoder, chunk)
    return str(np.dtype(kind))


def _write(file: BinaryIO, decoder: Decoder, chunk: memoryview) -> None:
    numbers = decoder.exact(chunk)
    file.write(chunk if numbers.nbytes == len(chunk) and numbers.dtype != np.bool_ else numbers.tobytes())
