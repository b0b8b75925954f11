"""Does the answer for a sample depend on the samples beside it? One pass with the batch turned round and a sample more tells."""

import sys
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ...analysis.registration.forward_facts import BatchDependence, Spot
from ..definitions import definition_place
from ..input_values import SampleInput
from ..nested import map_tensors, tensors_in
from ..places import Places
from .call_watch import CallWatch
from .compared import differ, difference
from .operation_watch import said, tensors_among

_MOST_ELEMENTS = 1 << 25
_READERS = ("lstm", "gru", "rnn_tanh", "rnn_relu", "multi_head_attention_forward", "scaled_dot_product_attention")


def batch_dependence(passes: Any, given: SampleInput, once: List[torch.Tensor], places: Places) -> Optional[BatchDependence]:
    """What mixes the samples, or None: they are independent, or dimension 0 is not known to be the batch.

    It is the batch when all inputs share it, the output has it, and with one sample more the output has one more and is otherwise of
    the same shape. Where dimension 1 can be the batch as well - the output keeps it - nothing is said.
    """
    size = _batch_size(given)
    if size is None:
        return None
    turned = _changed(given, turn)
    try:
        other = passes.output(turned)
    except Exception:
        return None  # it is made for this batch size, or dimension 0 is none
    number = _mixed(once, other, size)
    if number is None or passes.is_random(given, once) or _may_be_second(passes, given, once, number):
        return None
    how_much = difference(turn(once[number]), other[number])
    step = _first_mixing(passes, given, turned, places)
    if step is None:
        return None
    operation, module, spot = step.name, passes.walked.by_identity.get(id(step.module), ("",))[0], step.spot
    reader = _independent_reader(passes, given, turned, number)
    if reader is not None:
        path, layer = reader
        place = definition_place(passes.model, path)
        return BatchDependence(
            operation, module, spot, how_much, path, type(layer).__name__, Spot(*place) if place else Spot(), True
        )
    return BatchDependence(operation, module, spot, how_much) if spot.file and places.is_project(spot.file) else None


def turn(tensor: torch.Tensor) -> torch.Tensor:
    """The batch the other way round, with the last sample once more in front: neither first nor last are what they were."""
    return torch.cat([tensor[-1:], tensor.flip(0)])


def _changed(given: SampleInput, change: Callable[[torch.Tensor], torch.Tensor]) -> SampleInput:
    def each(tensor: torch.Tensor) -> torch.Tensor:
        return change(tensor) if tensor.dim() else tensor

    return SampleInput(map_tensors(given.positional, each), map_tensors(given.keywords, each), given.source)


def _batch_size(given: SampleInput) -> Optional[int]:
    """The size that all inputs share as their first; None when there is none, or when it may be something else than the batch.

    A flat input can be a sequence, or say where each of several texts begins; a square one beside others says which samples belong
    together.
    """
    tensors = [tensor for _, tensor in (*tensors_in(given.positional), *tensors_in(given.keywords)) if tensor.dim()]
    sizes = {int(tensor.shape[0]) for tensor in tensors}
    between = len(tensors) > 1 and any(tensor.dim() > 1 and tensor.shape[0] == tensor.shape[1] for tensor in tensors)
    between = between or all(tensor.dim() == 1 for tensor in tensors)
    return sizes.pop() if len(sizes) == 1 and not between and all(type(tensor) is torch.Tensor for tensor in tensors) else None


def _mixed(once: List[torch.Tensor], other: List[torch.Tensor], size: int) -> Optional[int]:
    """The number of the first output that has the batch in front and answers differently."""
    for number, (mine, theirs) in enumerate(zip(once, other)):
        if not mine.dim() or not mine.is_floating_point() or mine.shape[0] != size or theirs.shape[0] != size + 1:
            continue
        if mine.shape[1:] == theirs.shape[1:] and differ(turn(mine), theirs):
            return number
    return None


def _may_be_second(passes: Any, given: SampleInput, once: List[torch.Tensor], number: int) -> bool:
    """Whether dimension 1 is as good a batch: every input has it, the output keeps it and has features beside it, and its places are
    independent of each other."""
    tensors = [tensor for _, tensor in (*tensors_in(given.positional), *tensors_in(given.keywords)) if tensor.dim()]
    output = once[number]
    if output.dim() < 3 or any(tensor.dim() < 2 or tensor.shape[1] != output.shape[1] for tensor in tensors):
        return False
    if output.shape[1] == 1:
        return True
    try:
        other = passes.output(_changed(given, lambda tensor: turn(tensor.transpose(0, 1)).transpose(0, 1)))
    except Exception:
        return False
    return not differ(turn(output.transpose(0, 1)).transpose(0, 1), other[number])


