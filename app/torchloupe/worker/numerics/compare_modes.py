"""The same input in train and in eval mode: what each call gives in both, and which operations do something else."""

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from ...wire.numerics import BATCH_NORM, DROPOUT, CompareModes, ModeCall, ModeChange, ModesCompared
from ..context import Context
from ..explain import CouldNotRun, problem_of
from ..forward import chosen_device, on_device
from ..input_values import SampleInput
from ..model_state import ModelState
from ..module_tree import walk_modules
from ..nested import tensors_in
from ..places import Place, Places
from ..registration.operation_watch import dropout_probability, said
from ..registration.watch_forward import copied, set_mode
from ..sample_input import sample_input
from ..target import Target
from ..torch_compat import uncompiled

_SAMPLE = 4096
"""So many values of a tensor, evenly over it, stand for all of them."""
_Key = Tuple[str, int]


@dataclass
class _Sample:
    """Some values of a tensor, with its shape."""

    shape: Tuple[int, ...]
    values: Optional[torch.Tensor]


@dataclass
class _Seen:
    """One call in one mode."""

    module: nn.Module
    path: str
    number: int
    depth: int
    place: Optional[Place]
    given: List[_Sample]
    gave: List[_Sample] = field(default_factory=list)
    changes: List[ModeChange] = field(default_factory=list)


def compare_modes(target: Target, model: nn.Module, request: CompareModes, context: Context) -> ModesCompared:
    """Both passes, from the same state; the model is put back. Raises ``CouldNotRun`` where it does not run in one of the modes."""
    started = time.perf_counter()
    check = context.cancel.raise_if_requested
    device = chosen_device(request.device, model)
    state = ModelState(model)
    try:
        given = sample_input(target, model, request.inputs, request.seed, None, check)
        runner = on_device(model, device)
        before = state if runner is model else ModelState(runner)
        passes = []
        for number, mode in enumerate(("eval", "train")):
            context.progress(number, 2, f"running in {mode} mode")
            before.restore()
            set_mode(runner, mode == "train")
            passes.append(_pass(runner, given.on(device), target.places, request.seed, mode, check))
        before.restore()
        context.progress(2, 2, "compared")
    finally:
        context.state["spoiled"] = bool(state.restore())
    calls, difference = _compared(*passes)
    return ModesCompared(calls, difference, time.perf_counter() - started)


def _pass(model: nn.Module, given: SampleInput, places: Places, seed: int, mode: str, check: Callable[[], None]) -> "_Recorder":
    mine = SampleInput(copied(given.positional), copied(given.keywords), given.source)
    recorder = _Recorder(model, places, check)
    torch.manual_seed(seed)
    try:
        with uncompiled(), torch.no_grad(), recorder.at_work():
            recorder.output = _samples(model(*mine.positional, **mine.keywords))
    except (Exception, SystemExit) as error:
        raise CouldNotRun(problem_of(error, "forward-failed", f"In {mode} mode the model does not run", places)) from error
    return recorder


class _Recorder(TorchFunctionMode):
    """A mode, with hooks: the calls with some of their values, and the operations that drop or normalise by the batch."""

    def __init__(self, model: nn.Module, places: Places, check: Callable[[], None]) -> None:
        super().__init__()
        self._paths = {id(module): path for path, module in reversed(list(walk_modules(model)))}
        self._places = places
        self._check = check
        self._open: List[_Seen] = []
        self._numbers: Dict[str, int] = {}
        self._looking = False
        self.calls: Dict[_Key, _Seen] = {}
        self.output: List[_Sample] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Inside, calls and operations are seen."""
        handles = [
            register_module_forward_pre_hook(self._began),
            register_module_forward_hook(lambda module, _args, output: self._ended(module, output)),
        ]
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation; before it, note what it does in train mode alone."""
        kwargs = kwargs or {}
        if not self._looking and self._open:
            change = self._change(func, args, kwargs)
            if change is not None:
                self._open[-1].changes.append(change)
        return func(*args, **kwargs)

    def _change(self, func: Any, args: Any, kwargs: Any) -> Optional[ModeChange]:
        name = str(getattr(func, "__name__", ""))
        probability = dropout_probability(name, args, kwargs) or _dropout_inside(self._open[-1].module, name)
        place = self._places.of_caller(sys._getframe(2)) or (None, None)
        if probability:
            return ModeChange(DROPOUT, said(func), probability, file=place[0], line=place[1])
        module = self._open[-1].module
        if name == "batch_norm" and _trains(args, kwargs) and len(args) > 2 and isinstance(args[1], torch.Tensor):
            off, wider = _distance(args[0], args[1], args[2])
            counted = module.num_batches_tracked if isinstance(module, _BatchNorm) else None
            # The layer counts this batch before it normalises.
            batches = None if counted is None else max(int(counted) - 1, 0)
            return ModeChange(BATCH_NORM, said(func), 0.0, off, wider, batches, place[0], place[1])
        return None

    def _began(self, module: nn.Module, args: Any) -> None:
        self._check()
        path = self._paths.get(id(module))
        if path is None:
            return
        number = self._numbers.get(path, 0)
        self._numbers[path] = number + 1
        place = self._places.of_caller(sys._getframe(1))
        seen = _Seen(module, path, number, len(self._open), place, self._sampled(args))
        self.calls[path, number] = seen
        self._open.append(seen)

    def _ended(self, module: nn.Module, output: Any) -> None:
        if any(each.module is module for each in self._open):
            while self._open[-1].module is not module:
                self._open.pop()  # the model caught the failure of a part and went on without it
            self._open.pop().gave = self._sampled(output)

    def _sampled(self, value: Any) -> List[_Sample]:
        self._looking = True
        try:
            return _samples(value)
        finally:
            self._looking = False


