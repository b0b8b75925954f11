"""Where a gradient becomes NaN or Inf: hooks on the nodes of the graph, and the line of the forward pass that made the node."""

import sys
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

import torch
from torch.overrides import TorchFunctionMode

from ...analysis.numerics.facts import INF, NAN, GradientBirth
from ...analysis.registration.forward_facts import Spot
from ..autograd_graph import MOST_NODES
from ..places import Places
from ..registration.call_watch import CallWatch
from ..registration.operation_watch import said, tensors_among
from .value_watch import is_finite, operand


@dataclass
class _Step:
    """An operation of the forward pass whose result has a graph."""

    node: Any
    name: str
    said: str
    module: str
    spot: Spot
    operands: List[torch.Tensor]


class GradientWatch(TorchFunctionMode):
    """A mode that remembers what made each node of the graph, and looks at every gradient once ``backward`` is called in it.

    ``roots`` are the tensors that it was called on."""

    def __init__(self, places: Places, calls: CallWatch, names: Dict[int, str], paths: Dict[int, str]) -> None:
        super().__init__()
        self._places = places
        self._calls = calls
        self._names = names
        self._paths = paths
        self._steps: Dict[int, _Step] = {}
        self._hooked: Dict[int, Any] = {}
        self._first: Optional[Tuple[Any, torch.Tensor]] = None
        self._bad: Dict[str, str] = {}
        self.roots: List[torch.Tensor] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation and remember its node; before ``backward``, hook the nodes."""
        name = str(getattr(func, "__name__", ""))
        if name in ("backward", "grad"):
            for tensor in tensors_among((args, kwargs)):
                self._hook(tensor.grad_fn)
                self.roots.append(tensor)
        result = func(*args, **(kwargs or {}))
        if name == "grad":
            for variable, gradient in zip(tensors_among(args[1:2] or (kwargs or {}).get("inputs")), tensors_among(result)):
                self._arrived(variable, gradient)
        if name != "__get__":
            for tensor in tensors_among(result):
                if tensor.grad_fn is not None and id(tensor.grad_fn) not in self._steps:  # the first: others pass it on
                    self._remember(name, func, args, kwargs, tensor.grad_fn)
        return result

    def birth(self) -> Optional[GradientBirth]:
        """Where the first bad gradient came from, when it reached a parameter."""
        if self._first is None or not self._bad:
            return None
        node, gradient = self._first
        step = self._step_of(node)
        bad = ~torch.isfinite(gradient.detach())
        index = tuple(int(place) for place in bad.nonzero()[0])
        kind = NAN if NAN in self._bad.values() else INF
        called = str(node.name()) if hasattr(node, "name") else type(node).__name__
        if step is None:
            return GradientBirth(kind, called, called, "", "", count=int(bad.sum()), parameters=tuple(self._bad))
        shape = tuple(int(size) for size in gradient.shape)
        operands = tuple(operand(each.detach(), self._names.get(id(each), ""), index, shape) for each in step.operands[:3])
        return GradientBirth(
            kind, called, step.said, step.name, step.module, step.spot, operands, int(bad.sum()), index, tuple(self._bad)
        )

    def _remember(self, name: str, func: Any, args: Any, kwargs: Any, node: Any) -> None:
        place = self._places.of_caller(sys._getframe(1))
        module = self._paths.get(id(self._calls.running), "")
        operands = list(tensors_among((args, kwargs)))
        self._steps[id(node)] = _Step(node, name, said(func), module, Spot(*place) if place else Spot(), operands)

    def _hook(self, root: Any) -> None:
        """A hook on each node below; the hooks go with the graph."""
        waiting = [root]
        while waiting and len(self._hooked) < MOST_NODES:
            node = waiting.pop()
            if node is None or id(node) in self._hooked:
                continue
            self._hooked[id(node)] = node
            node.register_hook(self._looker(node))
            waiting.extend(following for following, _ in node.next_functions)

    def _looker(self, node: Any) -> Callable[[Any, Any], None]:
        def look(given: Any, arrived: Any) -> None:
            variable = getattr(node, "variable", None)
            if variable is not None:
                for gradient in tensors_among(arrived):
                    self._arrived(variable, gradient)
            elif self._first is None and all(is_finite(each) for each in tensors_among(arrived)):
                for gradient in tensors_among(given):
                    if not is_finite(gradient):
                        self._first = node, gradient.detach().clone()
                        return

        return look

    def _arrived(self, variable: torch.Tensor, gradient: torch.Tensor) -> None:
        """A gradient reached what it is the gradient of."""
        name = self._names.get(id(variable))
        if name is not None and not is_finite(gradient):
            self._bad[name] = NAN if bool(torch.isnan(gradient).any()) else INF

    def _step_of(self, node: Any) -> Optional[_Step]:
        """The operation that made a node: its own, or the one whose parts it is one of."""
        if id(node) in self._steps:
            return self._steps[id(node)]
        for step in self._steps.values():
            if any(part is node for part in _inside(step.node, self._steps)):
                return step
        return None


def _inside(root: Any, own: Dict[int, _Step]) -> Iterator[Any]:
    """The nodes below ``root`` that no other operation made."""
    waiting: List[Any] = [root]
    seen: Set[int] = set()
    while waiting:
        node = waiting.pop()
        for following, _ in node.next_functions:
            if following is not None and id(following) not in own and id(following) not in seen:
                seen.add(id(following))
                yield following
                waiting.append(following)
