"""Sizes that go together by chance: nothing is raised, and the result is not what was meant."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..wire.problems import ERROR, Fix, Problem
from .provenance import product
from .regrouping import Permutation, is_torn, permutation_meant, regrouped
from .source_edits import Edit, Expression
from .wording import shape_text

Shape = Tuple[int, ...]
RESHAPE = "reshape-instead-of-permute"
BATCH = "batch-size-changed"
BROADCAST = "silent-broadcast"
SILENT = (RESHAPE, BATCH, BROADCAST, "batch-first")
"""After these the loss may refuse what comes out, or samples depend on each other: both only follow."""


@dataclass(frozen=True)
class Place:
    """Where an operation stands: its module, file and line."""

    module: str
    file: str
    line: int


def kind_of_reshape(source: Shape, target: Shape, batch: Optional[int]) -> Optional[str]:
    """Which code a reshape deserves, from its sizes alone; None where it keeps the order of the axes, or nobody can tell.

    ``batch`` is the size of the input's first axis.
    """
    mixed = next((group for group in regrouped(source, target) if group.is_mixed), None)
    if mixed is None:
        return None
    meant = permutation_meant(source, target)
    is_of_batch = mixed.source[0] == 0 and source[0] == batch and target[0] != batch
    if meant is not None and not (is_of_batch and _drowns_the_batch(meant, target)):
        return RESHAPE
    return BATCH if is_of_batch and is_torn(source, target) else None


def _drowns_the_batch(meant: Permutation, target: Shape) -> bool:
    """Whether the first axis would move behind others and become a part of one: nobody means that."""
    left = list(meant.order)
    for size in target:
        held: List[int] = []
        while left and product([meant.split[at] for at in held]) != size:
            held.append(left.pop(0))
        if 0 in held:
            return held[0] != 0 or (len(held) > 1 and meant.order[0] != 0)
    return False


def is_certain(source: Shape, target: Shape) -> bool:
    """Whether the sizes leave no other reading: a step of two may as well be taken by chance (T, C) -> (T / 2, 2 C)."""
    mixed = next(group for group in regrouped(source, target) if group.is_mixed)
    one, other = source[mixed.source[0]], source[mixed.source[-1]]
    return is_torn(source, target) or len(mixed.source) > 2 or (one % other != 0 and other % one != 0)


def reshape_problem(operation: str, source: Shape, target: Shape, place: Place) -> Problem:
    """A reshape that stands where a permutation is meant."""
    meant = permutation_meant(source, target)
    assert meant is not None
    said = f"`{operation}` makes {shape_text(target)} of {shape_text(source)} by reading the values in their order"
    way = f"permute({', '.join(map(str, meant.order))})"
    seen = f" as {shape_text(meant.split)}" if meant.split != source else ""
    message = f"{said}: the axes change places, the values do not, and each row of the result is a mixture of several."
    text = f"Permute first: see it{seen}, `{way}`, then `reshape`."
    data: Dict[str, Any] = {"operation": operation, "shapes": [list(source)], "result": list(target), "order": list(meant.order)}
    return _problem(RESHAPE, message, text, place, data)


def batch_problem(operation: str, source: Shape, target: Shape, place: Place) -> Problem:
    """A view to a wrong constant that divides the whole batch by chance."""
    each = product(source[1:])
    text = "Keep the batch: `x.flatten(1)`, and let the next layer take that size."
    message = (
        f"The batch of {source[0]} becomes {target[0]} here: `{operation}` to {shape_text(target)} of {shape_text(source)} happens to fit, "
        f"because {source[0]} x {each} can be divided so, and tears the samples apart. Each of them has {each} values."
    )
    data: Dict[str, Any] = {
        "operation": operation,
        "shapes": [list(source)],
        "result": list(target),
        "batch": [source[0], target[0]],
    }
    return _problem(BATCH, message, text, place, {**data, "expected": product(target[1:]), "got": each})


def broadcast_problem(operation: str, one: Shape, other: Shape, result: Shape, place: Place) -> Problem:
    """(N,) with (N, 1): each sample with each."""
    both = f"{shape_text(one)} with {shape_text(other)} to {shape_text(result)}"
    message = f"`{operation}` combines {both}: every sample with every other one."
    text = "Give both the same shape: `unsqueeze(1)` on the one, or `squeeze(1)` on the other."
    data: Dict[str, Any] = {"operation": operation, "shapes": [list(one), list(other)], "result": list(result)}
    return _problem(BROADCAST, message, text, place, data)


def without_consequences(found: Sequence[Problem], silent: Sequence[Problem]) -> List[Problem]:
    """The problems without samples that depend on each other where a silent mismatch mixed them."""
    places = {(each.file, each.line) for each in silent}
    return [each for each in found if each.code != "batch-dependence" or (each.file, each.line) not in places]


def _problem(code: str, message: str, text: str, place: Place, data: Dict[str, Any]) -> Problem:
    fixes = (Fix("edit_source", text, module=place.module),)
    return Problem(code, message, ERROR, text, module=place.module, file=place.file, line=place.line, fixes=fixes, data=data)


def reshape_edits(written: Expression, source: Shape, target: Shape) -> List[Edit]:
    """Ways to write a reshape as the permutation that was meant, the shortest first."""
    meant = permutation_meant(source, target)
    if meant is None or not written.operands:
        return []
    tensor, order = written.operands[0].whole, meant.order
    permute = _permute_text(order)
    sizes = [piece.text for piece in written.arguments]
    permuted = tuple(meant.split[at] for at in order)
    if meant.split != source:
        if permuted != target or len(sizes) != len(target):
            return []
        before = ", ".join(sizes[order.index(at)] for at in range(len(order)))
        return [Edit(written.span, f"{tensor}.reshape({before}).{permute}")]
    if permuted == target:
        return [Edit(written.span, f"{tensor}.{permute}")]
    return [Edit(written.span, f"{tensor}.{permute}.reshape({', '.join(sizes)})")] if sizes else []


def _permute_text(order: Tuple[int, ...]) -> str:
    moved = [at for at, axis in enumerate(order) if at != axis]
    return f"transpose({moved[0]}, {moved[1]})" if len(moved) == 2 else f"permute({', '.join(map(str, order))})"


def batch_edits(written: Expression) -> List[Edit]:
    """The view as a flatten of each sample."""
    return [Edit(written.span, f"{written.operands[0].whole}.flatten(1)")] if written.operands else []


def broadcast_edits(written: Expression, one: Shape, other: Shape) -> List[Edit]:
    """The missing axis on the one, else the superfluous one away from the other."""
    if len(written.operands) < 2:
        return []
    shorter, longer = (0, 1) if len(one) < len(other) else (1, 0)
    shapes = (one, other)
    axis = next((at for at, size in enumerate(shapes[longer]) if size == 1), len(shapes[longer]) - 1)
    return [
        written.operands[shorter].with_method(f"unsqueeze({axis})"),
        written.operands[longer].with_method(f"squeeze({axis})"),
    ]