def _samples(value: Any) -> List[_Sample]:
    return [_Sample(tuple(int(size) for size in tensor.shape), _values(tensor)) for _, tensor in tensors_in(value)]


def _values(tensor: torch.Tensor) -> Optional[torch.Tensor]:
    """A few thousand values, evenly over the tensor, as float64 of their own; None for one without plain numbers."""
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested or tensor.device.type == "meta":
        return None
    real = torch.view_as_real(tensor.detach().resolve_conj()) if tensor.is_complex() else tensor.detach()
    flat = real.reshape(-1)
    # An odd step, so that not the same column of every row is taken.
    step = max(flat.numel() // _SAMPLE, 1) | 1
    return flat[::step].double().cpu().clone()


def _dropout_inside(module: nn.Module, name: str) -> float:
    """With which probability a layer of torch drops inside of one operation."""
    at_work = module.training and isinstance(module, (nn.RNNBase, nn.MultiheadAttention))
    if not at_work or name not in ("lstm", "gru", "rnn_tanh", "rnn_relu", "multi_head_attention_forward"):
        return 0.0
    if isinstance(module, nn.RNNBase) and module.num_layers < 2:
        return 0.0
    return float(getattr(module, "dropout", 0.0))


def _trains(args: Any, kwargs: Any) -> bool:
    return bool(kwargs.get("training", args[5] if len(args) > 5 else False))


def _distance(given: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor) -> Tuple[float, float]:
    """How far the statistics of the batch are from the stored ones."""
    values = given.detach().float().transpose(0, 1).flatten(1)
    deviation = variance.detach().float().clamp(min=1e-12).sqrt()
    off = (values.mean(1) - mean.detach().float()).abs() / deviation
    return float(off.median()), float((values.std(1, unbiased=False) / deviation).median())


def _compared(eval_pass: _Recorder, train_pass: _Recorder) -> Tuple[Tuple[ModeCall, ...], Optional[float]]:
    calls: List[ModeCall] = []
    for key in dict.fromkeys((*eval_pass.calls, *train_pass.calls)):
        calls.append(_call(len(calls), eval_pass.calls.get(key), train_pass.calls.get(key)))
    return tuple(calls), _difference(eval_pass.output, train_pass.output)


def _call(index: int, in_eval: Optional[_Seen], in_train: Optional[_Seen]) -> ModeCall:
    seen = in_eval or in_train
    assert seen is not None
    changes = tuple(in_train.changes) if in_train else ()
    file, line = seen.place or next(((each.file, each.line) for each in changes if each.file), (None, None))
    return ModeCall(
        index,
        seen.path,
        type(seen.module).__name__,
        seen.number,
        seen.depth,
        seen.gave[0].shape if seen.gave else (),
        _difference(in_eval.gave, in_train.gave) if in_eval and in_train else None,
        _difference(in_eval.given, in_train.given) if in_eval and in_train else None,
        *_mean_and_std(in_train),
        *_mean_and_std(in_eval),
        only_in="" if in_eval and in_train else "eval" if in_eval else "train",
        changes=changes,
        file=file,
        line=line,
    )


def _mean_and_std(seen: Optional[_Seen]) -> Tuple[Optional[float], Optional[float]]:
    values = seen.gave[0].values if seen is not None and seen.gave else None
    if values is None or not values.numel():
        return None, None
    return float(values.mean()), float(values.std(unbiased=False))


def _difference(one: List[_Sample], other: List[_Sample]) -> Optional[float]:
    """The largest over the tensors; infinite where shapes differ, None where there is nothing to compare."""
    if len(one) != len(other):
        return float("inf")
    found = [_apart(mine, theirs) for mine, theirs in zip(one, other)]
    return max((each for each in found if each is not None), default=None)


def _apart(one: _Sample, other: _Sample) -> Optional[float]:
    if one.shape != other.shape:
        return float("inf")
    if one.values is None or other.values is None or not one.values.numel():
        return None
    mine, theirs = torch.nan_to_num(one.values), torch.nan_to_num(other.values)
    size, apart = float(mine.square().mean().sqrt()), float((mine - theirs).square().mean().sqrt())
    return apart / size if size else float(apart > 0)
