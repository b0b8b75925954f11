"""What lies in a checkpoint: its tensors, its other values, its containers. Made by ``checkpoints``, read by everyone."""

from dataclasses import dataclass
from typing import Any, Optional, Tuple

from .problems import Problem


@dataclass(frozen=True)
class StoredPiece:
    """A part of a tensor that is stored in several: ``offsets`` and ``shape`` say which, ``file`` and ``stored_at`` where."""

    offsets: Tuple[int, ...]
    shape: Tuple[int, ...]
    file: str
    stored_at: str


@dataclass(frozen=True)
class StoredTensor:
    """One tensor in a file.

    ``key`` is its key inside ``container``; ``container`` is the dotted path of the mapping that holds it (``""`` is the top).
    ``shape`` and ``dtype`` are as declared, ``bytes`` what its elements take. ``stored_at`` names its record (several tensors
    with the same one share memory), ``offset`` and ``strides`` (in elements) say which part of the record it is; ``file`` is
    the file's name when the checkpoint has several. ``broken`` is a sentence when the values cannot be read as declared.

    ``stored_at`` is, by format: for torch zip files, TorchScript and .pt2 the name of a member below the archive's root
    (``data/0``), or its whole name when one zip file holds several checkpoints; for .npz the name of the member, whose elements
    begin after its npy header; for all others ``begin:end``, the bytes of the file in which the storage lies; in a distributed
    checkpoint these bytes are a whole torch zip file with one tensor. ``""`` is a tensor without bytes of its own. ``offset``
    counts elements from there. ``file``, when given, is a path below the folder of the checkpoint, with ``/``. ``pieces`` stand
    in place of ``file`` and ``stored_at`` when a tensor is stored in several parts. ``big_endian`` is true when the most
    significant byte comes first. The elements of a ``conjugated`` or ``negated`` tensor are the conjugates or negatives of the
    stored ones.

    A tensor with ``parts`` is not in the file: it is these views of stored ones, one after the other along ``axis``. A single part may
    have another shape; its elements in row-major order are those of the tensor.
    """

    key: str
    shape: Tuple[int, ...]
    dtype: str
    bytes: int
    container: str = ""
    file: Optional[str] = None
    stored_at: str = ""
    offset: int = 0
    strides: Tuple[int, ...] = ()
    requires_grad: bool = False
    is_parameter: bool = False
    broken: str = ""
    big_endian: bool = False
    pieces: Tuple[StoredPiece, ...] = ()
    conjugated: bool = False
    negated: bool = False
    parts: Tuple["StoredTensor", ...] = ()
    axis: int = 0

    @property
    def sources(self) -> Tuple["StoredTensor", ...]:
        """What lies in the file: itself, or the views that it is made of."""
        return self.parts or (self,)


@dataclass(frozen=True)
class StoredValue:
    """Anything in a file that is no tensor: ``path`` is dotted, ``type`` the type's name, ``value`` a JSON scalar or short text."""

    path: str
    type: str
    value: Any


@dataclass(frozen=True)
class FileStamp:
    """How a file was when it was read: its size, when it was last written, and its number in the file system.

    ``file`` is as in a tensor; ``""`` is the checkpoint's only file.
    """

    file: str
    bytes: int
    modified_ns: int
    number: int


@dataclass(frozen=True)
class CheckpointContents:
    """Everything a checkpoint file says without running it.

    ``file_bytes`` is the size on disk, ``bytes_read`` how much of it was read for this. ``globals`` are the importable names a
    pickle mentions, sorted; loading the file with pickle would import them. ``problems`` are warnings about a file that could
    be read in spite of them. ``stamps`` tell later whether the files are still those that were read. ``about``
    is what the format says of the file itself: its version, byte order, alignment.
    """

    path: str
    format: str
    file_bytes: int
    bytes_read: int
    tensors: Tuple[StoredTensor, ...]
    values: Tuple[StoredValue, ...] = ()
    globals: Tuple[str, ...] = ()
    problems: Tuple[Problem, ...] = ()
    stamps: Tuple[FileStamp, ...] = ()
    about: Tuple[StoredValue, ...] = ()
