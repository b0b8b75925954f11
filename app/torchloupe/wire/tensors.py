"""Tensors as they cross the pipe: what they are, and what their values look like in numbers."""

from dataclasses import dataclass
from typing import Optional, Tuple


@dataclass(frozen=True)
class TensorMeta:
    """What a tensor is, without its values. ``name`` says where it stood among inputs or outputs: ``x``, ``[1]``, ``.logits``.

    ``memory_format`` is empty for one that lies in memory as its shape says, else ``channels_last``, ``strided`` or its layout
    (``sparse_coo``).
    """

    shape: Tuple[int, ...]
    dtype: str
    device: str = "cpu"
    name: str = ""
    memory_format: str = ""


@dataclass(frozen=True)
class TensorStats:
    """Statistics of one tensor's values.

    ``count``, ``zeros``, ``nan`` and ``inf`` are numbers of elements over the whole tensor; ``mean``, ``std`` (population),
    ``min`` and ``max`` are over the finite values, None when there is none. ``histogram`` has 64 equal bins over
    [``min``, ``max``] of the finite values, None when there is none; ``sampled`` says of how many elements it was made when
    not of all.
    """

    count: int
    mean: Optional[float]
    std: Optional[float]
    min: Optional[float]
    max: Optional[float]
    zeros: int
    nan: int
    inf: int
    histogram: Optional[Tuple[int, ...]] = None
    sampled: Optional[int] = None
