"""One tensor saved as ``.npy``, streamed. A disk that is full leaves no half file: the name appears when everything is written."""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy_format

from ..checkpoints.values import CheckpointValues
from ..wire.contents import StoredTensor
from ..wire.errors import TorchloupeError, UsageError
from .decode import Decoder, decoder_of
from .progress import Meter, Progress, silent


def save_npy(values: CheckpointValues, tensor: StoredTensor, path: Path, force: bool = False, progress: Progress = silent) -> str:
    """Write ``path``; the numpy dtype it has: types that numpy has not (bfloat16, float8) become float32, which holds them exactly.

    Raises UsageError when the file exists and ``force`` is not set, CheckpointError when the values cannot be read, TorchloupeError
    when the file cannot be written.
    """
    if path.exists() and not force:
        raise UsageError(f"{path} exists already.", "Give another name, or --force to replace it.")
    decoder = decoder_of(tensor.dtype)
    stored = values.of(tensor)
    kind = decoder.exact(memoryview(b"")).dtype
    meter = Meter(progress, len(stored), tensor.key)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            header = {"descr": npy_format.dtype_to_descr(kind), "fortran_order": False, "shape": tensor.shape}
            npy_format.write_array_header_1_0(file, header)
            for chunk in stored.chunks():
                _write(file, decoder, chunk)
                meter.add(len(chunk))
        os.chmod(name, 0o666 & ~_mask())
        os.replace(name, path)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
    return str(np.dtype(kind))


def _write(file: BinaryIO, decoder: Decoder, chunk: memoryview) -> None:
    numbers = decoder.exact(chunk)
    file.write(chunk if numbers.nbytes == len(chunk) and numbers.dtype != np.bool_ else numbers.tobytes())


def _mask() -> int:
    """The permissions that new files are not given."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> TorchloupeError:
    return TorchloupeError(
        f"{path} cannot be written: {error.strerror or error}.", "Nothing was left behind; choose another place."
    )
