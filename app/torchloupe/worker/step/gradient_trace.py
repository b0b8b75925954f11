"""A step run once more under a mode that sees every operation: which parameters each result depends on, and where a gradient ends."""

import math
import sys
import weakref
from functools import cached_property
from types import FrameType
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

import torch
from torch import nn
from torch.autograd.function import BackwardCFunction
from torch.overrides import TorchFunctionMode

from ...analysis.registration.forward_facts import NOWHERE, Spot
from ...analysis.step.facts import Loss
from ..operations import short_name
from ..places import Places
from ..registration.operation_watch import tensors_among
from .vanishing import zero_kind

OWN_BACKWARD = "own-backward"
"""What becomes of a gradient in a function that the user wrote."""
_INSIDE_OWN = "inside-own"
"""In the forward of such a function, which runs without gradients and has its own way back."""
_LEAVING = {"numpy": "numpy-roundtrip", "__array__": "numpy-roundtrip", "item": "item-roundtrip", "tolist": "item-roundtrip"}
_LEAVING.update({"__float__": "item-roundtrip", "__int__": "item-roundtrip"})
_COPYING = ("detach", "detach_", "tensor", "as_tensor", "new_tensor")
_MASKING = ("masked_fill", "masked_fill_", "full", "full_like", "new_full", "fill_", "where", "__setitem__", "log")
_WRITING = ("__setitem__", "copy_", "index_put_")


class Node:
    """One operation. Masks have a bit for each parameter: ``data`` those that the result depends on, ``live`` those that get a gradient
    through it, ``lost`` those that were live in its operands and are not in the result. ``dead`` gave it zeros as a factor."""

    __slots__ = (
        "bad",
        "data",
        "dead",
        "gradient",
        "in_forward",
        "is_own",
        "layer",
        "live",
        "lost",
        "name",
        "number",
        "parents",
        "place",
        "why",
        "zeros",
    )

    def __init__(self, number: int, name: str, place: Spot, parents: Tuple[int, ...], data: int) -> None:
        self.number = number
        self.name = name
        self.place = place
        self.parents = parents
        self.data = data
        self.live = self.lost = self.zeros = 0
        self.why = self.layer = self.bad = ""
        self.in_forward = self.is_own = False
        self.gradient: Optional[float] = None
        self.dead: Optional["Node"] = None


class _Known(NamedTuple):
    """What is known of a tensor: which node made it, and its masks."""

    tensor: "weakref.ref[torch.Tensor]"
    node: int
    data: int
    live: int


