"""The line of a loss whose output and target do not go together, written otherwise: tried on tensors of these shapes."""

import linecache
from dataclasses import replace
from typing import Iterator, List, NamedTuple, Sequence, Tuple

import torch

from ...analysis.source_edits import expression_at
from ...analysis.step.loss_shapes import CLASS_LOSSES
from ...wire.problems import Fix, Problem
from ..patches import source_patch
from ..places import Places

_CODES = ("loss-target-shape", "silent-broadcast")
_PASSED = "the output and the target go together"
Shape = Tuple[int, ...]


class _Way(NamedTuple):
    """A method for the output (0) or the target (1)."""

    operand: int
    method: str
    axes: Tuple[int, ...]

    @property
    def text(self) -> str:
        return f"{self.method}({', '.join(map(str, self.axes))})"


def with_loss_patches(problems: Sequence[Problem], places: Places) -> List[Problem]:
    """The problems, those of a loss with the first way to write it with which both go together."""
    return [_mended(each, places) if each.code in _CODES and "target" in each.data else each for each in problems]


def _mended(problem: Problem, places: Places) -> Problem:
    file, line, operation = problem.file or "", problem.line or 0, str(problem.data.get("operation"))
    if problem.fixes or not places.is_project(file):
        return problem
    source = "".join(linecache.getlines(file))
    written = expression_at(source, line, operation)
    pieces = [*written.operands, *written.arguments][:2] if written is not None else []
    output, target = tuple(problem.data["output"]), tuple(problem.data["target"])
    way = next((way for way in _ways(output, target) if _goes(operation, output, target, way)), None)
    if way is None or len(pieces) < 2:
        return problem
    edit = pieces[way.operand].with_method(way.text)
    text = f"Write `{edit.text}` in line {edit.span.line}."
    patch = source_patch(file, [edit], places)
    fix = Fix("edit_source", text, value=edit.text, verified=True, outcome=_PASSED, patch=patch)
    return replace(problem, fixes=(fix,))


def _ways(output: Shape, target: Shape) -> Iterator[_Way]:
    yield from (
        _Way(1, "squeeze", (axis,)) for axis, size in enumerate(target) if size == 1 and axis and len(target) >= len(output)
    )
    yield from (_Way(0, "squeeze", (axis,)) for axis, size in enumerate(output) if size == 1 and axis)
    yield from (_Way(0, "transpose", (1, axis)) for axis in range(2, len(output)))
    yield from (_Way(1, "squeeze", (axis,)) for axis, size in enumerate(target) if size == 1 and axis)


def _goes(operation: str, output: Shape, target: Shape, way: _Way) -> bool:
    """Whether the loss takes both, of these shapes and without values."""
    tensors = [torch.zeros(output, device="meta"), torch.zeros(target, device="meta", dtype=torch.long)]
    tensors[way.operand] = getattr(tensors[way.operand], way.method)(*way.axes)
    if operation not in CLASS_LOSSES:
        return tensors[0].shape == tensors[1].shape
    one, other = tensors[0].shape, tensors[1].shape
    return len(one) > 1 and tuple(one[:1] + one[2:]) == tuple(other)