def _independent_reader(passes: Any, given: SampleInput, turned: SampleInput, number: int) -> Optional[Tuple[str, nn.Module]]:
    """The first layer that reads time before batch, when the samples are independent with ``batch_first=True`` in all such layers."""
    readers = [(path, layer) for path, layer in passes.walked.modules if _reads_time_first(layer)]
    changed: List[Any] = [layer for _, layer in readers]
    if not readers:
        return None

    def prepare() -> None:
        for layer in changed:
            layer.batch_first = True

    try:
        once, other = passes.output(given, prepare=prepare), passes.output(turned, prepare=prepare)
        if differ(turn(once[number]), other[number]):
            return None
    except Exception:
        return None
    finally:
        for layer in changed:
            layer.batch_first = False
    path, layer = readers[0]
    above = path.rpartition(".")[0]
    parent = dict(passes.walked.modules)[above]
    return (above, parent) if type(parent).__module__ == "torch.nn.modules.transformer" else (path, layer)


def _reads_time_first(layer: nn.Module) -> bool:
    return getattr(layer, "batch_first", None) is False and isinstance(layer, (nn.RNNBase, nn.MultiheadAttention))


def _first_mixing(passes: Any, given: SampleInput, turned: SampleInput, places: Places) -> "Optional[_Step]":
    """The first operation whose results are no longer those of the other order; None where the first dimension seems to be meant so.

    One sequence without a batch is read by a recurrent layer or by attention as (time, features) or (time, 1, features). And rows of
    features that are compared each with each, in a square of scores, are words of one sentence as likely as samples.
    """
    plain, other = _Recorder(places), _Recorder(places)
    for recorder, values in ((plain, given), (other, turned)):
        passes.output(values, within=recorder.at_work())
    is_rows = all(tensor.dim() < 3 for _, tensor in (*tensors_in(given.positional), *tensors_in(given.keywords)))
    for mine, theirs in zip(plain.steps, other.steps):
        pairs = list(zip(mine.results, theirs.results))
        if mine.name != theirs.name or (is_rows and any(len(_changed_sizes(*pair)) > 1 for pair in pairs)):
            return None
        if any(_apart(*pair) for pair in pairs):
            return None if mine.name in _READERS and _is_one_sequence(mine.operand) else mine
    return None


def _is_one_sequence(shape: Tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and shape[1] == 1)


def _changed_sizes(mine: torch.Tensor, theirs: torch.Tensor) -> List[int]:
    """The dimensions along which two results have other sizes."""
    return [
        dimension
        for dimension in range(mine.dim())
        if mine.dim() == theirs.dim() and mine.shape[dimension] != theirs.shape[dimension]
    ]


def _apart(mine: torch.Tensor, theirs: torch.Tensor) -> bool:
    """Whether a result with one sample more, along whatever dimension, is another one for the samples of both."""
    along = _changed_sizes(mine, theirs)
    if len(along) != 1 or not mine.is_floating_point() or theirs.shape[along[0]] != mine.shape[along[0]] + 1:
        return False
    return differ(turn(mine.transpose(0, along[0])), theirs.transpose(0, along[0]))


class _Step:
    def __init__(
        self, name: str, operand: Tuple[int, ...], module: Optional[nn.Module], spot: Spot, results: List[torch.Tensor]
    ) -> None:
        self.name = name
        self.operand = operand
        self.module = module
        self.spot = spot
        self.results = results


class _Recorder(TorchFunctionMode):
    """Keeps the results of the operations of one pass, up to a bound."""

    def __init__(self, places: Places) -> None:
        super().__init__()
        self._places = places
        self._left = _MOST_ELEMENTS
        self.calls = CallWatch(lambda: None)
        self.steps: List[_Step] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside, operations are kept with the module that runs them."""
        with self.calls, self:
            yield

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation and keep what comes out."""
        result = func(*args, **(kwargs or {}))
        tensors = [tensor for tensor in tensors_among(result) if type(tensor) is torch.Tensor]
        self._left -= sum(tensor.numel() for tensor in tensors)
        if tensors and self._left > 0:
            place = self._places.of_caller(sys._getframe(1))
            spot = Spot(*place) if place else Spot()
            operand = next((tuple(tensor.shape) for tensor in tensors_among(args)), ())
            kept = [tensor.detach().clone() for tensor in tensors]
            self.steps.append(_Step(said(func), operand, self.calls.owner(), spot, kept))
        return result