class GradientTrace(TorchFunctionMode):
    """A mode; ``parameters`` have the bits of the masks. Those of ``asked`` get no usable gradient: gradients on their way are looked at.

    ``running`` says the layer that runs now (None outside of the model). With ``with_values`` results that are not finite are noted.
    """

    def __init__(
        self,
        parameters: List[torch.Tensor],
        asked: int,
        places: Places,
        running: Callable[[], Optional[str]],
        check: Callable[[], None],
        with_values: bool = False,
    ) -> None:
        super().__init__()
        self._places = places
        self._running = running
        self._check = check
        self._asked = asked
        self._parameters = parameters
        self._with_values = with_values
        self._known: Dict[int, _Known] = {}
        self.nodes: List[Node] = []
        self.used = 0
        self.losses: List[int] = []
        for number, each in enumerate(parameters):
            bit = 1 << number
            self._known[id(each)] = _Known(weakref.ref(each), -1, bit, bit if each.requires_grad else 0)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        """Run the operation and note what flows through it."""
        kwargs = kwargs or {}
        name = str(getattr(func, "__name__", ""))
        if name == "__get__":
            name = str(getattr(getattr(func, "__self__", None), "__name__", ""))
            name = "detach" if name == "data" else name
        operands = list(tensors_among((args, kwargs)))
        if name == "backward" and operands:
            loss = self._of(operands[0])
            self.losses += [loss.node] if loss is not None and loss.node >= 0 else []
        result = func(*args, **kwargs)
        results = list(tensors_among(result))
        if name in _WRITING and operands:
            results = [operands[0]]
        if results or name in _LEAVING:
            self._note(name, func, operands, results, (args, kwargs))
        return result

    @cached_property
    def cuts(self) -> "_Cuts":
        """Where each parameter is cut off; asked for when the trace is over."""
        above = ancestors(self.nodes, self.losses)
        cutting = [node for node in self.nodes if node.lost]
        for node in cutting:
            if node.why == _INSIDE_OWN:  # what its function gave is marked as without a derivative
                node.why = "nondifferentiable-op"
        return _Cuts(
            _first_of_each((node for node in cutting if node.number in above), lambda node: node.lost),
            _first_of_each(
                (node for node in reversed(cutting) if node.name in _LEAVING and node.in_forward), lambda node: node.lost
            ),
            _first_of_each(reversed(self.nodes), lambda node: node.data),
            _first_of_each((node for node in self.nodes if node.is_own and node.number in above), lambda node: node.live),
        )

    def _of(self, tensor: torch.Tensor) -> Optional[_Known]:
        known = self._known.get(id(tensor))
        return known if known is not None and known.tensor() is tensor else None

    def _note(self, name: str, func: Any, operands: List[torch.Tensor], results: List[torch.Tensor], words: Any) -> None:
        self._check()
        known = [self._behind_own(each, found) for each in operands for found in [self._of(each)] if found is not None]
        data = live = 0
        for each in known:
            data, live = data | each.data, live | each.live
            if each.node < 0:
                self.used |= each.data
        if not data and not self._with_values:
            return
        place = self._places.of_caller(sys._getframe(2))
        number = len(self.nodes)
        node = Node(
            number, name, Spot(*place) if place else NOWHERE, tuple({each.node for each in known if each.node >= 0}), data
        )
        layer = self._running()
        node.in_forward, node.layer = layer is not None, layer or ""
        carries = any(each.requires_grad for each in results)
        node.live = live if carries else 0
        node.lost = live & ~node.live
        if node.lost:
            node.why = _why_lost(name)
            own = _own_function() if node.why == "no-grad-context" else ""
            if own:
                node.why, node.name = _INSIDE_OWN, own
        elif name in _LEAVING:
            node.why, node.lost = _LEAVING[name], data
        self.nodes.append(node)
        if self._with_values:
            self._look_at_values(node, operands, results)
        if node.live & self._asked:
            self._follow(node, func, operands, results, words)
        for result in results:
            self._known[id(result)] = _Known(weakref.ref(result), number, data, node.live if result.requires_grad else 0)

    def _behind_own(self, tensor: torch.Tensor, known: _Known) -> _Known:
        """What is known of a tensor that a function of the user's gave: its forward runs without gradients, which cuts nothing off."""
        if known.live or known.node < 0 or not isinstance(tensor.grad_fn, BackwardCFunction):
            return known
        made, waiting, cut = self.nodes[known.node], [known.node], 0
        while waiting:
            node = self.nodes[waiting.pop()]
            if node.lost and node.why not in ("no-grad-context", _INSIDE_OWN):  # before it
                cut |= node.lost
                continue
            node.lost, node.why = 0, ""
            waiting += [parent for parent in node.parents if not self.nodes[parent].live]
        made.live, made.name = known.data & ~cut, type(tensor.grad_fn).__name__[: -len("Backward")]
        made.bad, made.is_own = OWN_BACKWARD, True
        if made.live & self._asked:
            _listen(made, [tensor])
        found = self._known[id(tensor)] = known._replace(live=made.live)
        return found

    def _follow(self, node: Node, func: Any, operands: List[torch.Tensor], results: List[torch.Tensor], words: Any) -> None:
        """Look at the gradient that arrives at the results, and at what could make zeros of it."""

        _listen(node, results)
        node.bad = zero_kind(short_name(func).rstrip("_"), operands, results, words)
        for operand in _factors(short_name(func), operands):
            known = self._of(operand)
            if known is not None and operand.is_floating_point() and not bool(operand.detach().any()):
                node.zeros |= self._zeros_of(known)
                above = self.nodes[known.node] if known.node >= 0 else None
                node.dead = above if above is not None and above.bad == "dead-relu" else node.dead

    def _zeros_of(self, known: _Known) -> int:
        """The parameters that make zeros of a tensor: itself, or all that the operation takes which made it. Where one of these is not
        zero, or there are none, the zeros are from elsewhere."""
        bits = known.data
        if known.node >= 0:
            made = self.nodes[known.node]
            for parent in made.parents:
                bits &= ~self.nodes[parent].data
        return bits if all(not bool(self._parameters[number].detach().any()) for number in _bits(bits)) else 0

    def _look_at_values(self, node: Node, operands: List[torch.Tensor], results: List[torch.Tensor]) -> None:
        before, after = _worst(operands), _worst(results)
        if after == "nan" and before != "nan":
            node.why = node.why or "nan"
        elif after == "inf" and not before and node.name not in _MASKING:
            node.why = node.why or "inf"


def _listen(node: Node, results: List[torch.Tensor]) -> None:
    """Look at the gradients that arrive at what an operation gave."""

    def arrived(gradient: torch.Tensor) -> None:
        norm = float(torch.linalg.vector_norm(gradient.detach().float())) if gradient.layout is torch.strided else 1.0
        node.gradient = norm if node.gradient is None else node.gradient + norm

    for each in results:
        if each.requires_grad and each.is_floating_point():
            hooked: Any = each
            hooked.register_hook(arrived)


def first_not_finite(nodes: List[Node], kind: str) -> Optional[Loss]:
    """The first operation that made ``nan`` or ``inf``."""
    found = next((node for node in nodes if node.why == kind), None)
    return None if found is None else _loss(found, f"{kind}-origin")


