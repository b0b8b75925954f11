"""Other ways to write an operation whose operands do not fit: each is tried before anybody is told of it."""

from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

from ..wire.problems import Problem
from .provenance import product
from .source_edits import Edit, Expression, Piece, edited, flattened_whole, listed_pieces, numbers_given, sizes_read, text_of

Shape = Tuple[int, ...]
_MOST = 8


@dataclass(frozen=True)
class Way:
    """One way to write it: the edits, and what then stands in which line."""

    edits: Tuple[Edit, ...]
    text: str
    line: int


def ways(problem: Problem, written: Expression, source: str) -> List[Way]:
    """Those that the shapes suggest, likeliest first. ``source`` is the file in which it is ``written``."""
    of_this = _WAYS.get(problem.code)
    shapes = [tuple(shape) for shape in problem.data.get("shapes") or [problem.data.get("input_shape", ())]]
    if of_this is None:
        elsewhere = [(edit, edited(source, [edit]).splitlines()) for edit in _elsewhere(problem, written, source)]
        return [Way((edit,), lines[edit.span.line - 1].strip(), edit.span.line) for edit, lines in elsewhere][:_MOST]
    if not written.operands:
        return []
    functional = _functional_name(source)
    if problem.code == "cat-mismatch" and len(written.operands) == 1 < len(shapes):
        pieces = listed_pieces(source, written.span.line, written.operands[0].text)
        if len(pieces) == len(shapes):
            return _in_the_list(replace(written, operands=pieces), shapes, source)
    line = written.span.line
    found = [Way(edits, text_of(source, written.span, edits), line) for edits in of_this(problem, shapes, written, functional)]
    return list({way.text: way for way in found}.values())[:_MOST]


def _in_the_list(listed: Expression, shapes: List[Shape], source: str) -> List[Way]:
    """The parts of a list that was written on a line before are changed there."""
    first = listed.operands[0].span.line
    if len({len(shape) for shape in shapes}) == 1 or any(piece.span.line != first for piece in listed.operands):
        return []
    found = [
        Way(edits, edited(source, edits).splitlines()[first - 1].strip(), first) for edits in _same_rank(shapes, listed.operands)
    ]
    return list({way.text: way for way in found}.values())[:_MOST]


def _elsewhere(problem: Problem, written: Expression, source: str) -> Iterator[Edit]:
    """Changes of other lines of the same function: where the batch was flattened, too, or a state made for another axis."""
    line = written.span.line
    if problem.code == "flattened-batch":
        yield from (Edit(span, text) for span, text in flattened_whole(source, line))
    if problem.code == "rnn-state-shape":
        yield from (Edit(span, str(1 - axis)) for span, axis in sizes_read(source, line) if axis in (0, 1))
        yield from _state_sizes(problem, written, source)


def _state_sizes(problem: Problem, written: Expression, source: str) -> Iterator[Edit]:
    """The number that stands for the batch in the line that makes the state, taken from the input."""
    expected, got = problem.data.get("expected", ()), problem.data.get("got", ())
    wrong = [axis for axis, pair in enumerate(zip(got, expected)) if pair[0] != pair[1]]
    if len(got) != len(expected) or wrong != [1] or not written.operands or not written.arguments:
        return
    shape = problem.data.get("input_shape", ())
    batch = next((axis for axis in (0, 1) if shape[axis : axis + 1] == [expected[1]]), 0)
    for span, size in numbers_given(source, written.span.line, written.arguments[0].text):
        if size == got[1]:
            yield Edit(span, f"{written.operands[0].whole}.size({batch})")


_Edits = Iterator[Tuple[Edit, ...]]


def _elementwise(_problem: Problem, shapes: List[Shape], written: Expression, functional: str) -> _Edits:
    pieces = written.operands[:2]
    if len(pieces) < 2 or len(shapes) < 2:
        return
    yield from _of_rank(shapes[:2], pieces)
    yield from _in_order(shapes[:2], pieces)
    yield from _of_size(shapes[:2], pieces, functional)


def _joined(_problem: Problem, shapes: List[Shape], written: Expression, functional: str) -> _Edits:
    if len(shapes) != len(written.operands):
        return
    rank = max(map(len, shapes))
    if any(len(shape) != rank for shape in shapes):
        yield from _same_rank(shapes, written.operands)
        return
    for axis in range(rank):
        rest = {shape[:axis] + shape[axis + 1 :] for shape in shapes}
        if len(rest) == 1:
            yield (_along(written, axis),)
    if len(shapes) == 2:
        yield from _of_size(shapes, written.operands, functional)
        yield from _in_order(shapes, written.operands)


def _along(written: Expression, axis: int) -> Edit:
    """The same join along another axis."""
    if written.arguments:
        return Edit(written.arguments[-1].span, str(axis))
    parts = ", ".join(piece.text for piece in written.operands)
    return Edit(written.span, f"{written.function}([{parts}], {axis})")


