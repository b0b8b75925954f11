"""The passes in C: ``passes.c``, compiled beside this file where there was a compiler when Torchloupe was installed."""

import ctypes
import math
import struct
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Tuple

import torch

from ...wire.tensors import TensorStats
from .elements import PLAIN, is_simple
from .moments import BINS, HISTOGRAM_LIMIT, Moments, sample_step
from .torch_way import widened

VERSION = 4
"""What the library must say it is; raised with every change of what its functions take or give."""
LIBRARY = Path(__file__).with_name("passes.dll" if sys.platform == "win32" else "passes.so")

_made = object.__new__
_RESULT = struct.Struct(f"4q4dq{BINS}q")
_KINDS = ("float32", "float64", "bfloat16", "float16", "int16", "uint16", "int32", "uint32", "int64", "uint64")
_ONE_BYTE = ("bool", "uint8", "int8", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")
_BYTES = -1
_ALONE = 1 << 16
"""Elements below which more than one thread is not asked for."""


class Unusable(Exception):
    """The library is there and is not the one for us."""


class _Desk:
    """Memory for one call at a time."""

    def __init__(self) -> None:
        self.result = ctypes.create_string_buffer(_RESULT.size)
        self.address = ctypes.addressof(self.result)
        self._sample = ctypes.create_string_buffer(0)

    def room_for(self, numbers: int) -> int:
        """The address of room for so many doubles."""
        if len(self._sample) < numbers * 8:
            self._sample = ctypes.create_string_buffer(numbers * 8)
        return ctypes.addressof(self._sample)


class NativeWay:
    """The same as ``TorchWay``, each element read from memory once. Raises ``OSError`` or ``Unusable``."""

    name = "native"

    def __init__(self, file: Path = LIBRARY) -> None:
        library = ctypes.CDLL(str(file))
        try:
            version = library.torchloupe_version()
            self._measure, self._measure_bytes = library.torchloupe_measure, library.torchloupe_measure_bytes
            self._histogram, self._level = library.torchloupe_histogram, library.torchloupe_level
            self._motion = library.torchloupe_motion
        except AttributeError as error:
            raise Unusable(f"it lacks a function: {error}") from None
        if version != VERSION:
            raise Unusable(f"it is version {version}, and {VERSION} is wanted")
        pointer, long, number = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double
        self._measure.argtypes = (pointer, long, ctypes.c_int, long, pointer, pointer, pointer, ctypes.c_int)
        self._measure_bytes.argtypes = (pointer, long, pointer, pointer)
        self._histogram.argtypes = (pointer, long, ctypes.c_int, number, number, pointer, pointer, ctypes.c_int)
        self._motion.argtypes = (pointer, pointer, long, ctypes.c_int, ctypes.c_int, pointer, pointer, ctypes.c_int)
        for function in (self._measure, self._measure_bytes, self._histogram, self._motion):
            function.restype = None
        self.level = int(self._level(9))
        self._kinds = {getattr(torch, name): kind for kind, name in enumerate(_KINDS) if hasattr(torch, name)}
        self._kinds.update({getattr(torch, name): _BYTES for name in _ONE_BYTE if hasattr(torch, name)})
        self._tables: Dict[torch.dtype, torch.Tensor] = {}
        self._desks = [_Desk()]
        self.parallel = _threads_of_torch()

    def limit(self, level: int) -> None:
        """Use no wider instructions than those of ``level`` (0: what every processor has)."""
        self.level = int(self._level(level))

    def measure(self, tensor: torch.Tensor) -> Optional[TensorStats]:
        """All statistics of a tensor that lies in memory in one run, each element read once; None for one that does not, or is empty.

        A trace asks this for every small tensor, so it takes its time seriously: a frozen dataclass that is filled field by field
        would cost as much as the numbers in it.
        """
        if type(tensor) not in PLAIN:
            return None
        elements = tensor.numel()
        if tensor.dtype not in self._kinds or not (elements and is_simple(tensor)):
            return None
        step = 1 if elements <= HISTOGRAM_LIMIT else sample_step(elements, tensor.element_size())
        try:
            address = tensor.data_ptr()
        except RuntimeError:  # what ``vmap`` and the like show to a model
            return None
        if not address:
            return None
        known = self._asked(address, tensor.dtype, elements, step)
        finite, zeros, nan, inf, mean, squares, low, high, sampled = known[:9]
        if not finite:
            return TensorStats(elements, None, None, None, None, zeros, nan, inf)
        if squares - squares != 0.0:  # infinite or NaN: the squares of such doubles need another unit
            return None
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
            histogram=known[9:],
            sampled=sampled or None,
        )
        return stats

    def moments(self, piece: torch.Tensor) -> Moments:
        """What is known after one look at a piece."""
        finite, zeros, nan, inf, mean, squares, low, high = self._asked(piece.data_ptr(), piece.dtype, len(piece), 0)[:8]
        return Moments(finite, mean, squares, low, high, zeros, nan, inf)

    def bins(self, pieces: Iterable[torch.Tensor], low: float, high: float) -> List[int]:
        """How many of the finite values lie in each of the equal parts of [low, high]."""
        counts = (ctypes.c_int64 * BINS)()
        for piece in pieces:
            if self._kinds.get(piece.dtype, _BYTES) == _BYTES:
                piece = widened(piece)
            kind, threads = self._kinds[piece.dtype], self._threads(len(piece))
            self._histogram(piece.data_ptr(), len(piece), kind, low, high, ctypes.addressof(counts), self.parallel, threads)
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
        self._motion(*there, elements, kind, undo, ctypes.addressof(told), self.parallel, self._threads(elements))
        return int(told[0]), told[1], told[2]

    def _asked(self, address: int, dtype: torch.dtype, elements: int, step: int) -> Tuple[Any, ...]:
        """The library's answer; a desk for each thread that asks at the same time."""
        try:
            desk = self._desks.pop()
        except IndexError:
            desk = _Desk()
        kind = self._kinds[dtype]
        if kind != _BYTES:
            sample = desk.room_for(-(-elements // step)) if step > 1 else None
            self._measure(address, elements, kind, step, sample, desk.address, self.parallel, self._threads(elements))
        else:
            self._measure_bytes(address, elements, self._values_of_bytes(dtype), desk.address)
        answer = _RESULT.unpack(desk.result)
        self._desks.append(desk)
        return answer

    def _threads(self, elements: int) -> int:
        """How many threads so many elements are worth: as many as torch itself would take."""
        return torch.get_num_threads() if elements >= _ALONE and self.parallel else 1

    def _values_of_bytes(self, dtype: torch.dtype) -> int:
        """The address of what the 256 bytes stand for in a type of one byte."""
        if dtype not in self._tables:
            every = torch.arange(256, dtype=torch.uint8, device="cpu")
            self._tables[dtype] = (every > 0 if dtype is torch.bool else every.view(dtype)).double()
        return self._tables[dtype].data_ptr()


def _threads_of_torch() -> Optional[int]:
    """The address of the function of torch's OpenMP library that runs another one in its threads; None where there is no such library."""
    try:
        return ctypes.cast(ctypes.CDLL(None).GOMP_parallel, ctypes.c_void_p).value
    except (OSError, AttributeError, TypeError):  # TypeError: Windows knows no library without a name
        return None