def where_lost(trace: GradientTrace, bit: int, gradient: Optional[float]) -> Optional[Loss]:
    """Where the gradient of the parameter of ``bit`` ends. ``gradient`` is its norm; None when there is none."""
    if gradient is None:
        return _cut(trace, bit)
    if math.isfinite(gradient):
        return _zeroed(trace, bit)
    return next(
        (
            _loss(node, OWN_BACKWARD if node.is_own else "nan-gradient")
            for node in reversed(trace.nodes)
            if node.live & bit and node.gradient is not None and math.isfinite(node.gradient)
            if _upstream_is(trace, node, bit, lambda norm: not math.isfinite(norm))
        ),
        None,
    )


class _Cuts(NamedTuple):
    """For each parameter, by its number: the first operation on the way to the loss that cuts it off, the last one of the model that
    takes its values out of torch, the last one that depends on it, and the first function of the user's on the way."""

    on_the_way: Dict[int, Node]
    leaving: Dict[int, Node]
    last: Dict[int, Node]
    own: Dict[int, Node]


def _first_of_each(nodes: Iterable[Node], mask: Callable[[Node], int]) -> Dict[int, Node]:
    """For each bit the first node that has it in its mask. Each bit is looked at once: there may be thousands in every mask."""
    found: Dict[int, Node] = {}
    met = 0
    for node in nodes:
        new = mask(node) & ~met
        met |= new
        found.update((number, node) for number in _bits(new))
    return found


def _cut(trace: GradientTrace, bit: int) -> Optional[Loss]:
    number = bit.bit_length() - 1
    cut = trace.cuts.on_the_way.get(number) or trace.cuts.leaving.get(number)
    if cut is not None:
        return _loss(cut, cut.why)
    own = trace.cuts.own.get(number)
    if own is not None:
        return _loss(own, OWN_BACKWARD)
    last = trace.cuts.last.get(number)
    return None if last is None else _loss(last, "not-in-loss")


def _zeroed(trace: GradientTrace, bit: int) -> Optional[Loss]:
    """The operation that was given a gradient and passed zeros on towards the parameter: what its values meet behind that, or around
    it, has nothing to do with it."""
    last: Optional[Node] = None
    without: Set[int] = set()  # between the parameter and where the zeros begin
    for node in trace.nodes:
        if not node.live & bit:
            continue
        above = [number for number in node.parents if trace.nodes[number].live & bit]
        if not above or any(number in without for number in above):
            if node.gradient:
                last = node
            else:
                without.add(node.number)
    if last is None:
        return None
    if last.dead is not None:
        return _loss(last.dead, last.dead.bad)
    return _loss(last, last.bad or ("zero-init" if last.zeros & ~bit else "no-effect"), last.zeros & ~bit)


def _factors(name: str, operands: List[torch.Tensor]) -> List[torch.Tensor]:
    """The operands that others are multiplied with: not the bias of a layer, which comes last."""
    has_bias = ("conv" in name or "norm" in name or name == "linear") and len(operands) > 2
    return operands[:-1] if has_bias else operands


def _upstream_is(trace: GradientTrace, node: Node, bit: int, holds: Callable[[float], bool]) -> bool:
    """Whether the gradient of everything that leads from the parameter to this operation is so."""
    above = [trace.nodes[number].gradient for number in node.parents if trace.nodes[number].live & bit]
    return all(each is None or holds(each) for each in above)


def ancestors(nodes: List[Node], losses: List[int]) -> Set[int]:
    """The numbers of all that leads to the losses, or to the last operation where there are none."""
    met: Set[int] = set()
    waiting = list(losses) or [len(nodes) - 1] * bool(nodes)
    while waiting:
        each = waiting.pop()
        if each not in met:
            met.add(each)
            waiting += nodes[each].parents
    return met


def _loss(node: Node, kind: str, zeros: int = 0) -> Loss:
    return Loss(
        kind,
        node.name.strip("_"),
        node.place,
        node.in_forward,
        False,
        node.layer,
        tuple(map(str, _bits(zeros))),
        node=node.number,
    )


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _own_function() -> str:
    """The function of the user's whose forward runs now, empty where none does."""
    frame: Optional[FrameType] = sys._getframe(2)
    while frame is not None:
        code = frame.f_code
        if code.co_name == "forward" and code.co_argcount:
            first = frame.f_locals.get(code.co_varnames[0])
            if isinstance(first, BackwardCFunction):
                return type(first).__name__[: -len("Backward")]
        frame = frame.f_back
    return ""


def _why_lost(name: str) -> str:
    if name in _LEAVING:
        return _LEAVING[name]
    if not torch.is_grad_enabled() or torch.is_inference_mode_enabled():
        return "no-grad-context"
    return "detached" if name in _COPYING else "nondifferentiable-op"


def _worst(tensors: List[torch.Tensor]) -> str:
    """``nan``, ``inf`` or nothing."""
    worst = ""
    for each in tensors:
        if each.is_floating_point() and each.numel() and each.device.type != "meta" and not isinstance(each, nn.Parameter):
            sums = each.detach()
            if bool(torch.isnan(sums).any()):
                return "nan"
            if bool(torch.isinf(sums).any()):
                worst = "inf"
    return worst
