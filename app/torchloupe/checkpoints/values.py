"""The values of stored tensors: a tensor's own bytes and no others, chunk by chunk. Read with ``pread``, never mapped.

Chunks are in row-major order and little endian, whatever the file has.
"""

import array
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Dict, List, Optional, Tuple, Type

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.errors import CheckpointError, CorruptFile, UnsupportedFormat
from . import zip_file
from .dtypes import BITS
from .inside import path_inside
from .pieces import Part, PartedRecord, Window
from .records import DeflatedRecord, MemoryRecord, PlainRecord, Record, ValueFile, inflated, without_npy_header
from .signs import sign_mask, with_signs
from .strided_views import axes_of, ordered, reach
from .torn_zip import read_members
from .zip_directory import DEFLATED, ENCRYPTED, STORED, Directory, Member

CHUNK = 1 << 16
"""Elements in a chunk, unless asked otherwise."""
MOST_OPEN = 32
_MOST_INFLATED = 64 << 20
"""A compressed record up to this size is inflated at once when a view jumps about in it."""
_SUSPICIOUS_PLAIN, _SUSPICIOUS_RATIO = 32 << 20, 200
_MOST_REPEATED = 1 << 24
_MOST_JOINED = 256 << 20
"""A part of a joined tensor that does not lie in the file as it is wanted is held in memory up to this size."""
_RANGE = re.compile(r"(\d{1,19}):(\d{1,19})")
_PICKLE = "data.pkl"
DISTRIBUTED = ".distcp"
"""Files of torch.distributed.checkpoint: each part of a tensor in them is a torch file of its own."""
_SAVED_BY_TORCH = ("torch zip", "torch before 1.6", "Lightning")
"""How the formats end whose files ``torch.load`` reads, alone or sharded."""
_AGAIN = "Open the checkpoint again."
_WORDS = {2: "H", 4: "I", 8: "Q"}


class TensorBytes:
    """The bytes of one tensor. ``elements`` is their number, ``item_bytes`` what each takes."""

    def __init__(self, record: Record, tensor: StoredTensor, item_bytes: int, swapped: int) -> None:
        self.tensor, self.item_bytes = tensor, item_bytes
        self.elements = 1
        for length in tensor.shape:
            self.elements *= length
        self.record, self._swapped, self._mask = record, swapped, sign_mask(tensor)
        self._axes = axes_of(tensor.shape, tensor.strides) if self.elements else []
        if (tensor.offset + reach(tensor.shape, tensor.strides)) * item_bytes > record.size and self.elements:
            raise CorruptFile(f"{tensor.key} reaches beyond the {record.size:,} bytes of its storage.", _AGAIN)

    def __len__(self) -> int:
        return self.elements * self.item_bytes

    @property
    def is_contiguous(self) -> bool:
        """Do its elements stand one behind the other in the file?"""
        return not self._axes or (len(self._axes) == 1 and self._axes[0].stride == 1)

    @property
    def is_plain(self) -> bool:
        """Are its bytes those of the file, one behind the other?"""
        return self.is_contiguous and self._swapped < 2 and not self._mask

    @property
    def is_divisible(self) -> bool:
        """Can parts of it be read as fast as the whole? Not when it is compressed or jumps about."""
        return self.is_contiguous and not self.record.is_packed

    def part(self, begin: int, end: int) -> "TensorBytes":
        """The elements from ``begin`` to ``end`` of one whose elements stand one behind the other."""
        flat = replace(self.tensor, offset=self.tensor.offset + begin, shape=(end - begin,), strides=(1,))
        return TensorBytes(self.record, flat, self.item_bytes, self._swapped)

    def chunks(self, elements: int = CHUNK, memory: Optional[bytearray] = None) -> Iterator[memoryview]:
        """Chunks of so many elements, the last one shorter. Each is the caller's, to change as well, until the next is asked for.

        ``memory`` of exactly a chunk's bytes is used when it is given. Raises CheckpointError when the file changed or ends too soon.
        """
        size = elements * self.item_bytes
        chunks = self._straight(size, memory) if self.is_contiguous else _regrouped(self._gathered(), size, len(self))
        if self._swapped > 1:
            chunks = (_swap(chunk, self._swapped) for chunk in chunks)
        return (with_signs(chunk, self._mask) for chunk in chunks) if self._mask else chunks

    def _straight(self, size: int, given: Optional[bytearray]) -> Iterator[memoryview]:
        begin, left = self.tensor.offset * self.item_bytes, len(self)
        memory = memoryview(bytearray(min(size, left)) if given is None else given)
        while left > 0:
            chunk = memory if left >= len(memory) else memory[:left]
            self.record.into(begin, chunk)
            yield chunk
            begin, left = begin + size, left - size

    def _gathered(self) -> Iterator[memoryview]:
        record = self.record
        if record.is_packed:
            if record.size > _MOST_INFLATED:
                raise UnsupportedFormat(
                    f"{self.tensor.key} is a view with gaps in a compressed record of {record.size:,} bytes.",
                    "Save the checkpoint again with torch.save, which does not compress.",
                )
            record = inflated(record)
        if self.elements > max(_MOST_REPEATED, 4 * reach(self.tensor.shape, self.tensor.strides)):
            raise UnsupportedFormat(
                f"{self.tensor.key} shows {self.elements:,} elements and stores far fewer: it repeats itself.",
                "Ask for a slice of it.",
            )
        return ordered(record.into, self.tensor.offset, self._axes, self.item_bytes)


