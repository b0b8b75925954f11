"""For which sizes of its input does the model run: batch, space, length, each tried on shapes alone."""

from dataclasses import dataclass
from typing import Optional, Tuple

from .problems import Problem


@dataclass(frozen=True)
class SweepSizes:
    """Run the open model on shapes alone with other sizes of its sample input, one axis at a time. Answer: ``SizesSwept``.

    ``inputs``, ``device``, ``mode`` and ``seed`` are those of ``RunForward``. After ``time_limit`` seconds what was tried is told.
    """

    inputs: Tuple[str, ...] = ()
    device: Optional[str] = None
    mode: Optional[str] = None
    seed: int = 0
    time_limit: float = 20.0


@dataclass(frozen=True)
class SizeTried:
    """One size of an axis: whether the model ``runs`` with it; None when shapes alone cannot tell. ``problem`` says what refused it,
    where somebody looked."""

    size: int
    runs: Optional[bool]
    problem: Optional[Problem] = None


@dataclass(frozen=True)
class SweptAxis:
    """An axis of the input, called ``name``, of size ``base`` in the sample input, and the sizes that were tried, in order of size.

    ``places`` are all the axes that change with it: (which tensor of the input, which axis of it).
    """

    name: str
    base: int
    places: Tuple[Tuple[int, int], ...]
    tried: Tuple[SizeTried, ...] = ()


@dataclass(frozen=True)
class SizesSwept:
    """What the sweep found. ``inputs`` are the input specs it began with, where there are some; ``notes`` say what was not tried."""

    axes: Tuple[SweptAxis, ...]
    inputs: Tuple[str, ...] = ()
    input_source: str = ""
    problems: Tuple[Problem, ...] = ()
    notes: Tuple[str, ...] = ()
    seconds: float = 0.0
