"""Which of several mismatches have a cause of their own, and which only follow from an earlier one."""

from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple

from ..wire.problems import Problem
from ..wire.traces import DONE, LayerCall
from .provenance import product

_MAKES_A_SIZE = ("Linear", "Conv", "LSTM", "GRU", "RNN", "Embedding", "Multihead", "Bilinear")
GOES_ON = {
    *("shape-mismatch", "missing-flatten", "flattened-batch", "input-layout", "missing-dimension", "rnn-state-shape"),
    *("index-out-of-range", "dtype-mismatch", "batch-of-one", "broadcast-mismatch", "cat-mismatch", "matmul-mismatch"),
    *("functional-mismatch", "view-mismatch", "view-not-contiguous"),
}
"""After these a pass can be taken further."""


@dataclass(frozen=True)
class Mismatch:
    """One place where a pass would have ended. ``producer`` is the call whose output brought the size that does not fit."""

    problem: Problem
    producer: Optional[int] = None

    @property
    def key(self) -> Tuple[object, ...]:
        """What it is known by in another pass: the layer, or the operation at its line."""
        return key_of(self.problem)


def key_of(problem: Problem) -> Tuple[object, ...]:
    """The layer, or the operation at its line."""
    operation = problem.data.get("operation")
    return (problem.file, problem.line, operation) if operation else (problem.module,)


def causes(found: Sequence[Mismatch]) -> List[Optional[int]]:
    """For each the position of the earlier one that it follows from, None for what stands for itself."""
    roots: List[Optional[int]] = []
    for at, mismatch in enumerate(found):
        earlier = next((number for number in range(at) if _follows(mismatch, found[number])), None)
        root = roots[earlier] if earlier is not None else None
        roots.append(earlier if root is None else root)
    return roots


def producer_of(size: object, before: int, calls: Sequence[LayerCall]) -> Optional[int]:
    """The nearest call that made an axis of ``size``: those that only hand a shape on (norms, activations) did not."""
    made = [call for call in calls if call.status == DONE and call.index < before and call.outputs and _makes_a_size(call)]
    return next((call.index for call in reversed(made) if size in call.outputs[0].shape[1:]), None)


def _makes_a_size(call: LayerCall) -> bool:
    handed_on = bool(call.inputs) and call.inputs[0].shape == call.outputs[0].shape
    return not handed_on or any(word in call.class_name for word in _MAKES_A_SIZE)


def _follows(later: Mismatch, earlier: Mismatch) -> bool:
    if later.key == earlier.key:
        return True
    one, other = later.problem, earlier.problem
    if _undoes(one, other):
        return True
    if "operation" in other.data:
        asked = ("operation", "shapes")
        return one.code == other.code == "functional-mismatch" and all(one.data.get(name) == other.data[name] for name in asked)
    built = _built_for(other)
    if None in built:
        return False
    if "operation" in one.data:
        return sizes_that_clash(one) == set(built)
    if _built_for(one) != built or one.code != other.code:
        return False
    return one.code == "dtype-mismatch" or _made_at(one) == _made_at(other) is not None or later.producer == earlier.producer


def _undoes(later: Problem, earlier: Problem) -> bool:
    """Whether the later one only finds the size that the earlier view was meant to give, where all that was there is wanted."""
    if earlier.code != "view-mismatch" or "parts" not in earlier.data:
        return False
    arrived, given = earlier.data["shapes"][0][-1], product(earlier.data["parts"])
    if later.code == "view-mismatch" and "target" in later.data:
        return bool(product(later.data["shapes"][0]) * arrived == product(later.data["target"]) * given)
    return (later.data.get("expected"), later.data.get("got")) == (arrived, given)


def are_alike(one: Problem, other: Problem) -> bool:
    """Whether one change of a layer before both could repair both: by the same difference, or in the same ratio. Of one that asks
    for no single size (a state of an RNN) nobody knows."""
    asked = list(changes_asked(one))
    for got, wanted in asked:
        for their_got, theirs in changes_asked(other):
            if wanted - got == theirs - their_got or wanted * their_got == theirs * got:
                return True
    shapes = [size for shape in other.data.get("shapes", ()) for size in shape]
    return not asked or any(got in shapes for got, _ in asked)


def changes_asked(problem: Problem) -> Iterator[Tuple[int, int]]:
    """What is given, and what it should be; of two operands either may be meant."""
    got, expected = problem.data.get("got"), problem.data.get("expected")
    if isinstance(got, int) and isinstance(expected, int):
        yield got, expected
    one, *other = [size for size in sizes_that_clash(problem) if isinstance(size, int)] or [0]
    for size in other:
        yield one, size
        yield size, one


def _built_for(problem: Problem) -> Tuple[object, object]:
    """What it was built for, and what arrived."""
    expected, got = problem.data.get("expected"), problem.data.get("got")
    return (expected, got) if isinstance(expected, (int, str)) else (None, None)


def _made_at(problem: Problem) -> Optional[Tuple[object, object]]:
    line = problem.data.get("definition_line")
    return (problem.data.get("definition_file"), line) if line else None


def sizes_that_clash(problem: Problem) -> "set[object]":
    """The two sizes that an operation of two tensors could not bring together."""
    shapes = problem.data.get("shapes", [])
    if len(shapes) < 2 or problem.data.get("operation") == "einsum":
        return set()
    one, other = shapes[:2]
    if problem.code == "matmul-mismatch":
        return {one[-1], other[-2]} if one and len(other) > 1 and one[-1] != other[-2] else set()
    if problem.code != "broadcast-mismatch":
        return set()
    clashes = [
        {mine, theirs} for mine, theirs in zip(reversed(one), reversed(other)) if mine != theirs and 1 not in (mine, theirs)
    ]
    return clashes[0] if len(clashes) == 1 else set()
