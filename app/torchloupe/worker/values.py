"""Parts of a parameter or buffer as raw bytes, for the window to look at."""

import ctypes

import torch

from ..analysis.tensor_slices import sliced
from ..analysis.wording import bytes_text
from ..wire.contents import StoredTensor
from ..wire.errors import UsageError
from .torch_compat import is_lazy

MOST_BYTES = 64 << 20
"""A larger part is refused: who wants more asks for it part by part."""
_NONE_HINT = "Choose another tensor."


def part_of(tensor: torch.Tensor, key: str, index: str) -> torch.Tensor:
    """The part that an index such as ``0, :, 2:5`` means, as a view. Raises UsageError when there are no such plain values."""
    if is_lazy(tensor):
        raise UsageError(f"`{key}` is lazy: it has no values before its module is called for the first time.", _NONE_HINT)
    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise UsageError(f"`{key}` is sparse or quantized, so its values are not shown one by one.", _NONE_HINT)
    if tensor.device.type == "meta":
        raise UsageError(f"`{key}` is on the meta device: it has a shape and no values.", _NONE_HINT)
    plain = tensor.detach().resolve_conj().resolve_neg()
    shape, strides = tuple(plain.shape), tuple(plain.stride())
    view = sliced(StoredTensor(key, shape, "", 0, offset=int(plain.storage_offset()), strides=strides), index)
    part = plain.as_strided(view.shape, view.strides, view.offset)
    refuse_too_large(key, part.numel() * part.element_size())
    return part


def refuse_too_large(key: str, size: int) -> None:
    """Raises UsageError when that many bytes are more than ``MOST_BYTES``."""
    if size > MOST_BYTES:
        raise UsageError(
            f"This part of `{key}` takes {bytes_text(size)}; {bytes_text(MOST_BYTES)} are sent at most.", "Take less."
        )


def raw_bytes(part: torch.Tensor) -> bytes:
    """Its elements in row-major order; numpy is not needed for that."""
    dense = part.contiguous().cpu()
    return ctypes.string_at(dense.data_ptr(), dense.numel() * dense.element_size()) if dense.numel() else b""
