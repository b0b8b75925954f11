"""What the calls of a run show by their statistics alone: NaN and Inf, numbers near the end of float16, scale that explodes or dies."""

import math
from dataclasses import replace
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ...wire.modules import ModuleTree
from ...wire.problems import ERROR, WARNING, Problem
from ...wire.tensors import TensorMeta, TensorStats
from ...wire.traces import DONE, FAILED, LayerCall
from ..wording import count_text, number_text
from .origin_causes import HALF_LIMIT
from .origin_findings import EMPTY_LOSS, INF_ORIGIN, NAN_IN_INPUT, NAN_ORIGIN

COARSE = "coarse"
"""In the ``data`` of a problem that a closer look replaces: it names the call and not yet the operation."""
EXPLODING, VANISHING = "exploding-scale", "vanishing-scale"
_NEAR, _NEAR_LIMIT = "near", 0.5 * HALF_LIMIT
"""The ``kind`` of a problem that is none yet, and the number from which on it is told."""
_EXPLODED, _GROWTH = 1e8, 1e6
_VANISHED, _ALIVE = 1e-10, 1e-3
_CLOSER = "A closer look names the operation and its operands: `torchloupe check`."
_ENDLESS = "NaN is neither less nor more than any number: a loop that waits for such a value goes on for ever."
_BORN = (NAN_ORIGIN, INF_ORIGIN, NAN_IN_INPUT, EMPTY_LOSS)
_STANDSTILL: Dict[str, Tuple[str, ...]] = {
    "dead-units": ("dead-relu",),
    "saturated-units": ("saturated",),
    "constant-output": ("softmax-single-logit",),
}
_IN_GRADIENTS: Dict[str, Tuple[str, ...]] = {
    EXPLODING: ("exploding-gradient", "diverging-step"),
    VANISHING: ("vanishing-gradient",),
}
_FOLLOWING = {*_BORN, *_STANDSTILL, *_IN_GRADIENTS}


def findings_of(calls: Sequence[LayerCall], tree: ModuleTree) -> Tuple[Problem, ...]:
    """The problems that the statistics of the calls show, the most serious alone where the others follow from it."""
    ended = sorted((call for call in calls if call.status == DONE), key=lambda call: call.index)
    has_answer = any(call.depth == 0 for call in ended)
    born = _born(ended, tree) if has_answer else _born_before_the_end(calls, tree)
    return (born,) if born is not None else tuple(_near_limit(ended, tree)) or tuple(_scale(ended, tree))


def _is_coarse(problem: Problem) -> bool:
    """Whether a closer look can say more of it."""
    return bool(problem.data.get(COARSE))


def sharpest(problems: Sequence[Problem]) -> List[Problem]:
    """One cause is one problem: without those that follow from another one, or that another one tells more exactly."""
    return [
        problem
        for problem in problems
        if problem.code not in _FOLLOWING or not any(_tells_more(other, problem) for other in problems if other is not problem)
    ]


def _tells_more(other: Problem, problem: Problem) -> bool:
    """Whether ``other`` is the cause of ``problem``, or names the operation where that names the call, or the weights that stand still
    for it."""
    if problem.code in _BORN and other.code in _BORN and not _is_coarse(other):
        is_near = problem.data.get("kind") == _NEAR and other.code == INF_ORIGIN and other.data.get("kind") != _NEAR
        return _is_coarse(problem) or is_near or (other.code == NAN_IN_INPUT and problem.code != NAN_IN_INPUT)
    if other.code == "weight-not-moved" and other.data.get("reason") in _STANDSTILL.get(problem.code, ()):
        return (other.file, other.line) == (problem.file, problem.line)
    return other.code in _IN_GRADIENTS.get(problem.code, ())


def needs_closer_look(calls: Sequence[LayerCall]) -> bool:
    """Whether the model's answer has NaN or Inf; of Inf only a closer look tells whether it was meant, as in a mask."""
    return any(_count(call, "nan") or _count(call, "inf") for call in calls if call.depth == 0 and call.status == DONE)


def _born(ended: List[LayerCall], tree: ModuleTree) -> Optional[Problem]:
    """The first call, by its end and so the innermost, whose result has NaN, when the model's answer has it."""
    root = next(call for call in ended if call.depth == 0)
    if not _count(root, "nan"):
        return None
    first = next((call for call in _by_end(ended) if _count(call, "nan")), root)
    return _first_nan(first, "The model's answer has it, too.", _CLOSER, tree)


def _born_before_the_end(calls: Sequence[LayerCall], tree: ModuleTree) -> Optional[Problem]:
    """The same of a pass that was stopped, when what a call gave last has NaN. Of one that failed a closer look knows whether it is why."""
    if any(call.status == FAILED for call in calls):
        return None
    order = [call for call in _by_end(sorted(calls, key=lambda call: call.index)) if call.status == DONE]
    if not order or not _count(order[-1], "nan"):
        return None
    first = next(call for call in order if _count(call, "nan"))
    last = "" if first is order[-1] else f" `{order[-1].module}`, which ended last, gives it, too."
    return _first_nan(first, f"The pass broke off after that.{last}", _ENDLESS, tree)


