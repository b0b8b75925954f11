"""Tensors of distributed checkpoints: each part is a whole torch file inside another file, and several parts make a tensor."""

from typing import List, Sequence, Tuple

from ..wire.errors import CorruptFile
from .records import Record, ValueFile

_AGAIN = "Get the checkpoint again."


class Window(ValueFile):
    """A range of an open file as if it were a file of its own."""

    def __init__(self, source: ValueFile, begin: int, end: int) -> None:
        # Nothing is opened: every read goes through the file around it.
        self.path, self.name = source.path, source.name
        self.size, self.bytes_read = end - begin, 0
        self._around, self._begin, self._tail = source, begin, None
        self.head = b""
        self.head = self.at(0, min(self.size, 1024))

    def close(self) -> None:
        """The file around it stays open."""

    def changed(self) -> bool:
        """True when the file around it changed."""
        return self._around.changed()

    def at(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes from ``offset``, fewer at the end of the range."""
        return self._around.at(self._begin + offset, max(0, min(length, self.size - offset)))

    def into(self, offset: int, memory: memoryview) -> None:
        """Fill ``memory`` with the bytes from ``offset``."""
        if offset + len(memory) > self.size:
            raise CorruptFile(f"A part of a tensor in {self.name} ends too soon.", _AGAIN)
        self._around.into(self._begin + offset, memory)


class Part:
    """A box of a tensor of shape ``whole``, its elements in row-major order in a record from ``start`` (in bytes) on."""

    def __init__(self, whole: Sequence[int], offsets: Sequence[int], shape: Sequence[int], record: Record, start: int) -> None:
        self.record, self.start = record, start
        steps: List[int] = []
        step = 1
        for length in reversed(whole):
            steps.insert(0, step)
            step *= length
        split = len(shape)
        while split and shape[split - 1] == whole[split - 1]:
            split -= 1
        split = max(0, split - 1)
        self.run = 1
        for length in shape[split:]:
            self.run *= length
        self._outer = list(zip(shape[:split], steps[:split]))
        self._first = sum(offset * step for offset, step in zip(offsets, steps))
        self.runs = 1
        for length, _ in self._outer:
            self.runs *= length

    @property
    def elements(self) -> int:
        """How many it has."""
        return self.run * self.runs

    def place(self, run: int) -> int:
        """Which element of the tensor a run begins with."""
        place = self._first
        for length, step in reversed(self._outer):
            run, index = divmod(run, length)
            place += index * step
        return place

    def first_after(self, element: int) -> int:
        """The first run that does not end before an element. Runs follow each other in the order of the tensor."""
        low, high = 0, self.runs
        while low < high:
            middle = (low + high) // 2
            if self.place(middle) + self.run <= element:
                low = middle + 1
            else:
                high = middle
        return low


class PartedRecord:
    """A tensor put together of its parts, as one record."""

    is_packed = False

    def __init__(self, parts: Sequence[Part], item_bytes: int) -> None:
        self.size = sum(part.elements for part in parts) * item_bytes
        self._parts, self._item = parts, item_bytes

    def into(self, offset: int, memory: memoryview) -> None:
        """Read what every part has of it; raises CorruptFile when they leave a gap."""
        item = self._item
        begin, end = offset // item, (offset + len(memory)) // item
        found: List[Tuple[int, int]] = []
        for part in self._parts:
            for run in range(part.first_after(begin), part.runs):
                place = part.place(run)
                if place >= end:
                    break
                first, last = max(begin, place), min(end, place + part.run)
                here = memory[(first - begin) * item : (last - begin) * item]
                part.record.into(part.start + (run * part.run + first - place) * item, here)
                found.append((first, last))
        found.sort()
        ends = [begin, *(last for _, last in found)]
        if ends[-1] != end or any(first != reached for (first, _), reached in zip(found, ends)):
            raise CorruptFile("The parts of the tensor do not cover it exactly.", _AGAIN)
