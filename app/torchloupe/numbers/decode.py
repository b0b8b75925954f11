"""From the bytes of a chunk to numbers, for every plain dtype: views where numpy knows the type, tables and shifts where not."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
    float32 where that holds every value of the dtype, float64 for integers and float64; complex stays complex.
    """

    dtype: str
    item_bytes: int
    exact: Callable[[memoryview], Numbers]
    measured: Callable[[memoryview], Numbers]
    is_complex: bool = False
    is_float: bool = True


@lru_cache(maxsize=None)
def decoder_of(dtype: str) -> Decoder:
    """The decoder of a dtype by torch's name; raises UnsupportedFormat for one whose elements are no plain numbers."""
    if dtype in _NATIVE:
        return _native(dtype, np.dtype(_NATIVE[dtype]))
    if dtype == "bfloat16":
        return Decoder(dtype, 2, _bfloat16, _bfloat16)
    if dtype == "bool":
        return Decoder(dtype, 1, _truth, lambda chunk: _truth(chunk).astype(np.float32), is_float=False)
    if dtype == "complex32":
        return Decoder(dtype, 4, _half_complex, _half_complex, is_complex=True)
    if dtype in _EIGHT_BITS:
        table = eight_bit_values(dtype)
        looked_up = _by_table(table)
        return Decoder(dtype, 1, looked_up, looked_up)
    raise UnsupportedFormat(
        f"Values of type {dtype} are not plain numbers and are not decoded here.", "Load the checkpoint with torch to see them."
    )


def _native(dtype: str, kind: "np.dtype[Any]") -> Decoder:
    def exact(chunk: memoryview) -> Numbers:
        numbers: Numbers = np.frombuffer(chunk, kind)
        return numbers

    if kind.kind == "c" or dtype in ("float32", "float64"):
        return Decoder(dtype, kind.itemsize, exact, exact, kind.kind == "c")
    wide = np.float32 if dtype == "float16" else np.float64
    return Decoder(dtype, kind.itemsize, exact, lambda chunk: exact(chunk).astype(wide), is_float=dtype == "float16")


def _bfloat16(chunk: memoryview) -> Numbers:
    """The upper half of a float32."""
    words = np.frombuffer(chunk, "<u2").astype(np.uint32)
    words <<= 16
    return words.view(np.float32)


def _truth(chunk: memoryview) -> Numbers:
    truth: Numbers = np.frombuffer(chunk, np.uint8) != 0
    return truth


def _half_complex(chunk: memoryview) -> Numbers:
    return np.frombuffer(chunk, "<f2").astype(np.float32).view(np.complex64)


def _by_table(table: Numbers) -> Callable[[memoryview], Numbers]:
    return lambda chunk: table[np.frombuffer(chunk, np.uint8)]


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
