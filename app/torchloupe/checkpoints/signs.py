"""Tensors that are stored with other signs than they have: torch conjugates and negates by a mark beside the storage."""

from ..wire.contents import StoredTensor
from ..wire.errors import UnsupportedFormat
from .dtypes import BITS

_SIGNED = {"float16", "bfloat16", "float32", "float64"}


def sign_mask(tensor: StoredTensor) -> bytes:
    """The bits of a little endian element that are to be turned over, ``b""`` for none; raises UnsupportedFormat where the sign is
    more than a bit."""
    is_complex = tensor.dtype.startswith("complex")
    if not (tensor.negated or (tensor.conjugated and is_complex)):
        return b""
    if not is_complex and tensor.dtype not in _SIGNED:
        raise UnsupportedFormat(
            f"{tensor.key} is stored as the negative of itself, which is not read for elements of type {tensor.dtype}.",
            "Save tensor.resolve_neg() instead.",
        )
    word = BITS[tensor.dtype] // (16 if is_complex else 8)
    turned, kept = bytes(word - 1) + b"\x80", bytes(word)
    real = turned if tensor.negated else kept
    if not is_complex:
        return real
    return real + (turned if tensor.conjugated != tensor.negated else kept)


def with_signs(chunk: memoryview, mask: bytes) -> memoryview:
    """The elements of a chunk with these bits turned over."""
    count = len(chunk) // len(mask)
    turned = int.from_bytes(chunk, "little") ^ int.from_bytes(mask * count, "little")
    return memoryview(bytearray(turned.to_bytes(len(chunk), "little")))
