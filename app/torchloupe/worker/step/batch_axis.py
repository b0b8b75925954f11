"""Why an output has other samples than its target: the batch was eaten on the way, or read as time."""

from dataclasses import replace
from typing import Any, Callable, Iterator, List, Optional, Tuple

import torch
from torch import nn

from ...analysis.silent_mismatches import Place, batch_problem
from ...analysis.step.facts import Meeting
from ...wire.problems import ERROR, Fix, Problem
from ..definitions import definition_place
from ..input_values import SampleInput
from ..nested import tensors_in
from ..places import Places
from ..registration.axis_watch import AxisWatch
from ..registration.call_watch import CallWatch
from ..registration.silent import flatten_tried
from ..torch_compat import uncompiled
from .batch_patches import Passes, turned_patch


def lost_batch(
    model: nn.Module, given: SampleInput, meeting: Meeting, places: Places, put_back: Callable[[], None]
) -> Optional[Problem]:
    """The cause in the model, where the target has as many samples as the input and the output has not. ``put_back`` follows each pass."""
    tensors = [tensor for _, tensor in tensors_in((given.positional, given.keywords))]
    batch = int(tensors[0].shape[0]) if tensors and tensors[0].dim() else 0
    if not meeting.failed or not batch or meeting.target[:1] != (batch,) or meeting.output[:1] == (batch,):
        return None
    look = _Look(model, given, batch, places, put_back)
    return look.eaten(meeting.output[:1]) or look.read_as_time()


class _Look:
    def __init__(self, model: nn.Module, given: SampleInput, batch: int, places: Places, put_back: Callable[[], None]) -> None:
        self._model = model
        self._given = given
        self._batch = batch
        self._places = places
        self._put_back = put_back

    def eaten(self, left: Tuple[int, ...]) -> Optional[Problem]:
        """A reshape that made the output's samples out of those of the input."""
        calls = CallWatch(lambda: None)
        watch = AxisWatch(self._places, calls)
        watch.expect(tensor for _, tensor in tensors_in((self._given.positional, self._given.keywords)))
        with calls, watch:
            self._output()
        for seen in watch.reshaped:
            if seen.source[0] == self._batch and seen.target[:1] == left:
                path = next((path for path, module in self._model.named_modules() if module is seen.module), "")
                passes = Passes(self._model, self._given, self._put_back)
                known = batch_problem(seen.operation, seen.source, seen.target, Place(path, seen.spot.file, seen.spot.line))
                return flatten_tried(known, seen, passes, self._places)
        return None

    def read_as_time(self) -> Optional[Problem]:
        """The first layer that wants time before batch, where the output has its samples once it gets that."""
        for path, layer in self._model.named_modules():
            if getattr(layer, "batch_first", None) is False and isinstance(layer, (nn.RNNBase, nn.MultiheadAttention)):
                arrived: List[Tuple[int, ...]] = []
                handle = layer.register_forward_pre_hook(_turned(arrived, self._batch))
                try:
                    output = self._output()
                finally:
                    handle.remove()
                fits = output is not None and output.shape[:1] == (self._batch,)
                return _batch_first(self._model, path, arrived[0], self._places) if arrived and fits else None
        return None

    def _output(self) -> Optional[torch.Tensor]:
        try:
            with torch.no_grad(), uncompiled():
                output = self._model(*self._given.positional, **self._given.keywords)
        except Exception:  # of the user's model, after a change that it was not made for
            return None
        finally:
            self._put_back()
        return next(iter(_floating(output)), None)


def _floating(output: Any) -> Iterator[torch.Tensor]:
    yield from (tensor for _, tensor in tensors_in(output) if tensor.is_floating_point())


def _turned(arrived: List[Tuple[int, ...]], batch: int) -> Callable[..., Any]:
    def before(_layer: nn.Module, args: Tuple[Any, ...]) -> Any:
        if args and isinstance(args[0], torch.Tensor) and args[0].dim() == 3 and args[0].shape[0] == batch:
            arrived.append(tuple(args[0].shape))
            return tuple(each.transpose(0, 1) if isinstance(each, torch.Tensor) and each.dim() == 3 else each for each in args)
        return None

    return before


def _batch_first(model: nn.Module, path: str, shape: Tuple[int, ...], places: Places) -> Problem:
    layer = type(model.get_submodule(path)).__name__
    place = definition_place(model, path)
    text = f"Give `{path}` its input as (time, batch, features): `x.transpose(0, 1)`, or set `batch_first=True` and read its result so."
    patch, outcome = turned_patch(model, path, places), "each sample then has its own answer"
    fix = Fix("edit_source", text, module=path, verified=True, outcome=outcome, patch=patch)
    message = (
        f"`{path}` ({layer}) reads the batch as time: without `batch_first=True` it takes {list(shape)} for {shape[0]} steps of "
        f"{shape[1]} samples, and what comes out has no longer one row for each of your {shape[0]} samples."
    )
    data = {"layer": layer, "input_shape": list(shape)}
    problem = Problem("batch-first", message, ERROR, text, module=path, fixes=(fix,), data=data)
    return problem if place is None else replace(problem, file=place[0], line=place[1])
