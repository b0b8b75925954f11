"""What lies in a checkpoint: its tensors, its other values, its containers. Made by ``checkpoints``, read by everyone."""

from dataclasses import dataclass
from typing import Any, Optional, Tuple

from .problems import Problem


@dataclass(frozen=True)
class StoredTensor:
    """One tensor in a file.

    ``key`` is its key inside ``container``; ``container`` is the dotted path of the mapping that holds it (``""`` is the top).
    ``shape`` and ``dtype`` are as declared, ``bytes`` what its elements take. ``stored_at`` names its record (several tensors
    with the same one share memory), ``offset`` and ``strides`` (in elements) say which part of the record it is; ``file`` is
    the file's name when the checkpoint has several. ``broken`` is a sentence when the values cannot be read as declared.
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


@dataclass(frozen=True)
class StoredValue:
    """Anything in a file that is no tensor: ``path`` is dotted, ``type`` the type's name, ``value`` a JSON scalar or short text."""

    path: str
    type: str
    value: Any


@dataclass(frozen=True)
class CheckpointContents:
    """Everything a checkpoint file says without running it.

    ``file_bytes`` is the size on disk, ``bytes_read`` how much of it was read for this. ``globals`` are the importable names a
    pickle mentions, sorted; loading the file with pickle would import them. ``problems`` are warnings about a file that could
    be read in spite of them.
    """

    path: str
    format: str
    file_bytes: int
    bytes_read: int
    tensors: Tuple[StoredTensor, ...]
    values: Tuple[StoredValue, ...] = ()
    globals: Tuple[str, ...] = ()
    problems: Tuple[Problem, ...] = ()
