"""Of which shape would the result of a refused operation have been? What its operands and arguments ask for, likeliest first."""

from typing import Dict, List, Optional, Sequence, Tuple

from .provenance import product

Shape = Tuple[int, ...]


def combined(one: Shape, other: Shape) -> List[Shape]:
    """Of an operation on elements (``x + y``): where two sizes clash, one of them is meant. The tensor of more dimensions leads."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    padded = (1,) * (len(longer) - len(shorter)) + tuple(shorter)
    kept = tuple(mine if mine != 1 else theirs for mine, theirs in zip(longer, padded))
    if len(longer) != len(shorter):
        return [tuple(longer)]  # an axis is missing, not a size wrong
    return _different(kept, tuple(theirs if theirs != 1 else mine for mine, theirs in zip(longer, padded)))


def joined(shapes: Sequence[Shape], axis: int) -> List[Shape]:
    """Of ``torch.cat``: a tensor that lacks one dimension gets it; of the sizes that clash each may be meant."""
    rank = max(map(len, shapes), default=0)
    if not -rank <= axis < rank or any(rank - len(shape) not in (0, 1) for shape in shapes):
        return []
    axis %= rank
    long = next(shape for shape in shapes if len(shape) == rank)
    whole = [tuple(shape) if len(shape) == rank else _with_axis(shape, long, axis) for shape in shapes]
    total = sum(shape[axis] for shape in whole)
    return _different(*((*shape[:axis], total, *shape[axis + 1 :]) for shape in whole))


def multiplied(one: Shape, other: Shape) -> List[Shape]:
    """Of ``matmul``: rows of one, columns of the other; batches as far as they go together."""
    if len(one) < 2 or len(other) < 2:
        return []
    batches = combined(one[:-2], other[:-2])
    return [(*batch, one[-2], other[-1]) for batch in batches]


def lettered(equation: str, shapes: Sequence[Shape]) -> List[Shape]:
    """Of ``einsum``: the letters of the result, each of the size that it has in the first operand with it, or in the last."""
    given, arrow, result = equation.replace(" ", "").partition("->")
    terms = given.split(",")
    if not arrow or "." in equation or len(terms) != len(shapes) or any(map(_differs_in_length, terms, shapes)):
        return []
    pairs = [pair for term, shape in zip(terms, shapes) for pair in zip(term, shape)]
    last: Dict[str, int] = dict(pairs)
    first: Dict[str, int] = dict(reversed(pairs))
    if any(letter not in first for letter in result):
        return []
    return _different(tuple(first[letter] for letter in result), tuple(last[letter] for letter in result))


def viewed(shape: Shape, target: Shape) -> List[Shape]:
    """Of ``view``: what it asks for. What it leaves open (-1) is the batch when it stands first, else what there is."""
    if target.count(-1) > 1 or not shape or not target:
        return []
    if -1 not in target:
        return [target]
    at = target.index(-1)
    known = product([size for size in target if size != -1])
    size: Optional[int] = shape[0] if at == 0 else product(shape) // known if known else None
    return [(*target[:at], size, *target[at + 1 :])] if size else []


def _with_axis(shape: Shape, long: Shape, joined: int) -> Shape:
    """With one axis more: the joined one, unless the others fit better once it stands elsewhere. Then it is as long as it has to be."""

    def clashes(made: Shape) -> int:
        return sum(one != other and at != joined for at, (one, other) in enumerate(zip(made, long)))

    places = [joined, *(at for at in range(1, len(long)) if at != joined)]
    return min(((*shape[:at], 1 if at == joined else long[at], *shape[at:]) for at in places), key=clashes)


def _differs_in_length(term: str, shape: Shape) -> bool:
    return len(term) != len(shape)


def _different(*shapes: Shape) -> List[Shape]:
    return list(dict.fromkeys(shapes))
