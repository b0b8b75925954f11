"""Tensors that are views: which part of their storage they take, and their elements put in order, box by box."""

from dataclasses import replace
from itertools import product
from typing import Callable, Dict, Iterator, List, Literal, NamedTuple, Sequence, Tuple

from ..wire.contents import StoredTensor

_Word = Literal["B", "H", "I", "Q"]
_FORMATS: Dict[int, _Word] = {1: "B", 2: "H", 4: "I", 8: "Q"}
_BOX = 1 << 20
"""So many elements are put in order at a time. Larger boxes mean longer runs of a transposed matrix."""
_GAPS = 8
"""A read may take in so many times the elements that are wanted; beyond that each run is read for itself."""
_SHORT = 1024

ReadInto = Callable[[int, memoryview], None]
"""Fills the memory with the bytes from an offset of the storage."""


class Axis(NamedTuple):
    """One dimension: how many steps, and how far apart in elements."""

    length: int
    stride: int


def axes_of(shape: Sequence[int], strides: Sequence[int]) -> List[Axis]:
    """The dimensions that matter: those of length 1 left out, neighbours that run on into each other joined."""
    axes: List[Axis] = []
    for length, stride in zip(shape, strides):
        if length == 1:
            continue
        if axes and axes[-1].stride == length * stride:
            axes[-1] = Axis(axes[-1].length * length, stride)
        else:
            axes.append(Axis(length, stride))
    return axes


def reach(shape: Sequence[int], strides: Sequence[int]) -> int:
    """How many elements of the storage lie between its first element and its last, both included; 0 for an empty tensor."""
    return 0 if 0 in shape else 1 + sum((length - 1) * stride for length, stride in zip(shape, strides))


def in_memory_order(*tensors: StoredTensor) -> Tuple[Tuple[StoredTensor, ...], int]:
    """The same values of tensors of one shape with the dimensions ordered as they lie in the first one's memory.

    Dimensions along which all of them only repeat themselves are left out; the number says how often each element then stands for
    itself. Sums, extremes and differences do not depend on the order, and a dense tensor is read from front to back.
    """
    shape = tensors[0].shape
    repeated = [axis for axis, length in enumerate(shape) if all(each.strides[axis] == 0 for each in tensors) and length > 0]
    kept = [axis for axis in range(len(shape)) if axis not in repeated]
    kept.sort(key=lambda axis: -next((each.strides[axis] for each in tensors if each.strides[axis]), 0))
    times = 1
    for axis in repeated:
        times *= shape[axis]
    return tuple(_with_axes(each, kept) for each in tensors), times


def _with_axes(tensor: StoredTensor, kept: Sequence[int]) -> StoredTensor:
    shape = tuple(tensor.shape[axis] for axis in kept)
    return replace(tensor, shape=shape, strides=tuple(tensor.strides[axis] for axis in kept))


def ordered(read: ReadInto, offset: int, axes: Sequence[Axis], item_bytes: int) -> Iterator[memoryview]:
    """The bytes of a view in row-major order, in pieces of any length; ``offset`` is that of its first element, in elements."""
    if item_bytes == 16:
        # There is no word of 16 bytes: two words of 8 that stand together.
        axes, item_bytes = [*(Axis(axis.length, 2 * axis.stride) for axis in axes), Axis(2, 1)], 8
        offset *= 2
    inner, split = 1, len(axes)
    while split and inner * axes[split - 1].length <= _BOX:
        split -= 1
        inner *= axes[split].length
    if split == 0:
        yield _box(read, offset, axes, item_bytes)
        return
    cut, step = axes[split - 1], max(1, _BOX // inner)
    for place in product(*(range(axis.length) for axis in axes[: split - 1])):
        start = offset + sum(index * axis.stride for index, axis in zip(place, axes))
        for first in range(0, cut.length, step):
            part = Axis(min(step, cut.length - first), cut.stride)
            yield _box(read, start + first * cut.stride, [part, *axes[split:]], item_bytes)


def _box(read: ReadInto, offset: int, axes: Sequence[Axis], item_bytes: int) -> memoryview:
    """The elements of a box in row-major order."""
    buffer, compact = _packed(read, offset, axes, item_bytes)
    kind = _FORMATS[item_bytes]
    count = 1
    for axis in axes:
        count *= axis.length
    made = bytearray(count * item_bytes)
    source, target = memoryview(buffer).cast(kind), memoryview(made).cast(kind)
    target_strides, step = [0] * len(axes), 1
    for number in reversed(range(len(axes))):
        target_strides[number], step = step, step * axes[number].length
    longest = max(range(len(axes)), key=lambda number: axes[number].length)
    others = [number for number in range(len(axes)) if number != longest]
    length, there, here = axes[longest].length, target_strides[longest], compact[longest]
    for place in product(*(range(axes[number].length) for number in others)):
        to = sum(index * target_strides[number] for index, number in zip(place, others))
        start = sum(index * compact[number] for index, number in zip(place, others))
        run = source[start : start + (length - 1) * here + 1 : here] if here else _repeated(source[start : start + 1], length)
        target[to : to + (length - 1) * there + 1 : there] = run
    return memoryview(made)


def _repeated(element: memoryview, length: int) -> memoryview:
    return memoryview(bytes(element) * length).cast(_FORMATS[element.itemsize])


def _packed(read: ReadInto, offset: int, axes: Sequence[Axis], item_bytes: int) -> Tuple[bytearray, List[int]]:
    """The part of the storage that a box needs, runs one behind the other, and the strides of the box in it."""
    by_stride = sorted((number for number, axis in enumerate(axes) if axis.stride), key=lambda number: axes[number].stride)
    span, wanted, together = 1, 1, 0
    for number in by_stride:
        axis = axes[number]
        wider = span + (axis.length - 1) * axis.stride
        if wider > max(_SHORT, _GAPS * wanted * axis.length):
            break
        span, wanted, together = wider, wanted * axis.length, together + 1
    apart = by_stride[together:][::-1]
    strides = [axis.stride for axis in axes]
    runs = 1
    for number in reversed(apart):
        strides[number] = span * runs
        runs *= axes[number].length
    buffer = bytearray(runs * span * item_bytes)
    memory = memoryview(buffer)
    size = span * item_bytes
    for count, place in enumerate(product(*(range(axes[number].length) for number in apart))):
        start = offset + sum(index * axes[number].stride for index, number in zip(place, apart))
        read(start * item_bytes, memory[count * size : (count + 1) * size])
    return buffer, strides