def _first_nan(first: LayerCall, end: str, hint: str, tree: ModuleTree) -> Problem:
    where = f"`{first.module}` ({first.class_name})" if first.module else f"the model's own forward ({first.class_name})"
    message = (
        f"The first NaN comes out of {where}: {count_text(_count(first, 'nan'))} of its values, in call {first.index}. {end}"
    )
    return _problem(NAN_ORIGIN, message, ERROR, hint, first, tree, {COARSE: True, "kind": "NaN"})


def _by_end(calls: List[LayerCall]) -> List[LayerCall]:
    """A call ends after those that it contains, which have higher numbers and are deeper."""
    waiting: List[LayerCall] = []
    order: List[LayerCall] = []
    for call in calls:
        while waiting and waiting[-1].depth >= call.depth:
            order.append(waiting.pop())
        waiting.append(call)
    return order + waiting[::-1]


def _count(call: LayerCall, kind: str) -> int:
    return sum(getattr(stats, kind) for stats in call.stats if stats is not None)


def _near_limit(ended: List[LayerCall], tree: ModuleTree) -> Iterator[Problem]:
    """The largest number in float16 when it is more than half of what float16 can say."""
    found = [
        (size, call) for call in _by_end(ended) for meta, size in _sizes(call) if meta.dtype == "float16" and size > _NEAR_LIMIT
    ]
    if found:
        size, call = max(found, key=lambda each: each[0])
        of = f"`{call.module}` ({call.class_name})" if call.module else "The model"
        limit = f"whose largest number is {HALF_LIMIT:g}: a little more, and they are Inf"
        message = f"{of} gives values up to {number_text(size)} in float16, {limit}."
        hint = "Use bfloat16 or float32 here, or scale down what goes in."
        yield _problem(INF_ORIGIN, message, WARNING, hint, call, tree, {"largest": size, "kind": _NEAR})


def _sizes(call: LayerCall) -> Iterator[Tuple[TensorMeta, float]]:
    for meta, stats in zip(call.outputs, call.stats):
        if stats is not None and stats.min is not None and stats.max is not None:
            yield meta, max(abs(stats.min), abs(stats.max))


def _scale(ended: List[LayerCall], tree: ModuleTree) -> Iterator[Problem]:
    """Values that grow or shrink beyond all use from layer to layer; only the first such layer, and only where it is plainly sick."""
    leaves = [(call, size) for call, size in _leaf_sizes(ended) if size > 0]
    if len(leaves) < 3:
        return
    first_call, first = leaves[0]
    largest = max(leaves, key=lambda each: each[1])
    if largest[1] > _EXPLODED and largest[1] > _GROWTH * max(first, 1.0):
        call = next(call for call, size in leaves if size > _EXPLODED)
        message = (
            f"The values explode over depth: from {number_text(first)} after `{first_call.module}` to {number_text(largest[1])} after "
            f"`{largest[0].module}` (root mean square). `{call.module}` is the first beyond {_EXPLODED:g}."
        )
        hint = "Normalise between the layers (LayerNorm, BatchNorm), or start with smaller weights (kaiming_normal_, xavier_normal_)."
        yield _problem(EXPLODING, message, WARNING, hint, call, tree, {"first": first, "largest": largest[1]})
    last_call, last = leaves[-1]
    if last < _VANISHED and first > _ALIVE:
        call = next(call for call, size in leaves if size < _VANISHED)
        message = (
            f"The values vanish over depth: from {number_text(first)} after `{first_call.module}` to {number_text(last)} after "
            f"`{last_call.module}` (root mean square)."
        )
        hint = "Start with larger weights (kaiming_normal_ before ReLU), or normalise between the layers."
        yield _problem(VANISHING, message, WARNING, hint, call, tree, {"first": first, "last": last})


def _leaf_sizes(ended: List[LayerCall]) -> Iterator[Tuple[LayerCall, float]]:
    """Root mean square of what the innermost calls gave, in execution order."""
    for call, after in zip(ended, [*ended[1:], None]):
        is_leaf = after is None or after.depth <= call.depth
        stats = next((each for each in call.stats if each is not None), None)
        if is_leaf and stats is not None and _is_float(call) and stats.mean is not None and stats.std is not None:
            yield call, _root_mean_square(stats)


def _root_mean_square(stats: TensorStats) -> float:
    return math.hypot(stats.mean or 0.0, stats.std or 0.0)


def _is_float(call: LayerCall) -> bool:
    return bool(call.outputs) and "float" in call.outputs[0].dtype


def _problem(code: str, message: str, severity: str, hint: str, call: LayerCall, tree: ModuleTree, data: object) -> Problem:
    module = next((each for each in tree.modules if each.path == call.module), None)
    file, line = (call.file, call.line) if call.file else (module.file, module.line) if module is not None else (None, None)
    problem = Problem(code, message, severity, hint, module=call.module, call=call.index, file=file, line=line)
    return replace(problem, data=dict(data) if isinstance(data, dict) else {})
