"""Watch a forward pass through hooks: every call in execution order, reported as it ends, the model left without a hook."""

import inspect
import sys
import time
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch import nn

from ..wire.tensors import TensorMeta
from ..wire.traces import DONE, FAILED, UNFINISHED, LayerCall
from .module_tree import walk_modules
from .nested import metas_of, tensors_in
from .places import Places
from .statistics import tensor_stats


class _OpenCall:
    """A call that began and has not ended."""

    __slots__ = ("began", "call", "inputs", "module", "overhead")

    def __init__(self, module: nn.Module, call: LayerCall, inputs: List[Tuple[str, torch.Tensor]]) -> None:
        self.module = module
        self.call = call
        self.inputs = inputs
        self.overhead = 0.0
        self.began = 0.0


class ForwardTrace:
    """A context in which the calls of ``model`` are recorded. ``report`` gets each call as it ends; ``check`` may raise to stop.

    After a failure ``open_calls`` holds the calls that did not end, outermost first, and ``failed`` the innermost of them.
    ``seconds`` of a call leave out what watching it cost.
    """

    def __init__(self, model: nn.Module, places: Places, report: Callable[[LayerCall], None], check: Callable[[], None]) -> None:
        self._model = model
        self._places = places
        self._report = report
        self._check = check
        self._paths: Dict[int, str] = {}
        self._handles: List[Any] = []
        self._counts: Dict[int, int] = {}
        self._names: Dict[type, Tuple[str, ...]] = {}
        self._overhead = 0.0
        self._stack: List[_OpenCall] = []
        self.calls: List[LayerCall] = []
        self.returned_nothing: List[LayerCall] = []
        self._next = 0

    def __enter__(self) -> "ForwardTrace":
        for path, module in walk_modules(self._model):
            if id(module) not in self._paths:
                self._paths[id(module)] = path
                self._attach(module)
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _attach(self, module: nn.Module) -> None:
        try:
            self._handles.append(module.register_forward_pre_hook(self._before, with_kwargs=True))
            self._handles.append(module.register_forward_hook(self._after, with_kwargs=True))
        except RuntimeError:
            # Some scripted modules take no hooks: they run unwatched.
            return

    def _before(self, module: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
        started = time.perf_counter()
        self._check()
        inputs = self._named_inputs(module, args, kwargs)
        place = self._places.of_caller(sys._getframe(1))
        number = self._counts.get(id(module), 0)
        self._counts[id(module)] = number + 1
        call = LayerCall(
            index=self._next,
            module=self._paths[id(module)],
            class_name=type(module).__name__,
            call_number=number,
            depth=len(self._stack),
            inputs=metas_of(inputs),
            file=place[0] if place else None,
            line=place[1] if place else None,
        )
        self._next += 1
        opened = _OpenCall(module, call, inputs)
        self._stack.append(opened)
        now = time.perf_counter()
        self._overhead += now - started
        opened.overhead, opened.began = self._overhead, now

    def _after(self, module: nn.Module, _args: Any, _kwargs: Any, output: Any) -> None:
        ended = time.perf_counter()
        while self._stack and self._stack[-1].module is not module:
            # The model caught the failure of a part and went on without it.
            self._finish(self._stack.pop().call, FAILED)
        if not self._stack:
            return
        opened = self._stack.pop()
        outputs = tensors_in(output)
        call = replace(
            opened.call,
            outputs=metas_of(outputs),
            stats=tuple([tensor_stats(tensor) for _, tensor in outputs]),
            seconds=max(ended - opened.began - (self._overhead - opened.overhead), 0.0),
        )
        if output is None:
            self.returned_nothing.append(call)
        self._finish(call, DONE)
        self._overhead += time.perf_counter() - ended

    def _finish(self, call: LayerCall, status: str) -> None:
        call = call if call.status == status else replace(call, status=status)
        self.calls.append(call)
        self._report(call)

    def _named_inputs(self, module: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> List[Tuple[str, torch.Tensor]]:
        names = self._argument_names(module)
        found: List[Tuple[str, torch.Tensor]] = []
        for number, value in enumerate(args):
            found += tensors_in(value, names[number] if number < len(names) else f"[{number}]")
        for name, value in kwargs.items():
            found += tensors_in(value, name)
        return found

    def _argument_names(self, module: nn.Module) -> Tuple[str, ...]:
        kind = type(module)
        if kind not in self._names:
            try:
                parameters = inspect.signature(kind.forward).parameters.values()
                self._names[kind] = tuple(
                    parameter.name for parameter in parameters if parameter.kind is not parameter.VAR_POSITIONAL
                )[1:]
            except Exception:
                # Scripted modules and odd descriptors raise whatever they like; calls without names are still calls.
                self._names[kind] = ()
        return self._names[kind]

    def abandon(self) -> Optional["OpenFailure"]:
        """After the model raised: report the calls that did not end, and return the innermost with its module."""
        if not self._stack:
            return None
        innermost = self._stack[-1]
        failure = OpenFailure(innermost.module, innermost.call, [tensor for _, tensor in innermost.inputs])
        for opened in reversed(self._stack):
            self._finish(opened.call, FAILED if opened is innermost else UNFINISHED)
        self._stack.clear()
        return failure

    @property
    def overhead_seconds(self) -> float:
        """What watching has cost so far."""
        return self._overhead


class OpenFailure:
    """The innermost call that raised: its module, its record, and the tensors that went in."""

    def __init__(self, module: nn.Module, call: LayerCall, inputs: List[torch.Tensor]) -> None:
        self.module = module
        self.call = call
        self.inputs = inputs


def input_metas(positional: Tuple[Any, ...], keywords: Dict[str, Any]) -> Tuple[TensorMeta, ...]:
    """The tensors of a model's input, named by position or keyword."""
    found: List[Tuple[str, torch.Tensor]] = []
    for number, value in enumerate(positional):
        found += tensors_in(value, f"[{number}]")
    for name, value in keywords.items():
        found += tensors_in(value, name)
    return metas_of(found)
