"""Bytes to numbers, as torch reads them."""

from collections.abc import Sequence

import numpy
import pytest
import torch

from torchloupe.numbers.decode import decoder_of
from torchloupe.wire.errors import UnsupportedFormat

EIGHT_BITS = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]
SIXTEEN_BITS = ["float16", "bfloat16"]
WHOLE = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool"]
COMPLEX = ["complex32", "complex64", "complex128"]


def same_numbers(ours: numpy.ndarray, theirs: numpy.ndarray) -> bool:
    """Equal, signs of zeros included, NaN in the same places."""
    nan = numpy.isnan(theirs)
    return bool(
        numpy.array_equal(numpy.isnan(ours), nan)
        and numpy.array_equal(ours[~nan], theirs[~nan])
        and numpy.array_equal(numpy.signbit(ours[~nan]), numpy.signbit(theirs[~nan]))
    )


@pytest.mark.parametrize("dtype", EIGHT_BITS)
def test_that_every_eight_bit_float_is_the_number_that_torch_reads(dtype: str) -> None:
    codes = bytes(range(256))
    theirs = torch.frombuffer(bytearray(codes), dtype=getattr(torch, dtype)).float().numpy()
    assert same_numbers(decoder_of(dtype).exact(memoryview(codes)), theirs)


@pytest.mark.parametrize("dtype", SIXTEEN_BITS)
def test_that_every_sixteen_bit_float_is_the_number_that_torch_reads(dtype: str) -> None:
    codes = numpy.arange(1 << 16, dtype="<u2").tobytes()
    theirs = torch.frombuffer(bytearray(codes), dtype=getattr(torch, dtype)).float().numpy()
    assert same_numbers(decoder_of(dtype).measured(memoryview(codes)), theirs)
    assert same_numbers(decoder_of(dtype).exact(memoryview(codes)).astype(numpy.float32), theirs)


@pytest.mark.parametrize("dtype", [*EIGHT_BITS, *SIXTEEN_BITS])
@pytest.mark.parametrize("count", [0, 2, 6, 254])
def test_that_numbers_are_put_into_the_room_that_is_given(dtype: str, count: int) -> None:
    codes = bytes(range(count))
    if dtype in EIGHT_BITS:
        codes = codes[1:]
    room = numpy.full(300, 7, numpy.float32)
    numbers = decoder_of(dtype).measured(memoryview(codes), room)
    assert numpy.shares_memory(numbers, room) == bool(codes)
    assert same_numbers(numbers, decoder_of(dtype).exact(memoryview(codes)).astype(numpy.float32))
    assert (room[numbers.size :] == 7).all()


@pytest.mark.parametrize(
    "codes", [range(0x7C00), range(0x8000, 0xFC00), [0x7C00, 1], [0xFC00, 1], [0x7E00, 0x3C00], [0xFE01, 0x8000]]
)
def test_that_half_floats_are_right_with_and_without_what_is_not_finite(codes: Sequence[int]) -> None:
    halves = numpy.array(codes, "<u2").tobytes()
    theirs = torch.frombuffer(bytearray(halves), dtype=torch.float16).float().numpy()
    assert same_numbers(decoder_of("float16").measured(memoryview(halves)), theirs)


@pytest.mark.parametrize("dtype", WHOLE)
def test_that_integers_and_truth_are_exact(dtype: str) -> None:
    kind = getattr(torch, dtype)
    tensor = torch.tensor([0, 1, 1, 0], dtype=kind)
    raw = tensor.view(torch.uint8).numpy().tobytes()
    decoder = decoder_of(dtype)
    assert decoder.exact(memoryview(raw)).tolist() == tensor.tolist()
    assert decoder.measured(memoryview(raw)).tolist() == [0.0, 1.0, 1.0, 0.0]
    assert not decoder.is_float


def test_that_the_ends_of_long_integers_are_not_rounded() -> None:
    raw = numpy.array([-(1 << 63), (1 << 63) - 1], "<i8").tobytes()
    assert decoder_of("int64").exact(memoryview(raw)).tolist() == [-(1 << 63), (1 << 63) - 1]


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
@pytest.mark.parametrize("dtype", COMPLEX)
def test_that_complex_numbers_have_both_parts(dtype: str) -> None:
    raw = torch.tensor(
        [1.5, -2.0, 0.25, 4.0], dtype={"complex32": torch.float16, "complex64": torch.float32}.get(dtype, torch.float64)
    )
    decoder = decoder_of(dtype)
    assert decoder.is_complex
    assert decoder.exact(memoryview(raw.view(torch.uint8).numpy().tobytes())).tolist() == [1.5 - 2j, 0.25 + 4j]


@pytest.mark.parametrize("dtype", ["quint8", "float4_e2m1fn_x2", "?", "q4_0"])
def test_that_a_type_of_no_plain_numbers_is_refused_by_name(dtype: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"type {dtype.replace('?', chr(92) + '?')} are not plain numbers"):
        decoder_of(dtype)