def _same_rank(shapes: Sequence[Shape], pieces: Sequence[Piece]) -> _Edits:
    """What lacks an axis gets it, each at the same place; else what has more is flattened."""
    rank = max(map(len, shapes))
    short = [piece for shape, piece in zip(shapes, pieces) if len(shape) == rank - 1]
    if short and all(rank - len(shape) in (0, 1) for shape in shapes):
        for axis in _by_fit(shapes, rank):
            yield tuple(piece.with_method(f"unsqueeze({axis})") for piece in short)
            if axis:
                at = next(number for number, shape in enumerate(shapes) if len(shape) == rank)
                sizes = ", ".join(f"{pieces[at].whole}.size({axis})" if other == axis else "-1" for other in range(rank))
                yield tuple(piece.with_method(f"unsqueeze({axis}).expand({sizes})") for piece in short)
    least = min(map(len, shapes))
    if least == 2:
        yield tuple(piece.with_method("flatten(1)") for shape, piece in zip(shapes, pieces) if len(shape) > 2)


def _by_fit(shapes: Sequence[Shape], rank: int) -> List[int]:
    """The places of a new axis, those first after which most sizes are those of the longer tensors."""
    long = next(shape for shape in shapes if len(shape) == rank)
    short = next(shape for shape in shapes if len(shape) == rank - 1)

    def apart(axis: int) -> int:
        return sum(one != other for one, other in zip(long, (*short[:axis], 1, *short[axis:])))

    return sorted(range(rank - 1, -1, -1), key=lambda axis: (apart(axis), axis == 0))


def _of_rank(shapes: Sequence[Shape], pieces: Sequence[Piece]) -> _Edits:
    """The axes that one of two lacks; the sizes that it has keep their order."""
    at = 0 if len(shapes[0]) < len(shapes[1]) else 1
    short, long = shapes[at], shapes[1 - at]
    missing = len(long) - len(short)
    if not missing:
        return
    for new in combinations(range(len(long)), missing):
        kept = [size for axis, size in enumerate(long) if axis not in new]
        if all(one == other or 1 in (one, other) for one, other in zip(short, kept)):
            yield (pieces[at].with_method(".".join(f"unsqueeze({axis})" for axis in new)),)
    if len(short) > 1 and product(long[1:]) == product(short[1:]):
        yield (pieces[1 - at].with_method("flatten(1)" if len(short) == 2 else f"reshape({', '.join(map(str, short))})"),)


def _in_order(shapes: Sequence[Shape], pieces: Sequence[Piece]) -> _Edits:
    """The axes of one in the order of the other's."""
    one, other = shapes
    if len(one) != len(other) or sorted(one) != sorted(other) or len(one) > 5:
        return
    for at, (mine, theirs) in enumerate(((one, other), (other, one))):
        orders = [order for order in permutations(range(len(mine))) if tuple(mine[axis] for axis in order) == theirs]
        if orders and one != other:
            yield (pieces[at].with_method(permuting(orders[0])),)


def permuting(order: Sequence[int]) -> str:
    """``transpose(1, 2)``, ``permute(0, 2, 3, 1)``."""
    moved = [at for at, axis in enumerate(order) if at != axis]
    return f"transpose({moved[0]}, {moved[1]})" if len(moved) == 2 else f"permute({', '.join(map(str, order))})"


