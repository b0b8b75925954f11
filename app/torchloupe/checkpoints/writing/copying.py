"""The values of stored tensors copied into a file that is being written, and how far that is."""

from typing import IO, Callable

from ..values import TensorBytes

CHUNK_BYTES = 1 << 20

Progress = Callable[[int, int, str], None]
"""Told (done, total, what), in bytes. Cancels by raising."""


class Copying:
    """Copies tensors one after the other; ``total`` is how many bytes there will be."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._tell, self._done, self._total = progress, 0, total
        self._memory = bytearray(CHUNK_BYTES)

    def copy(self, values: TensorBytes, file: IO[bytes]) -> None:
        """All of one tensor, little endian and in row-major order. Raises CheckpointError, OSError, and what ``progress`` raises."""
        chunk_elements = CHUNK_BYTES // values.item_bytes
        self._tell(self._done, self._total, values.tensor.key)
        for chunk in values.chunks(chunk_elements, self._memory):
            file.write(chunk)
            self._done += len(chunk)
            self._tell(self._done, self._total, values.tensor.key)
