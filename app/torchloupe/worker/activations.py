"""Looking at a tensor that flowed: the pass is repeated up to its call, that one tensor is kept, the model is put back."""

import sys
import threading
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Tuple, TypeVar

import torch
from torch import nn

from ..analysis.activation_views import activation_name, not_called_again
from ..analysis.wording import seconds_text
from ..wire.activations import INPUT, Activation, ChannelStats, FetchActivation, MeasureActivation, MeasuredActivation
from ..wire.errors import UsageError
from ..wire.requests import FetchedValues, ValuesArrived
from ..wire.tensors import TensorStats
from ..wire.values import ValueSummary
from .cancel import Cancelled
from .context import Context
from .explain import said_by
from .forward import chosen_device, on_device
from .model_state import ModelState
from .module_tree import walk_modules
from .nested import tensors_in
from .run_conditions import RunConditions
from .sample_input import sample_input
from .statistics import per_channel, percentiles, tensor_stats, why_uncountable
from .stopping import TimeLimit
from .target import Target
from .tensor_facts import dtype_name
from .torch_compat import call_modules_by, every_layer_by_itself, uncompiled, what_calls_modules
from .values import part_of, raw_bytes, refuse_too_large

KEPT_BYTES = 1 << 30
"""Tensors are kept as long as all of them fit in this; a larger one is looked at while it flows, in a pass for each part."""

MOST_CHANNELS = 1 << 14

Answer = TypeVar("Answer")
Look = Callable[[torch.Tensor], Answer]


class Kept:
    """One tensor as it was at its call, on the CPU and dense, and the statistics of all outputs of that call."""

    def __init__(self, tensor: torch.Tensor, call_stats: "Tuple[Optional[TensorStats], ...]") -> None:
        self.tensor = tensor
        self.call_stats = call_stats
        self.bytes = _bytes_of(tensor)


class KeptActivations:
    """The tensors of one open model that are kept: the last that was asked for, and the pinned ones as far as there is room."""

    def __init__(self) -> None:
        self._kept: Dict[Activation, Kept] = {}
        self._pinned: Tuple[Activation, ...] = ()

    def get(self, activation: Activation, pinned: Tuple[Activation, ...]) -> Optional[Kept]:
        """The tensor if it is there. What was unpinned meanwhile is forgotten."""
        self._pinned = pinned
        self._kept = {each: kept for each, kept in self._kept.items() if each == activation or each in pinned}
        return self._kept.get(activation)

    def room_for(self, size: int) -> bool:
        """Whether a tensor of so many bytes can be kept; pinned ones that were kept first give way to it."""
        if size > KEPT_BYTES:
            return False
        while sum(kept.bytes for kept in self._kept.values()) + size > KEPT_BYTES:
            del self._kept[next(iter(self._kept))]
        return True

    def put(self, activation: Activation, kept: Kept) -> None:
        """Keep it."""
        self._kept[activation] = kept

    def forget(self, with_pinned: bool = True) -> None:
        """The model changed, or (without the pinned ones) was run again."""
        self._kept = {} if with_pinned else {each: kept for each, kept in self._kept.items() if each in self._pinned}


class _Seen(BaseException):
    """Ends the repeated pass once the call was seen. Not an ``Exception``, so that few models catch it."""


