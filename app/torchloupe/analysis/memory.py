"""What tensors take in memory, from what is known of them."""

from math import prod

from ..wire.tensors import TensorMeta
from ..wire.traces import LayerCall

_BITS = {"bool": 8, "complex32": 32, "complex64": 64, "complex128": 128, "bits1x8": 8, "qint8": 8, "quint8": 8, "qint32": 32}


def element_bytes(dtype: str) -> int:
    """By torch's name; the digits in it are its bits (``float8_e4m3fn`` has eight). 0 for a dtype that is not known."""
    bits = _BITS.get(dtype)
    if bits is None:
        digits = "".join(letter if letter.isdigit() else " " for letter in dtype.partition("_")[0]).split()
        bits = int(digits[0]) if digits else 0
    return bits // 8


def tensor_bytes(meta: TensorMeta) -> int:
    """Of all its elements; ragged sizes count as nothing."""
    return prod(max(size, 0) for size in meta.shape) * element_bytes(meta.dtype)


def output_bytes(call: LayerCall) -> int:
    """Of what a call returned."""
    return sum(map(tensor_bytes, call.outputs))
