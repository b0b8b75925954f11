"""A safetensors file written from stored tensors: the header first, which says where every tensor will lie, then their values."""

import json
from typing import Any, BinaryIO, Dict, Mapping, Sequence, Tuple

from ...wire.contents import StoredTensor
from ...wire.errors import UnsupportedFormat, UsageError
from ..dtypes import BITS, SAFETENSORS
from ..values import CheckpointValues
from .copying import Copying
from .torch_zip import storages_of

_CODES = {dtype: code for code, dtype in SAFETENSORS.items()}
_METADATA = "__metadata__"
_MAX_HEADER = 100_000_000
_ALIGNED = 8
_OTHERWISE = "Write a .pt file instead."


class SafetensorsLayout:
    """Raises UnsupportedFormat or UsageError for what the format cannot say."""

    shared = 0

    def __init__(self, named: Sequence[Tuple[str, StoredTensor]], sizes: Sequence[int], metadata: Mapping[str, str]) -> None:
        # Large elements first: so all of them are aligned.
        self._ordered = sorted(zip(named, sizes), key=lambda each: -BITS.get(each[0][1].dtype, 0))
        self.bytes = sum(sizes)
        self.repeated = len(named) - len(storages_of(named))
        self._header = self._packed_header(metadata)

    def write(self, file: BinaryIO, values: CheckpointValues, copying: Copying) -> None:
        """Header and values."""
        file.write(self._header)
        for (_, tensor), _ in self._ordered:
            copying.copy(values.of(tensor), file)

    def _packed_header(self, metadata: Mapping[str, str]) -> bytes:
        entries: Dict[str, Any] = {_METADATA: metadata}
        at = 0
        for (key, tensor), size in self._ordered:
            if key == _METADATA:
                raise UsageError(f"A tensor of a safetensors file cannot be called {_METADATA}.", "Rename it.")
            if tensor.dtype not in _CODES:
                raise UnsupportedFormat(f"{tensor.key} is {tensor.dtype}, which safetensors does not have.", _OTHERWISE)
            entries[key] = {"dtype": _CODES[tensor.dtype], "shape": tensor.shape, "data_offsets": (at, at + size)}
            at += size
        try:
            text = json.dumps(entries, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        except UnicodeEncodeError:
            raise UnsupportedFormat("A key is no valid Unicode text, which safetensors wants.", _OTHERWISE) from None
        text += b" " * (-len(text) % _ALIGNED)
        if len(text) > _MAX_HEADER:
            raise UnsupportedFormat(f"The keys take {len(text):,} bytes; safetensors allows {_MAX_HEADER:,}.", _OTHERWISE)
        return len(text).to_bytes(8, "little") + text
