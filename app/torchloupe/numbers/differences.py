"""How far two stored tensors of one shape differ: bytes are compared first, then numbers, on chunks that fit in the cache."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..checkpoints.strided_views import in_memory_order
from ..checkpoints.values import CheckpointValues, TensorBytes, same_bytes
from ..wire.contents import StoredTensor
from ..wire.errors import UnsupportedFormat
from ..wire.values import TensorDifference
from .decode import Decoder, Numbers, decoder_of
from .sums import norm_of, sum_of_squares

CHUNK = 1 << 19
"""Elements: two chunks of float32 take 4 MB. With shorter ones, threads spend their time on waiting for the interpreter."""
BLOCK = 1 << 16
"""Elements that are looked at carefully in one go, which takes a dozen arrays."""
_TINY = 1e-24
"""Sums of squares below this may have lost float32 numbers whose squares are too small to be said."""


class Pair:
    """Two stored tensors of one shape, to be read once: ``bytes`` on both sides together, ``elements`` on each.

    Raises CheckpointError when one of them cannot be read or their shapes differ.
    """

    def __init__(self, expected: CheckpointValues, one: StoredTensor, found: CheckpointValues, other: StoredTensor) -> None:
        if one.shape != other.shape:
            raise UnsupportedFormat("Their shapes differ.", "Only values of the same shape are compared.")
        self.decoders = decoder_of(one.dtype), decoder_of(other.dtype)
        sides = expected.of(one), found.of(other)
        self.times = 1
        if not (all(side.is_contiguous for side in sides) or one.parts or other.parts):
            (one, other), self.times = in_memory_order(one, other)
            sides = expected.of(one), found.of(other)
        self.sides = sides
        self.elements = self.sides[0].elements
        self.bytes = sum(len(side) for side in self.sides)

    def parts(self, elements: int) -> "list[PairPart]":
        """The pair in parts of so many elements, each to be read for itself; one part when it can only be read in one go."""
        one, other = self.sides
        if self.elements <= elements or not (one.is_divisible and other.is_divisible):
            return [PairPart(self.decoders, one, other)]
        cuts = [*range(0, self.elements, elements), self.elements]
        return [PairPart(self.decoders, one.part(*ends), other.part(*ends)) for ends in zip(cuts, cuts[1:], strict=False)]

    def difference(self, sums: "list[Sums]") -> TensorDifference:
        """The sums of all parts together."""
        return sums[0].together(sums[1:], self.elements, self.times)


class Workspace:
    """The memory that one thread works in, made once: fresh memory costs more than what is done in it."""

    def __init__(self) -> None:
        self.flags = np.empty(CHUNK, np.bool_)
        self.rooms = np.empty(CHUNK, np.float32), np.empty(CHUNK, np.float32)
        self._chunks: dict[tuple[int, int], bytearray] = {}

    def chunk(self, side: int, item_bytes: int) -> bytearray:
        """Room for one chunk of one side."""
        key = side, item_bytes
        if key not in self._chunks:
            self._chunks[key] = bytearray(CHUNK * item_bytes)
        return self._chunks[key]


@dataclass(frozen=True)
class PairPart:
    """A part of two tensors."""

    decoders: tuple[Decoder, Decoder]
    one: TensorBytes
    other: TensorBytes

    def __len__(self) -> int:
        return len(self.one) + len(self.other)

    def sums(self, check: Callable[[], object], workspace: Workspace) -> "Sums":
        """Read it. ``check`` is called before every chunk and stops by raising."""
        sums = Sums(*self.decoders, workspace)
        sides = [side.chunks(CHUNK, workspace.chunk(n, side.item_bytes)) for n, side in enumerate((self.one, self.other))]
        with np.errstate(all="ignore"):
            for chunk, other in zip(*sides, strict=True):
                check()
                sums.add(chunk, other)
        return sums


class Sums:
    """What is gathered chunk by chunk."""

    def __init__(self, first: Decoder, second: Decoder, workspace: Workspace) -> None:
        self._first, self._second = first, second
        self._same_type = first.dtype == second.dtype
        self._flags, self._rooms = workspace.flags, workspace.rooms
        self.changed = self.nan = self.inf = self.finite = 0
        self.largest = self.norm = self.expected = self.found = 0.0

    def add(self, chunk: memoryview, other: memoryview) -> None:
        """Count a pair of chunks in."""
        if self._same_type and same_bytes(chunk, other) and self._add_equal(self._first.measured(chunk, self._rooms[0])):
            return
        one, two = self._first.measured(chunk, self._rooms[0]), self._second.measured(other, self._rooms[1])
        if one.dtype == two.dtype == np.float32 and self._add_quickly(one, two):
            return
        exact = None if self._first.is_float or not self._same_type else (self._first.exact(chunk), self._second.exact(other))
        for begin in range(0, one.size, BLOCK):
            block = slice(begin, begin + BLOCK)
            self._add_carefully(one[block], two[block], exact and (exact[0][block], exact[1][block]))

    def _add_equal(self, numbers: Numbers) -> bool:
        """Equal bytes: only their norm is needed. False when they are not so plain."""
        if self._first.is_complex:
            return False
        square = sum_of_squares(numbers)
        if not math.isfinite(square) or _is_tiny(square, numbers):
            return False
        self._grow(0.0, math.sqrt(square), math.sqrt(square))
        self.finite += numbers.size
        return True

    def _add_quickly(self, one: Numbers, two: Numbers) -> bool:
        """Finite float32 of usual size: sums in float32, the difference in the place of ``two``. False when they are not so plain."""
        expected, found = sum_of_squares(one), sum_of_squares(two)
        if not math.isfinite(expected + found) or _is_tiny(expected, one) or _is_tiny(found, two):
            return False
        delta = np.subtract(two, one, out=two)
        largest = max(float(np.fmax.reduce(delta)), -float(np.fmin.reduce(delta)))
        self.finite += one.size
        self._grow(_norm_of(delta) if largest else 0.0, math.sqrt(expected), math.sqrt(found))
        if largest:
            self.largest = max(self.largest, largest)
            self.changed += int(np.count_nonzero(np.not_equal(delta, 0, out=self._flags[: delta.size])))
        return True

    def _add_carefully(self, one: Numbers, two: Numbers, exact: tuple[Numbers, Numbers] | None) -> None:
        """Anything: in double precision, what is not finite left out."""
        wide = np.complex128 if np.iscomplexobj(one) or np.iscomplexobj(two) else np.float64
        one, two = one.astype(wide), two.astype(wide)
        nan_one, nan_two = np.isnan(one), np.isnan(two)
        nan = nan_one | nan_two
        inf = (np.isinf(one) | np.isinf(two)) & ~nan
        different = (one != two) & ~(nan_one & nan_two) if exact is None else exact[0] != exact[1]
        self.changed += int(np.count_nonzero(different))
        self.nan += int(np.count_nonzero(nan))
        self.inf += int(np.count_nonzero(inf))
        finite = ~(nan | inf)
        one, two = one[finite], two[finite]
        self.finite += one.size
        if one.size:
            delta = two - one
            self.largest = max(self.largest, float(np.abs(delta).max()))
            self._grow(norm_of(delta), norm_of(one), norm_of(two))

    def _grow(self, norm: float, expected: float, found: float) -> None:
        self.norm = math.hypot(self.norm, norm)
        self.expected = math.hypot(self.expected, expected)
        self.found = math.hypot(self.found, found)

    def together(self, others: "list[Sums]", elements: int, times: int) -> TensorDifference:
        """The result of all parts, when each element stands for ``times`` of them."""
        for part in others:
            self.changed, self.finite = self.changed + part.changed, self.finite + part.finite
            self.nan, self.inf = self.nan + part.nan, self.inf + part.inf
            self.largest = max(self.largest, part.largest)
            self._grow(part.norm, part.expected, part.found)
        root = math.sqrt(times)
        return TensorDifference(
            elements * times,
            self.changed * times,
            self.nan * times,
            self.inf * times,
            self.largest if self.finite else None,
            self.norm * root,
            self.expected * root,
            self.found * root,
        )


def _is_tiny(square: float, numbers: Numbers) -> bool:
    return square < _TINY and bool(numbers.any())


def _norm_of(delta: Numbers) -> float:
    square = sum_of_squares(delta)
    return math.sqrt(square) if _TINY <= square < math.inf else norm_of(delta.astype(np.float64))