def _of_size(shapes: Sequence[Shape], pieces: Sequence[Piece], functional: str) -> _Edits:
    """The smaller map of two as large as the other: by a margin where it lacks little, else interpolated; or the larger one cropped."""
    one, other = shapes
    if len(one) != len(other) or len(one) < 3:
        return
    gaps = [mine - theirs for mine, theirs in zip(one, other)][2:]
    if not any(gaps) or not (all(gap >= 0 for gap in gaps) or all(gap <= 0 for gap in gaps)):
        return
    small = 1 if sum(gaps) > 0 else 0
    margin = ", ".join(f"0, {abs(gap)}" for gap in reversed(gaps))
    if max(map(abs, gaps)) <= 3:
        yield (Edit(pieces[small].span, f"{functional}.pad({pieces[small].text}, ({margin}))"),)
    size = f"{pieces[1 - small].whole}.shape[2:]"
    yield (Edit(pieces[small].span, f"{functional}.interpolate({pieces[small].text}, size={size})"),)
    crop = ", ".join(f":{size}" for size in shapes[small][2:])
    if max(map(abs, gaps)) <= 3:
        yield (Edit(pieces[1 - small].span, f"{pieces[1 - small].whole}[..., {crop}]"),)
    large, few = shapes[1 - small][2:], shapes[small][2:]
    steps = {-(-size // less) for size, less in zip(large, few) if less}
    if len(steps) == 1 and all(-(-size // step) == less for step in steps for size, less in zip(large, few)):
        strided = ", ".join(f"::{step}" for step in steps for _ in large)
        yield (Edit(pieces[1 - small].span, f"{pieces[1 - small].whole}[..., {strided}]"),)


def _multiplied(problem: Problem, shapes: List[Shape], written: Expression, _functional: str) -> _Edits:
    if problem.data.get("operation") == "einsum":
        yield from _lettered(shapes, written)
    if len(shapes) < 2 or len(written.operands) < 2:
        return
    (one, other), (left, right) = shapes[:2], written.operands[:2]
    if len(one) > 1 and len(other) == len(one) - 1 and one[-1] == other[-1]:
        yield (right.with_method("unsqueeze(-1)"),)
        return
    if len(one) < 2 or len(other) < 2:
        return
    turned = "transpose(-2, -1)"
    if one[-1] == other[-1]:
        yield (right.with_method(turned),)
    if one[-2] == other[-2]:
        yield (left.with_method(turned),)
    if one[-2] == other[-1]:
        yield left.with_method(turned), right.with_method(turned)
        yield Edit(left.span, right.text), Edit(right.span, left.text)


def _lettered(shapes: Sequence[Shape], written: Expression) -> _Edits:
    """The letters of one operand in another order, so that each stands for one size."""
    equation = written.operands[0].text
    terms = equation.strip("\"'").replace(" ", "").partition("->")[0].split(",")
    if equation[:1] not in "\"'" or len(terms) != len(shapes) or any(len(term) > 4 for term in terms):
        return
    for at in reversed(range(len(terms))):
        for letters in permutations(terms[at]):
            changed = [*terms[:at], "".join(letters), *terms[at + 1 :]]
            pairs = {pair for term, shape in zip(changed, shapes) for pair in zip(term, shape)}
            if changed != terms and len(pairs) == len({letter for letter, _ in pairs}):
                result = equation.strip("\"'").replace(" ", "").partition("->")
                yield (Edit(written.operands[0].span, f'"{",".join(changed)}{result[1]}{result[2]}"'),)


def _viewed(problem: Problem, _shapes: List[Shape], written: Expression, _functional: str) -> _Edits:
    tensor, sizes = written.operands[0].whole, [piece.text for piece in written.arguments]
    if problem.code == "view-not-contiguous":
        yield (Edit(written.span, f"{tensor}.reshape({', '.join(sizes)})"),)
        return
    if "parts" in problem.data:
        if "-1" not in sizes:
            yield (Edit(written.span, f"{tensor}.{problem.data['operation']}({', '.join([*sizes[:-1], '-1'])})"),)
        return
    if len(sizes) > 1:
        yield (Edit(written.span, f"{tensor}.{problem.data['operation']}({', '.join([f'{tensor}.size(0)', *sizes[1:]])})"),)
    yield (Edit(written.span, f"{tensor}.flatten(1)"),)
    if len(sizes) > 2 and "-1" not in sizes:
        for at in range(1, len(sizes)):
            open_one = [*sizes[:at], "-1", *sizes[at + 1 :]]
            yield (Edit(written.span, f"{tensor}.{problem.data['operation']}({', '.join(open_one)})"),)


def _functional(_problem: Problem, shapes: List[Shape], written: Expression, _name: str) -> _Edits:
    if len(written.operands) > 1 and len(shapes) > 1 and len(shapes[1]) == 2 and shapes[1][0] == shapes[0][-1]:
        yield (written.operands[1].with_method("t()"),)
    if len(shapes) > 1 and len(shapes[0]) == len(shapes[1]) > 2 and shapes[1][:2] == (1, 1) and written.arguments:
        weight, channels = written.arguments[0], shapes[0][1]
        yield (written.operands[0].with_method("mean(dim=1, keepdim=True)"),)
        sizes = ", ".join([str(channels), *("-1" for _ in shapes[1][1:])])
        end = written.span._replace(
            line=written.span.end_line, column=written.span.end_column - 1, end_column=written.span.end_column - 1
        )
        yield weight.with_method(f"expand({sizes})"), Edit(end, f", groups={channels}")


def _flattened(_problem: Problem, _shapes: List[Shape], written: Expression, _functional: str) -> _Edits:
    yield (written.operands[0].with_method("flatten(1)"),)


def _moved(problem: Problem, shapes: List[Shape], written: Expression, _functional: str) -> _Edits:
    """A layer that gets its features elsewhere: they are moved, for a norm there and back."""
    order = problem.data.get("permute")
    if not isinstance(order, list) or len(shapes[0]) != len(order):
        return
    tensor, back = written.operands[0], [order.index(axis) for axis in range(len(order))]
    there = tensor.with_method(permuting(order))
    end = written.span._replace(line=written.span.end_line, column=written.span.end_column)
    both = (there, Edit(end, f".{permuting(back)}"))
    yield from ((both, (there,)) if "Norm" in str(problem.data.get("layer")) else ((there,), both))


_Ways = Callable[[Problem, List[Shape], Expression, str], _Edits]
_WAYS: Dict[str, _Ways] = {
    "broadcast-mismatch": _elementwise,
    "cat-mismatch": _joined,
    "matmul-mismatch": _multiplied,
    "view-mismatch": _viewed,
    "view-not-contiguous": _viewed,
    "functional-mismatch": _functional,
    "missing-flatten": _flattened,
    "shape-mismatch": _moved,
}


def _functional_name(source: str) -> str:
    """What a file calls ``torch.nn.functional``."""
    for line in source.splitlines():
        words = line.split()
        if words[:2] == ["import", "torch.nn.functional"] or words[:4] == ["from", "torch.nn", "import", "functional"]:
            return words[-1]
    return "torch.nn.functional"