class _Watch:
    """A context in which one call of one module is watched: ``take`` gets its tensor, ``call_stats`` become those of its outputs.

    A model that catches ``_Seen``, or calls the module in a thread of its own, is let run on to its end.
    """

    def __init__(self, module: nn.Module, wanted: Activation, take: Callable[[torch.Tensor], None], check: Callable[[], None]):
        self._module, self._wanted, self._take, self._check = module, wanted, take, check
        self._thread = threading.get_ident()
        self.times = 0
        self.tensors: Optional[int] = None
        self.call_stats: Tuple[Optional[TensorStats], ...] = ()

    def __enter__(self) -> "_Watch":
        self._plain_call = what_calls_modules()
        plain, watch, wanted = self._plain_call, self, self._module

        def call(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            watch._check()
            if self is not wanted:
                return plain(self, *args, **kwargs)
            return watch._watched(plain, args, kwargs)

        call_modules_by(call)
        return self

    def __exit__(self, *_: object) -> None:
        call_modules_by(self._plain_call)

    def _watched(self, plain: Callable[..., Any], args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        is_it = self.times == self._wanted.call_number
        self.times += 1
        if is_it and self._wanted.side == INPUT and not self._module._forward_pre_hooks:
            self._choose_of(args, kwargs)
        elif is_it and self._wanted.side == INPUT:  # what the user's hooks make of the arguments is what the call gets
            plain = self._behind_hooks(plain)
        output = plain(self._module, *args, **kwargs)
        if is_it:
            tensors = [tensor for _, tensor in tensors_in(output)]
            self.call_stats = tuple(_stats(tensor) for tensor in tensors)
            if self._wanted.side != INPUT:
                self._choose(tensors)
            if threading.get_ident() == self._thread:
                raise _Seen
        return output

    def _behind_hooks(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            last = self._module.register_forward_pre_hook(lambda _, *given: self._choose_of(*given), with_kwargs=True)
            try:
                return plain(*args, **kwargs)
            finally:
                last.remove()

        return call

    def _choose_of(self, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
        self._choose([tensor for value in (*args, *kwargs.values()) for _, tensor in tensors_in(value)])

    def _choose(self, tensors: List[torch.Tensor]) -> None:
        self.tensors = len(tensors)
        if self._wanted.number < len(tensors):
            self._take(tensors[self._wanted.number])


def fetch_activation(
    target: Target, model: nn.Module, kept: KeptActivations, request: FetchActivation, context: Context
) -> FetchedValues:
    """The bytes of a part of one tensor that flowed."""
    name = activation_name(request.activation)

    def look(tensor: torch.Tensor) -> Tuple[Tuple[int, ...], str, bytes]:
        part = part_of(tensor, name, request.index)
        return tuple(part.shape), dtype_name(part.dtype), raw_bytes(part)

    (shape, dtype, sent), _, _ = _looked(target, model, kept, request.activation, request.pinned, look, context)
    context.emit(ValuesArrived(name), [sent])
    return FetchedValues(name, shape, dtype)


def measure_activation(
    target: Target, model: nn.Module, kept: KeptActivations, request: MeasureActivation, context: Context
) -> MeasuredActivation:
    """One tensor that flowed in numbers."""

    def look(tensor: torch.Tensor) -> MeasuredActivation:
        shape, dtype = tuple(tensor.shape), dtype_name(tensor.dtype)
        channels, why = _channels(tensor, request.channel_dimension), why_uncountable(tensor) or ""
        return MeasuredActivation(shape, dtype, _bytes_of(tensor), False, _summary(tensor), channels, uncountable=why)

    found, call_stats, is_kept = _looked(target, model, kept, request.activation, request.pinned, look, context)
    return replace(found, is_kept=is_kept, call_stats=call_stats)


def _summary(tensor: torch.Tensor) -> Optional[ValueSummary]:
    stats = tensor_stats(tensor)
    return None if stats is None else ValueSummary(stats, percentiles(tensor) or (), stats.sampled)


def _channels(tensor: torch.Tensor, dimension: Optional[int]) -> Tuple[ChannelStats, ...]:
    if dimension is None or tensor.dim() <= dimension or tensor.shape[dimension] > MOST_CHANNELS:
        return ()
    found = per_channel(tensor, dimension)
    if found is None:
        return ()
    rows = zip(found.mean, found.std, found.min, found.max, found.zeros, found.finite)
    made = []
    for number, (mean, std, low, high, zeros, finite) in enumerate(rows):
        known = ChannelStats(number, mean, std, low, high, zeros, found.elements - finite)
        made.append(known if finite else ChannelStats(number, None, None, None, None, zeros, found.elements))
    return tuple(made)


def _looked(
    target: Target,
    model: nn.Module,
    kept: KeptActivations,
    activation: Activation,
    pinned: Tuple[Activation, ...],
    look: "Look[Answer]",
    context: Context,
) -> "Tuple[Answer, Tuple[Optional[TensorStats], ...], bool]":
    """What ``look`` says of the tensor that was kept or flows once more, the statistics of its call, and whether it is kept now."""
    there = kept.get(activation, pinned)
    if there is not None:
        return look(there.tensor), there.call_stats, True
    taken: List[torch.Tensor] = []
    looked: List[Answer] = []
    errors: List[Exception] = []

    def take(tensor: torch.Tensor) -> None:
        try:
            plain = _dense(tensor, activation)
            if kept.room_for(_bytes_of(plain)):
                taken.append(_copied(plain))
            else:
                looked.append(look(plain))
        except Exception as error:  # what is wrong with looking is none of the model's business
            errors.append(error)

    call_stats = _repeat(target, model, activation, take, context)
    if errors:
        raise errors[0]
    if not taken:
        return looked[0], call_stats, False
    kept.put(activation, Kept(taken[0], call_stats))
    return look(taken[0]), call_stats, True


def _repeat(
    target: Target, model: nn.Module, activation: Activation, take: Callable[[torch.Tensor], None], context: Context
) -> "Tuple[Optional[TensorStats], ...]":
    """One more pass as in ``run_forward``, up to the end of the call; ``take`` gets the tensor. What it changed is put back."""
    request, check, limit = activation.run, context.cancel.raise_if_requested, TimeLimit(context, activation.run.time_limit)
    device = chosen_device(request.device, model)
    if request.shapes_only or device.type == "meta":
        raise UsageError("A run of shapes alone has no values.", "Run the model with data.")
    state, raised = ModelState(model), None
    context.progress(0, 0, f"repeating the pass for {activation_name(activation)}")
    try:
        given = sample_input(target, model, request.inputs, request.seed, request.mode, check).on(device)
        runner = on_device(model, device)
        if request.mode is not None:
            runner.train(request.mode == "train")
        watch = _Watch(_module_at(runner, activation.module), activation, take, check)
        torch.manual_seed(request.seed)
        sys.setrecursionlimit(2 * sys.getrecursionlimit())  # put back with the state
        try:
            with limit, uncompiled(), every_layer_by_itself(), RunConditions(request, device), watch:
                runner(*given.positional, **given.keywords)
        except _Seen:
            pass
        except Cancelled:
            if not limit.reached:
                raise
            text = f"The repeated pass took longer than {seconds_text(request.time_limit)}, the time limit of the run."
            raise UsageError(text, "Run with a longer time limit, or without one.") from None
        except (Exception, SystemExit) as error:
            raised = error
    finally:
        context.state["spoiled"] = bool(state.restore())
    _check_taken(watch, activation, raised)
    return watch.call_stats


def _module_at(model: nn.Module, path: str) -> nn.Module:
    for each, module in walk_modules(model):
        if each == path:
            return module
    raise UsageError(f"The model has no module `{path}`.", "Run it again: it may have changed.")


def _check_taken(watch: _Watch, activation: Activation, raised: Optional[BaseException]) -> None:
    name, again = activation_name(activation), "Run the model again to see what it calls now."
    if watch.tensors is None and watch.times > activation.call_number:
        raise UsageError(f"The call did not end when the pass was repeated, so there is no {name}.", "Look at its inputs.")
    if watch.tensors is None and raised is not None:
        text = f"The repeated pass failed before {name}: {said_by(raised)}"
        raise UsageError(text, again) from raised
    if watch.tensors is None:
        raise UsageError(not_called_again(activation, watch.times), again)
    if watch.tensors <= activation.number:
        raise UsageError(f"There is no {name}: the call has {watch.tensors} tensors on that side.", again)


def _dense(tensor: torch.Tensor, activation: Activation) -> torch.Tensor:
    """As plain numbers: what is sparse filled in, what is quantized scaled. Raises UsageError where that cannot be."""
    name = activation_name(activation)
    plain = tensor.detach()
    if plain.is_nested:
        raise UsageError(
            f"{name} is a nested tensor whose rows differ in length: its values are not shown.", "Choose another one."
        )
    if plain.is_quantized:
        return plain.dequantize()
    if plain.layout is not torch.strided:
        refuse_too_large(name, plain.numel() * plain.element_size())
        return plain.to_dense()
    return plain


def _copied(tensor: torch.Tensor) -> torch.Tensor:
    """On the CPU, in an order of its own, whatever happens to the original."""
    plain = tensor.resolve_conj().resolve_neg()
    return plain.to("cpu", copy=True, memory_format=torch.contiguous_format)


def _bytes_of(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _stats(tensor: torch.Tensor) -> Optional[TensorStats]:
    try:
        return tensor_stats(tensor)
    except Exception:  # a tensor that cannot be counted must not be what fails
        return None
