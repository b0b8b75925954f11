"""From the bytes of a chunk to numbers, for every plain dtype: views where numpy knows the type, tables and shifts where not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..wire.errors import UnsupportedFormat

Numbers = NDArray[Any]

_NATIVE = {
    "float32": "<f4", "float64": "<f8", "float16": "<f2",
    "int8": "i1", "int16": "<i2", "int32": "<i4", "int64": "<i8",
    "uint8": "u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8",
    "complex64": "<c8", "complex128": "<c16",
}  # fmt: skip
_HALF_INF, _MINUS_HALF_INF = 0x7C00, 0xFC00
"""What is coded from here on is infinite or NaN."""
_EIGHT_BITS = {
    # exponent bits, bias, and what a code is besides a number: "ieee" has infinities, "fn" only NaN, "fnuz" one NaN at -0
    "float8_e4m3fn": (4, 7, "fn"),
    "float8_e5m2": (5, 15, "ieee"),
    "float8_e4m3fnuz": (4, 8, "fnuz"),
    "float8_e5m2fnuz": (5, 16, "fnuz"),
    "float8_e8m0fnu": (8, 127, "power"),
}


@dataclass(frozen=True)
class Decoder:
    """How a dtype is read. ``exact`` gives its own values (float32 where numpy has no such type), ``measured`` floats to count with:
    float32 where that holds every value of the dtype, float64 for integers and float64; complex stays complex. Values that must be
    turned into float32 are put into ``room``, an array at least as long, when it is given.
    """

    dtype: str
    item_bytes: int
    exact: Callable[[memoryview], Numbers]
    measured: "Measured"
    is_complex: bool = False
    is_float: bool = True


class Measured(Protocol):
    """Floats to count with."""

    def __call__(self, chunk: memoryview, room: Numbers | None = None, /) -> Numbers: ...


@lru_cache(maxsize=None)
def decoder_of(dtype: str) -> Decoder:
    """The decoder of a dtype by torch's name; raises UnsupportedFormat for one whose elements are no plain numbers."""
    if dtype in _NATIVE:
        return _native(dtype, np.dtype(_NATIVE[dtype]))
    if dtype == "bfloat16":
        return Decoder(dtype, 2, _bfloat16, _bfloat16)
    if dtype == "bool":
        return Decoder(dtype, 1, _truth, _measured_as(np.float32, _truth), is_float=False)
    if dtype == "complex32":
        return Decoder(dtype, 4, _half_complex, _as_it_is(_half_complex), is_complex=True)
    if dtype in _EIGHT_BITS:
        looked_up = _by_table(eight_bit_values(dtype))
        return Decoder(dtype, 1, looked_up, looked_up)
    raise UnsupportedFormat(
        f"Values of type {dtype} are not plain numbers and are not decoded here.", "Load the checkpoint with torch to see them."
    )


def _native(dtype: str, kind: "np.dtype[Any]") -> Decoder:
    def exact(chunk: memoryview) -> Numbers:
        numbers: Numbers = np.frombuffer(chunk, kind)
        return numbers

    if kind.kind == "c" or dtype in ("float32", "float64"):
        return Decoder(dtype, kind.itemsize, exact, _as_it_is(exact), kind.kind == "c")
    if dtype == "float16":
        return Decoder(dtype, 2, exact, _float16)
    return Decoder(dtype, kind.itemsize, exact, _measured_as(np.float64, exact), is_float=False)


def _as_it_is(exact: Callable[[memoryview], Numbers]) -> Measured:
    return lambda chunk, _room=None: exact(chunk)


def _measured_as(kind: type, exact: Callable[[memoryview], Numbers]) -> Measured:
    return lambda chunk, _room=None: exact(chunk).astype(kind)


def _room_for(count: int, room: Numbers | None) -> Numbers:
    return np.empty(count, np.float32) if room is None else room[:count]


def _bfloat16(chunk: memoryview, room: Numbers | None = None) -> Numbers:
    """The upper half of a float32."""
    words = np.frombuffer(chunk, "<u2")
    numbers = _room_for(words.size, room)
    bits = numbers.view(np.uint32)
    np.copyto(bits, words)
    np.left_shift(bits, 16, out=bits)
    return numbers


def _float16(chunk: memoryview, room: Numbers | None = None) -> Numbers:
    """Sign, exponent and fraction moved to their places in a float32, whose exponent is then 112 too small; numpy is slow at it."""
    words = np.frombuffer(chunk, "<i2")
    numbers = _room_for(words.size, room)
    if words.size and (words.max() >= _HALF_INF or words.view("<u2").max() >= _MINUS_HALF_INF):
        np.copyto(numbers, words.view("<f2"))
        return numbers
    bits = numbers.view(np.int32)
    np.copyto(bits, words)
    np.left_shift(bits, 13, out=bits)
    np.bitwise_and(bits, ~0x70000000, out=bits)
    np.multiply(numbers, np.float32(2.0**112), out=numbers)
    return numbers


def _truth(chunk: memoryview) -> Numbers:
    truth: Numbers = np.frombuffer(chunk, np.uint8) != 0
    return truth


def _half_complex(chunk: memoryview) -> Numbers:
    return np.frombuffer(chunk, "<f2").astype(np.float32).view(np.complex64)


def _by_table(table: Numbers) -> Measured:
    """Two codes are looked up at once."""
    codes = np.arange(1 << 16, dtype="<u2").view(np.uint8)
    pairs = table[codes].view(np.uint64)

    def looked_up(chunk: memoryview, room: Numbers | None = None) -> Numbers:
        numbers = _room_for(len(chunk), room)
        even = len(chunk) & ~1
        np.take(pairs, np.frombuffer(chunk[:even], "<u2"), out=numbers[:even].view(np.uint64), mode="clip")
        numbers[even:] = table[np.frombuffer(chunk[even:], np.uint8)]
        return numbers

    return looked_up


@lru_cache(maxsize=None)
def eight_bit_values(dtype: str) -> Numbers:
    """The 256 values of an eight-bit float type."""
    exponent_bits, bias, special = _EIGHT_BITS[dtype]
    if special == "power":
        powers: Numbers = np.ldexp(np.ones(256), np.arange(256) - bias)
        powers[255] = np.nan
        return powers.astype(np.float32)
    codes = np.arange(256)
    fraction_bits = 7 - exponent_bits
    fraction, exponent = codes & ((1 << fraction_bits) - 1), (codes >> fraction_bits) & ((1 << exponent_bits) - 1)
    normal = np.where(exponent > 0, 1 << fraction_bits, 0)
    values: Numbers = np.ldexp((normal + fraction).astype(np.float64), np.maximum(exponent, 1) - bias - fraction_bits)
    values = np.where(codes & 0x80, -values, values)
    if special == "fnuz":
        values[0x80] = np.nan
    elif special == "fn":
        values[[0x7F, 0xFF]] = np.nan
    else:
        top = exponent == (1 << exponent_bits) - 1
        values = np.where(top, np.where(fraction == 0, np.copysign(np.inf, values), np.nan), values)
    return values.astype(np.float32)
