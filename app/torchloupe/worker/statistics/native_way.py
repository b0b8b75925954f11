"""The passes in C: ``passes.c``, compiled beside this file where there was a compiler when Torchloupe was installed."""

import ctypes
import math
import struct
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import torch

from ...wire.numbers import Counts
from ...wire.tensors import TensorStats
from .elements import PLAIN, is_simple
from .moments import BINS, HISTOGRAM_LIMIT, Moments, sample_step
from .torch_way import widened

VERSION = 7
"""What the library must say it is; raised with every change of what its functions take or give."""
LIBRARY = Path(__file__).with_name("passes.dll" if sys.platform == "win32" else "passes.so")

_made = object.__new__
_QUESTION, _ANSWER, _OF_BYTES = struct.Struct("QqqqQq"), struct.Struct("4q4dq"), struct.Struct(f"4q4dq{BINS}q")
_AT_COUNTS = _QUESTION.size + _ANSWER.size
_AT_GLIMPSE = _AT_COUNTS + 4 * BINS
_LINE = 64
_PAPER = _AT_GLIMPSE + 2 * _LINE
_KINDS = ("float32", "float64", "bfloat16", "float16", "int16", "uint16", "int32", "uint32", "int64", "uint64")
_ONE_BYTE = ("bool", "uint8", "int8", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")
_BYTES = -1
_ALONE = 1 << 16
"""Elements below which more than one thread is not asked for."""
LARGE = 1 << 14
"""Elements from which on a glimpse is taken."""


class Unusable(Exception):
    """The library is there and is not the one for us."""


class _Desk:
    """Memory for one question at a time, with the answer behind it."""

    def __init__(self) -> None:
        self.paper = ctypes.create_string_buffer(_PAPER)
        self.place = ctypes.c_void_p(ctypes.addressof(self.paper))
        self._sample = ctypes.create_string_buffer(0)

    def room_for(self, numbers: int) -> int:
        """The address of room for so many doubles."""
        if len(self._sample) < numbers * 8:
            self._sample = ctypes.create_string_buffer(numbers * 8)
        return ctypes.addressof(self._sample)


class Measured:
    """What the library told of a tensor, which ``stats`` takes apart: while a model runs, and has just put other things into the caches,
    making Python's numbers of it takes as long as counting a small tensor."""

    __slots__ = ("_elements", "_stats", "_told")

    def __init__(self, elements: int, told: bytes) -> None:
        self._elements = elements
        self._told = told
        self._stats: Optional[TensorStats] = None

    def stats(self) -> TensorStats:
        """As they cross the pipe."""
        if self._stats is None:
            told = self._told
            self._stats = _stats_of(
                self._elements, _ANSWER.unpack_from(told, _QUESTION.size), Counts(told[_AT_COUNTS:_AT_GLIMPSE])
            )
        return self._stats

    def is_glimpsed(self, address: int, size: int) -> bool:
        """Whether a few of the values of something large, of so many bytes, are still what they were: what is written past torch, by way
        of ``.data`` or numpy, is counted as no change."""
        return self._told[_AT_GLIMPSE:] == ctypes.string_at(address, _LINE) + ctypes.string_at(address + size // 2, _LINE)


def _stats_of(elements: int, told: Tuple[Any, ...], histogram: Sequence[int]) -> TensorStats:
    """A frozen dataclass that is filled field by field would cost as much as the numbers in it."""
    finite, zeros, nan, inf, mean, squares, low, high, sampled = told
    if not finite:
        return TensorStats(elements, None, None, None, None, zeros, nan, inf)
    stats = _made(TensorStats)
    stats.__dict__.update(
        count=elements,
        mean=mean,
        std=math.sqrt(squares / finite) if squares > 0 else 0.0,
        min=low,
        max=high,
        zeros=zeros,
        nan=nan,
        inf=inf,
        histogram=histogram,
        sampled=sampled or None,
    )
    return stats


class NativeWay:
    """The same as ``TorchWay``, each element read from memory once. Raises ``OSError`` or ``Unusable``."""

    name = "native"

    def __init__(self, file: Path = LIBRARY) -> None:
        library = ctypes.CDLL(str(file))
        try:
            version = library.torchloupe_version()
            self._measure, self._measure_bytes = library.torchloupe_measure, library.torchloupe_measure_bytes
            self._histogram, self._level = library.torchloupe_histogram, library.torchloupe_level
            self._motion, self._share = library.torchloupe_motion, library.torchloupe_share
        except AttributeError as error:
            raise Unusable(f"it lacks a function: {error}") from None
        if version != VERSION:
            raise Unusable(f"it is version {version}, and {VERSION} is wanted")
        pointer, long, number = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
        self._measure_bytes.argtypes = (pointer, long, pointer, pointer)
        self._histogram.argtypes = (pointer, long, ctypes.c_int, number, number, pointer, ctypes.c_int)
        self._motion.argtypes = (pointer, pointer, long, ctypes.c_int, ctypes.c_int, pointer, ctypes.c_int)
        self._share.argtypes = (pointer, pointer)
        for function in (self._measure_bytes, self._histogram, self._motion, self._share):
            function.restype = None
        self.level = int(self._level(9))
        self._kinds = {getattr(torch, name): kind for kind, name in enumerate(_KINDS) if hasattr(torch, name)}
        self._kinds.update({getattr(torch, name): _BYTES for name in _ONE_BYTE if hasattr(torch, name)})
        self._tables: Dict[torch.dtype, torch.Tensor] = {}
        self._desks = [_Desk()]
        self.share(*threads_of_torch())

    def share(self, in_threads: Optional[int], number: Optional[int] = None) -> None:
        """Have the work done by what the functions at these addresses give: one runs a third one in threads, one says which of them
        runs."""
        self._has_threads = bool(in_threads)
        self._share(in_threads, number)

    def limit(self, level: int) -> None:
        """Use no wider instructions than those of ``level`` (0: what every processor has)."""
        self.level = int(self._level(level))

    def measure(self, tensor: torch.Tensor) -> "Union[TensorStats, Measured, None]":
        """All statistics of a tensor that lies in memory in one run, each element read once; None for one that does not, or is empty."""
        if type(tensor) not in PLAIN or not is_simple(tensor):
            return None
        try:
            return self.measure_run(tensor.data_ptr(), tensor.numel(), tensor.dtype)
        except RuntimeError:  # what ``vmap`` and the like show to a model
            return None

    def measure_run(self, address: int, elements: int, dtype: torch.dtype) -> "Union[TensorStats, Measured, None]":
        """The same of what lies in memory from ``address`` on."""
        kind = self._kinds.get(dtype)
        if kind is None or not elements or not address:
            return None
        if kind == _BYTES:
            told = self._asked_of_bytes(address, dtype, elements)
            return _stats_of(elements, told[:9], told[9:])
        step = 1 if elements <= HISTOGRAM_LIMIT else sample_step(elements, dtype.itemsize)
        fit, answer = self._asked(address, kind, elements, step)
        # Squares of doubles that have no room in one need another unit.
        return Measured(elements, answer) if fit else None

    def moments(self, piece: torch.Tensor) -> Moments:
        """What is known after one look at a piece."""
        kind, elements = self._kinds[piece.dtype], len(piece)
        if kind == _BYTES:
            told = self._asked_of_bytes(piece.data_ptr(), piece.dtype, elements)
        else:
            told = _ANSWER.unpack_from(self._asked(piece.data_ptr(), kind, elements, 0)[1], _QUESTION.size)
        finite, zeros, nan, inf, mean, squares, low, high = told[:8]
        return Moments(finite, mean, squares, low, high, zeros, nan, inf)

    def bins(self, pieces: Iterable[torch.Tensor], low: float, high: float) -> List[int]:
        """How many of the finite values lie in each of the equal parts of [low, high]."""
        counts = (ctypes.c_int64 * BINS)()
        for piece in pieces:
            if self._kinds.get(piece.dtype, _BYTES) == _BYTES:
                piece = widened(piece)
            kind, threads = self._kinds[piece.dtype], self._threads(len(piece))
            self._histogram(piece.data_ptr(), len(piece), kind, low, high, ctypes.addressof(counts), threads)
        return list(counts)

    def motion(self, before: torch.Tensor, after: torch.Tensor, undo: bool = False) -> Optional[Tuple[int, float, float]]:
        """What lies between two values of a tensor of floats: how many elements changed, the sum of squares before, and that of the
        differences. With ``undo`` the second one becomes the first again. None, and nothing done, where the two do not lie in memory
        alike, in one run each.
        """
        same = before.shape == after.shape and before.stride() == after.stride() and before.dtype is after.dtype
        kind = self._kinds.get(before.dtype, _BYTES)
        if not same or kind == _BYTES or not before.is_floating_point() or not (is_simple(before) and is_simple(after)):
            return None
        told, elements = (ctypes.c_double * 3)(), before.numel()
        there = before.data_ptr(), after.data_ptr()
        self._motion(*there, elements, kind, undo, ctypes.addressof(told), self._threads(elements))
        return int(told[0]), told[1], told[2]

    def _asked(self, address: int, kind: int, elements: int, step: int) -> Tuple[int, bytes]:
        """Whether the squares have room in a double, and the library's answer, behind the question. A desk for each thread that asks at
        the same time."""
        try:
            desk = self._desks.pop()
        except IndexError:
            desk = _Desk()
        sample = desk.room_for(-(-elements // step)) if step > 1 else 0
        _QUESTION.pack_into(desk.paper, 0, address, elements, kind, step, sample, self._threads(elements))
        fit = self._measure(desk.place)
        told = desk.paper.raw
        self._desks.append(desk)
        return fit, told

    def _asked_of_bytes(self, address: int, dtype: torch.dtype, elements: int) -> Tuple[Any, ...]:
        answer = ctypes.create_string_buffer(_OF_BYTES.size)
        self._measure_bytes(address, elements, self._values_of_bytes(dtype), ctypes.addressof(answer))
        return _OF_BYTES.unpack(answer)

    def _threads(self, elements: int) -> int:
        """How many threads so many elements are worth: as many as torch itself would take."""
        return torch.get_num_threads() if elements >= _ALONE and self._has_threads else 1

    def _values_of_bytes(self, dtype: torch.dtype) -> int:
        """The address of what the 256 bytes stand for in a type of one byte."""
        if dtype not in self._tables:
            every = torch.arange(256, dtype=torch.uint8, device="cpu")
            self._tables[dtype] = (every > 0 if dtype is torch.bool else every.view(dtype)).double()
        return self._tables[dtype].data_ptr()


def threads_of_torch() -> Tuple[Optional[int], Optional[int]]:
    """The addresses of two functions of torch's OpenMP library; None where there is no such library."""
    try:
        names = ctypes.CDLL(None)
        found = [ctypes.cast(function, ctypes.c_void_p).value for function in (names.GOMP_parallel, names.omp_get_thread_num)]
        return found[0], found[1]
    except (OSError, AttributeError, TypeError):  # TypeError: Windows knows no library without a name
        return None, None