class CheckpointValues:
    """The values of a checkpoint, its files open until ``close``."""

    def __init__(self, contents: CheckpointContents) -> None:
        self._contents = contents
        self._files: Dict[str, _OpenFile] = {}

    def __enter__(self) -> "CheckpointValues":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the descriptors back."""
        for file in self._files.values():
            file.source.close()
        self._files.clear()

    @property
    def files(self) -> List[Path]:
        """Every file that the checkpoint consists of, as far as its tensors name them."""
        place, tensors = Path(self._contents.path), self._contents.tensors
        named = [source for tensor in tensors for source in tensor.sources]
        names = {tensor.file for tensor in named if tensor.file} | {part.file for each in named for part in each.pieces}
        folder = place if place.is_dir() else place.parent
        return [place, *(folder / name for name in sorted(names))]

    def of(self, tensor: StoredTensor) -> TensorBytes:
        """The bytes of one tensor; raises CheckpointError with a sentence when they cannot be had."""
        name = f"{tensor.container}.{tensor.key}" if tensor.container else tensor.key
        if tensor.broken:
            raise CorruptFile(f"The values of {name} cannot be read: {tensor.broken}", "Get the file again.")
        if tensor.parts:
            return _joined(tensor, [self.of(part) for part in tensor.parts])
        bits = BITS.get(tensor.dtype, 0)
        if not (tensor.stored_at or tensor.pieces) or len(tensor.strides) != len(tensor.shape):
            raise UnsupportedFormat(
                f"The values of {name} do not lie in the file as one block.",
                "Sparse, quantized and meta tensors, and key lists, are shown by name and shape.",
            )
        if bits == 0 or bits % 8:
            raise UnsupportedFormat(
                f"Elements of type {tensor.dtype} are not whole bytes and are not unpacked here.", "Choose another tensor."
            )
        item = bits // 8
        if tensor.pieces or (tensor.file or "").endswith(DISTRIBUTED):
            record, is_big = self._parted(tensor, item)
        else:
            record, is_big = self._file(tensor.file).record(tensor), tensor.big_endian
        word = item // 2 if tensor.dtype.startswith("complex") else item
        return TensorBytes(record, tensor, item, word if is_big else 1)

    def _parted(self, tensor: StoredTensor, item_bytes: int) -> Tuple[Record, bool]:
        """A tensor of a distributed checkpoint, of which ``tensor`` is the whole or a view; and whether it is big endian."""
        if not tensor.pieces:
            record, start, row = self._part(tensor, tensor.file or "", tensor.stored_at, item_bytes)
            part = Part(row.shape, (0,) * len(row.shape), row.shape, record, start)
            return PartedRecord([part], item_bytes), row.big_endian
        ends = [[at + length for at, length in zip(piece.offsets, piece.shape)] for piece in tensor.pieces]
        whole = tuple(max(axis) for axis in zip(*ends))
        parts, is_big = [], False
        for piece in tensor.pieces:
            record, start, row = self._part(tensor, piece.file, piece.stored_at, item_bytes)
            if row.shape != piece.shape:
                raise CorruptFile(f"A part of {tensor.key} is another tensor than the index says.", "Get the checkpoint again.")
            parts.append(Part(whole, piece.offsets, piece.shape, record, start))
            is_big = is_big or row.big_endian
        return PartedRecord(parts, item_bytes), is_big

    def _part(self, tensor: StoredTensor, file: str, stored_at: str, item_bytes: int) -> Tuple[Record, int, StoredTensor]:
        """The record of a part of a tensor, the byte at which it begins there, its row in the torch file that it is saved as."""
        source = self._file(file).source
        place = _RANGE.fullmatch(stored_at)
        if place is None or int(place.group(2)) > source.size:
            raise CorruptFile(f"A part of {tensor.key} is not where the index says.", _AGAIN)
        window = Window(source, int(place.group(1)), int(place.group(2)))
        rows = zip_file.read(window, _silent).tensors
        if len(rows) != 1 or rows[0].broken or rows[0].dtype != tensor.dtype:
            raise CorruptFile(f"A part of {tensor.key} is another tensor than the index says.", "Get the checkpoint again.")
        if rows[0].conjugated or rows[0].negated:
            raise UnsupportedFormat(
                f"A part of {tensor.key} is stored as a conjugate or negative.", "Load the checkpoint with torch."
            )
        stored = TensorBytes(_OpenFile(window).record(rows[0]), rows[0], item_bytes, 1)
        if stored.is_contiguous:
            return stored.record, rows[0].offset * item_bytes, rows[0]
        if len(stored) > _MOST_INFLATED:
            raise UnsupportedFormat(
                f"A part of {tensor.key} is stored as a large view.", "Load the checkpoint with torch to see it."
            )
        return MemoryRecord(bytearray().join(stored.chunks())), 0, rows[0]

    def _file(self, name: Optional[str]) -> "_OpenFile":
        key = name or ""
        if key not in self._files:
            while len(self._files) >= MOST_OPEN:
                self._files.pop(next(iter(self._files))).source.rest()  # what was handed out may still read it
            self._files[key] = _OpenFile(_opened(self._contents, name))
        return self._files[key]


def _joined(tensor: StoredTensor, parts: List[TensorBytes]) -> TensorBytes:
    """The bytes of a tensor that is made of views of stored ones."""
    if len(parts) == 1:
        return parts[0]
    if len({(part.tensor.dtype, part.item_bytes) for part in parts}) > 1:
        raise UnsupportedFormat(f"The parts of {tensor.key} are stored with different dtypes.", "Convert them first.")
    whole = list(parts[0].tensor.shape)
    whole[tensor.axis] = sum(part.tensor.shape[tensor.axis] for part in parts)
    boxes, at = [], 0
    for part in parts:
        shape = part.tensor.shape
        offsets = tuple(at if axis == tensor.axis else 0 for axis in range(len(shape)))
        boxes.append(Part(whole, offsets, shape, *_in_a_row(part)))
        at += shape[tensor.axis]
    item = parts[0].item_bytes
    return TensorBytes(PartedRecord(boxes, item), replace(tensor, parts=()), item, 1)


def _in_a_row(part: TensorBytes) -> Tuple[Record, int]:
    """A record that has the elements of a part one behind the other, and where they begin there."""
    if part.is_plain:
        return part.record, part.tensor.offset * part.item_bytes
    if len(part) > _MOST_JOINED:
        raise UnsupportedFormat(
            f"{part.tensor.key} would have to be turned around and joined, {len(part):,} bytes.", "Convert it with torch."
        )
    return MemoryRecord(bytearray().join(part.chunks())), 0


def open_values(contents: CheckpointContents) -> CheckpointValues:
    """The values of a checkpoint whose contents were read. Nothing is opened before the first tensor is asked for."""
    return CheckpointValues(contents)


def needs_torch(contents: CheckpointContents, tensor: StoredTensor) -> bool:
    """Is it a tensor of ``torch.save`` whose values are not plain numbers in one block (sparse, quantized), so that torch alone can
    read them?"""
    is_block = bool(tensor.stored_at or tensor.pieces) and len(tensor.strides) == len(tensor.shape)
    is_plain = is_block and not tensor.dtype.startswith(("quint", "qint"))
    return not is_plain and not tensor.broken and contents.format.endswith(_SAVED_BY_TORCH)


def unchanged_file(contents: CheckpointContents, tensor: StoredTensor) -> Path:
    """The file that has the tensor; raises CheckpointError when it is gone or another one by now."""
    source = _opened(contents, tensor.file)
    source.close()
    return _file_path(contents, tensor.file)


class _OpenFile:
    """One file with values, and the table of its records when it is a zip."""

    def __init__(self, source: ValueFile) -> None:
        self.source = source
        self._directory: Optional[Directory] = None
        self._roots: List[str] = []

    def record(self, tensor: StoredTensor) -> Record:
        """Where the tensor's storage lies."""
        found = _RANGE.fullmatch(tensor.stored_at)
        if found:
            begin, end = int(found.group(1)), int(found.group(2))
            if end > self.source.size or end < begin:
                raise CheckpointError(f"{self.source.name} is shorter than when it was opened: {tensor.key} is cut off.", _AGAIN)
            return PlainRecord(self.source, begin, end - begin)
        directory = self._table()
        name = self._member(directory, tensor)
        record = self._member_record(name, directory.members[name])
        return without_npy_header(record, name) if name.endswith(".npy") else record

    def _member_record(self, name: str, member: Member) -> Record:
        label = f"{name} in {self.source.name}"
        if member.flags & ENCRYPTED or member.method not in (STORED, DEFLATED):
            raise UnsupportedFormat(
                f"{label} is encrypted or compressed in an unknown way.", "Unpack the zip file and zip it anew."
            )
        start = self.source.data_start(member.start, name)
        if start + member.packed > self.source.size or (member.method == STORED and member.packed != member.size):
            raise CorruptFile(f"{label} lies beyond the end of the file.", "Get the file again.")
        if member.method == STORED:
            return PlainRecord(self.source, start, member.size)
        if member.size > _SUSPICIOUS_PLAIN and member.size > _SUSPICIOUS_RATIO * max(1, member.packed):
            raise CorruptFile(
                f"{label} claims {member.size:,} bytes from {member.packed:,} packed ones.",
                "If you did not make this file yourself, do not trust it.",
            )
        return DeflatedRecord(self.source, start, member.packed, member.size, name)

    def _table(self) -> Directory:
        if self._directory is None:
            self._directory = read_members(self.source)
            names = self._directory.members
            roots = [name[: -len(_PICKLE)] for name in names if name == _PICKLE or name.endswith("/" + _PICKLE)]
            folders = sorted({name.partition("/")[0] + "/" for name in names})
            # The records of several checkpoints in one file are told by their whole names.
            self._roots = [""] if len(roots) > 1 else roots or folders
        return self._directory

    def _member(self, directory: Directory, tensor: StoredTensor) -> str:
        """The full name of the tensor's record."""
        whole = (root + tensor.stored_at for root in self._roots)
        name = next((name for name in whole if name in directory.members), tensor.stored_at)
        if name not in directory.members or name in directory.repeated:
            raise CheckpointError(f"{self.source.name} has no single record {tensor.stored_at[:200]} now.", _AGAIN)
        return name


