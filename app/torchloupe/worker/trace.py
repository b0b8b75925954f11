"""Watch a forward pass through hooks: every call in execution order, reported as it ends, the model left without a hook."""

import inspect
import itertools
import sys
import threading
import time
from typing import Any, Callable, Dict, List, Optional, Tuple

import torch
from torch import nn

from ..wire.tensors import TensorMeta, TensorStats
from ..wire.traces import FAILED, UNFINISHED, LayerCall
from .collector import collector_at_rest
from .module_tree import walk_modules
from .nested import metas_of, tensors_in
from .places import Places
from .statistics import tensor_stats


class _OpenCall:
    """A call that began and has not ended."""

    __slots__ = ("_facts", "began", "index", "inputs", "module", "overhead")

    def __init__(self, module: nn.Module, index: int, inputs: List[Tuple[str, torch.Tensor]], facts: Dict[str, Any]) -> None:
        self.module = module
        self.index = index
        self.inputs = inputs
        self._facts = facts
        self.overhead = 0.0
        self.began = 0.0

    def call(self, **more: Any) -> LayerCall:
        """The call as it is told, made once: one that is made and then replaced costs twice as much."""
        return LayerCall(index=self.index, **self._facts, **more)


class ForwardTrace:
    """A context in which the calls of ``model`` are recorded. ``report`` gets each call as it ends; ``check`` may raise to stop.

    Each thread of the model has calls of its own inside each other. ``seconds`` of a call leave out what watching it cost.
    """

    def __init__(self, model: nn.Module, places: Places, report: Callable[[LayerCall], None], check: Callable[[], None]) -> None:
        self._model = model
        self._places = places
        self._report = report
        self._check = check
        self._handles: List[Any] = []
        self._counts: Dict[str, int] = {}
        self._names: Dict[type, Tuple[str, ...]] = {}
        self._overhead = 0.0
        self._main = threading.get_ident()
        self._stacks: Dict[int, List[_OpenCall]] = {self._main: []}
        self._numbers = itertools.count()
        self.calls: List[LayerCall] = []
        self.returned_nothing: List[LayerCall] = []

    def __enter__(self) -> "ForwardTrace":
        seen = set()
        with collector_at_rest():
            for path, module in walk_modules(self._model):
                if id(module) not in seen:
                    seen.add(id(module))
                    self._attach(module, path)
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _attach(self, module: nn.Module, path: str) -> None:
        """Plain functions, not methods: a copy that the model makes of a part copies its hooks, and must not copy the trace."""

        def before(called: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
            self._before(path, called, args, kwargs)

        def after(called: nn.Module, _args: Any, _kwargs: Any, output: Any) -> None:
            self._after(called, output)

        try:  # nn.Module's own methods: those of a scripted module refuse, though its outermost call can be watched
            self._handles.append(nn.Module.register_forward_pre_hook(module, before, with_kwargs=True))
            self._handles.append(nn.Module.register_forward_hook(module, after, with_kwargs=True))
        except RuntimeError:
            # Some scripted modules take no hooks: they run unwatched.
            return

    @property
    def _stack(self) -> List[_OpenCall]:
        """The open calls of the thread that asks, outermost first."""
        return self._stacks.setdefault(threading.get_ident(), [])

    def _before(self, path: str, module: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
        started = time.perf_counter()
        self._check()
        stack = self._stack
        inputs = self._named_inputs(module, args, kwargs)
        place = self._places.of_caller(sys._getframe(1))
        number = self._counts.get(path, 0)
        self._counts[path] = number + 1
        facts = {
            "module": path,
            "class_name": type(module).__name__,
            "call_number": number,
            "depth": len(stack) if threading.get_ident() == self._main else len(self._stacks[self._main]) + len(stack),
            "inputs": metas_of(inputs),
            "file": place[0] if place else None,
            "line": place[1] if place else None,
        }
        opened = _OpenCall(module, next(self._numbers), inputs, facts)
        stack.append(opened)
        now = time.perf_counter()
        self._overhead += now - started
        opened.overhead, opened.began = self._overhead, now

    def _after(self, module: nn.Module, output: Any) -> None:
        ended = time.perf_counter()
        stack = self._stack
        if not any(opened.module is module for opened in stack):
            return
        while stack[-1].module is not module:
            # The model caught the failure of a part and went on without it.
            self._finish(stack.pop().call(status=FAILED))
        opened = stack.pop()
        outputs = tensors_in(output)
        call = opened.call(
            outputs=metas_of(outputs),
            stats=tuple([_stats(tensor) for _, tensor in outputs]),
            seconds=max(ended - opened.began - (self._overhead - opened.overhead), 0.0),
        )
        if output is None:
            self.returned_nothing.append(call)
        self._finish(call)
        self._overhead += time.perf_counter() - ended

    def _finish(self, call: LayerCall) -> None:
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

    def abandon(self, status: str = FAILED) -> Optional["OpenFailure"]:
        """After the model raised: report the calls that did not end, and return the innermost (it gets ``status``) with its module."""
        stacks = [stack for stack in self._stacks.values() if stack]
        if not stacks:
            return None
        innermost = max((stack[-1] for stack in stacks), key=lambda opened: opened.index)
        failure = OpenFailure(innermost.module, innermost.call(), [tensor for _, tensor in innermost.inputs])
        for stack in stacks:
            for opened in reversed(stack):
                self._finish(opened.call(status=status if opened is innermost else UNFINISHED))
            stack.clear()
        return failure

    @property
    def is_threaded(self) -> bool:
        """Whether the model called parts from threads of its own."""
        return len(self._stacks) > 1

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


def _stats(tensor: torch.Tensor) -> Optional[TensorStats]:
    """The statistics, or None for a tensor that cannot be counted here: looking must never be what fails."""
    try:
        return tensor_stats(tensor)
    except Exception:
        return None


def input_metas(positional: Tuple[Any, ...], keywords: Dict[str, Any]) -> Tuple[TensorMeta, ...]:
    """The tensors of a model's input, named by position or keyword."""
    found: List[Tuple[str, torch.Tensor]] = []
    for number, value in enumerate(positional):
        found += tensors_in(value, f"[{number}]")
    for name, value in keywords.items():
        found += tensors_in(value, name)
    return metas_of(found)
