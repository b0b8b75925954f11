"""What a state_dict diff is made of: keys, rows, causes. Keys and rows are named tuples: there may be 100,000 of them."""

from dataclasses import dataclass, field
from typing import Any, Dict, NamedTuple, Optional, Tuple

MATCHED, MISSING, UNEXPECTED, SHAPE, DTYPE = "matched", "missing", "unexpected", "shape", "dtype"
RENAMED, TRANSPOSED, RESIZED, FUSED, SPLIT = "renamed", "transposed", "resized", "fused", "split"
RESHAPED = "reshaped"
"""The same numbers in another arrangement: ones more or less, sizes joined, a convolution's sizes in another order."""
HOMELESS = (SHAPE, RESIZED, FUSED, SPLIT)
"""Statuses of pairs that a new name alone does not make fit: they are not in the mapping."""
TIED, BUFFER = "tied", "buffer"
"""A key that is missing, and whose tensor is there under another one; a key of a buffer that the model makes anew and does not save."""
CONVERTED = (TRANSPOSED, RESHAPED, SPLIT, FUSED)
"""Statuses of pairs whose values are there, but not as the model wants them."""
STATUSES = (MATCHED, RENAMED, DTYPE, TRANSPOSED, RESHAPED, RESIZED, FUSED, SPLIT, SHAPE, TIED, MISSING, BUFFER, UNEXPECTED)

UNINITIALIZED = "uninitialized"
"""The dtype of a key whose parameter is lazy: it takes whatever shape and dtype the checkpoint has."""


class KeyEntry(NamedTuple):
    """One key of a state_dict. ``tied_to`` are other keys of the very same tensor, where that is known."""

    key: str
    shape: Tuple[int, ...]
    dtype: str
    tied_to: Tuple[str, ...] = ()


class DiffRow(NamedTuple):
    """One line of the diff.

    ``status`` is one of ``STATUSES``. ``missing`` has no ``found``, ``unexpected`` no ``expected``. ``how`` says what led from
    one key to the other (``"prefix module."``), empty for equal keys. A key that is joined or split has a
    row for each of its parts, and ``cut`` says which: dimension, begin and end within the whole. ``turned``: a part is transposed, too.
    Of a whole that holds several experts along its first dimension the part is of one ``expert``.
    ``confidence`` of a pair is in 0 to 1; 0 without a pair.
    """

    status: str
    expected: Optional[KeyEntry]
    found: Optional[KeyEntry]
    how: str = ""
    confidence: float = 0.0
    cut: Optional[Tuple[int, int, int]] = None
    turned: bool = False
    expert: Optional[int] = None


@dataclass(frozen=True)
class Cause:
    """Why a number of keys differ, as one thing to say: ``text`` what is so, ``hint`` what to do.

    ``kind`` is ``prefix``, ``wrapper``, ``nothing``, ``missing``, ``tied``, ``counter``, ``unexpected``, ``optimizer``, ``shape``,
    ``transposed``, ``dtype``, ``renamed``, ``shifted``, ``reshaped``, ``fused``, ``split``, ``stacked``, ``buffer`` or ``tie``. ``data``
    holds the facts as plain JSON; ``data["keys"]`` are the keys it explains, all of them.
    """

    kind: str
    text: str
    hint: str
    key_count: int
    data: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StateDictDiff:
    """Two state_dicts compared.

    ``rows`` follow the expected keys, then the found ones without a home. ``mapping`` holds every found key that has a home;
    ``counts`` the number of rows of every status.
    """

    rows: Tuple[DiffRow, ...]
    mapping: Dict[str, str]
    counts: Dict[str, int]
    causes: Tuple[Cause, ...]
