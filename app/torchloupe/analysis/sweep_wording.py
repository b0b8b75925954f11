"""What a sweep found, in signs and words: the same in the window and on the command line."""

from typing import List, NamedTuple, Optional, Sequence

from ..wire.problems import Problem
from ..wire.sweeps import SizesSwept, SizeTried, SweptAxis
from .sweep import readings_told

RUNS, REFUSED, UNKNOWN = "●", "×", "?"
_SIGNS = f"{RUNS} runs, {REFUSED} does not, {UNKNOWN} shapes alone cannot tell"
LEGEND = f"{_SIGNS}; [ ] is the sample's size. Tried on shapes alone."
DRAWN_LEGEND = f"{_SIGNS}; the bold edge is the sample's size. Tried on shapes alone."


def sign_of(tried: SizeTried) -> str:
    """A sign that needs no colour."""
    return UNKNOWN if tried.runs is None else RUNS if tried.runs else REFUSED


def size_map(axis: SweptAxis) -> str:
    """``1× [2●] 3×``."""
    marked = [(each.size, f"{each.size}{sign_of(each)}") for each in axis.tried]
    return " ".join(f"[{text}]" if size == axis.base else text for size, text in marked)


class RefusedSize(NamedTuple):
    """A size of an axis, and what refuses it."""

    axis: str
    size: int
    problem: Problem


def refused_sizes(swept: SizesSwept) -> List[RefusedSize]:
    """Each cause once, with the nearest size that shows it."""
    found: List[RefusedSize] = []
    told = set()
    for reading in readings_told(swept.axes):
        for size, problem in sorted(reading.problems, key=lambda each: (abs(each[0] - reading.axis.base), -each[0])):
            cause = (problem.code, problem.module, problem.file, problem.line)
            if cause not in told:
                told.add(cause)
                found.append(RefusedSize(reading.axis.name, size, problem))
    return found


def sweep_sentence(swept: Optional[SizesSwept]) -> str:
    """All of it in one line: ``batch: any size, tried from 1 to 64; height: multiples of 16``."""
    if swept is None:
        return ""
    return "; ".join(f"{each.axis.name}: {each.sentence}" for each in readings_told(swept.axes))


def first_problem(swept: SizesSwept, axis: str, size: int) -> Optional[Problem]:
    """What refuses a size: that of itself where somebody looked, else of the nearest one on the same side of the sample's."""
    reading = next((each for each in swept.axes if each.name == axis), None)
    if reading is None:
        return None
    looked: Sequence[SizeTried] = [each for each in reading.tried if each.problem is not None and each.runs is False]
    alike = [each for each in looked if (each.size > reading.base) == (size > reading.base)]
    nearest = min(alike, key=lambda each: abs(each.size - size), default=None)
    return nearest.problem if nearest is not None else None