def _file_path(contents: CheckpointContents, name: Optional[str]) -> Path:
    place = Path(contents.path)
    return place if name is None else path_inside(place if place.is_dir() else place.parent, name)


def _opened(contents: CheckpointContents, name: Optional[str]) -> ValueFile:
    """The checkpoint's file, or one of its files by name; raises CheckpointError when it is gone or another one by now."""
    source = ValueFile(_file_path(contents, name))
    seen = next((stamp for stamp in contents.stamps if stamp.file == (name or "")), None)
    had = contents.file_bytes if name is None else seen.bytes if seen else source.size
    if source.size != had or (seen is not None and source.stamp(seen.file) != seen):
        source.close()
        grown = f"it had {had:,} bytes and has {source.size:,}" if source.size != had else "it was written anew"
        raise CheckpointError(f"{source.name} has changed since it was opened: {grown}.", _AGAIN)
    return source


def _silent(done: int, total: int, what: str) -> None:
    del done, total, what


def _regrouped(pieces: Iterable[memoryview], size: int, total: int) -> Iterator[memoryview]:
    """The same bytes in chunks of ``size``, the last one shorter."""
    memory, filled = memoryview(bytearray(min(size, total))), 0
    for piece in pieces:
        taken = 0
        while taken < len(piece):
            count = min(len(memory) - filled, len(piece) - taken)
            memory[filled : filled + count] = piece[taken : taken + count]
            filled, taken = filled + count, taken + count
            if filled == len(memory):
                yield memory
                filled = 0
    if filled:
        yield memory[:filled]


def _swap(chunk: memoryview, word_bytes: int) -> memoryview:
    """The bytes with each word turned around, in place of the old ones."""
    words = array.array(_WORDS[word_bytes])
    words.frombytes(chunk)
    words.byteswap()
    return memoryview(words).cast("B")


def same_bytes(first: memoryview, second: memoryview) -> bool:
    """Are two chunks equal, byte for byte? As fast as memory, which comparing memoryviews is not."""
    if len(first) != len(second):
        return False
    whole = first.obj
    if isinstance(whole, bytearray) and len(whole) == len(first):
        return whole == second
    return bytes(first) == bytes(second)
