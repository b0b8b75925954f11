"""A forward pass with every operation, every call and everything that is made watched. What it means is for others to say."""

import inspect
import sys
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn

from ...analysis.registration.source_reads import SourceReads
from ...wire.registration import MODULE, PARAMETER
from ..input_values import SampleInput
from ..model_state import COPY_LIMIT_BYTES, fingerprint, same_bits
from ..module_tree import tensors_of, walk_modules
from ..nested import map_tensors, tensors_in
from ..places import Places
from ..torch_compat import is_lazy, uncompiled
from . import raw
from .call_watch import BirthWatch, CallWatch, DirectWatch
from .global_things import GlobalThing, global_things
from .hidden import Held, hidden_things, registered_tensors
from .operation_watch import OperationWatch, Seen

_DEEPEST_PYTHON = 4000
_DEEPEST_LIST = 3
_OWN = frozenset(vars(nn.Module()))
_NEVER_TENSORS = (bool, int, float, str, type(None))
Graphs = Dict[Tuple[str, str], List[torch.Tensor]]
"""Results with their graphs that hang on a model, by the path of their module and the attribute."""


@dataclass
class Pass:
    """One watched pass: what was seen in it, what it left behind, what it raised, how long it took."""

    is_training: bool
    calls: CallWatch
    births: BirthWatch
    direct: DirectWatch
    operations: OperationWatch
    changed_inputs: List[Tuple[str, Seen]] = field(default_factory=list)
    graphs: Graphs = field(default_factory=dict)
    prints: Dict[str, Any] = field(default_factory=dict)
    error: Optional[BaseException] = None
    seconds: float = 0.0


class ForwardWatch:
    """Watched passes of one model, one after the other, nothing put back in between: the second sees what the first left."""

    def __init__(self, model: nn.Module, places: Places, reads: SourceReads, check: Callable[[], None]) -> None:
        self.model = model
        self.places = places
        self.reads = reads
        self._check = check
        self.held: Tuple[Held, ...] = hidden_things(model).held
        self.globals: List[GlobalThing] = global_things(model, self.held, places)
        self.known_before = {id(tensor) for tensor in self._known()}
        self.graphs_before = graphs_on(model)
        self.trainable = trainable(model)
        self.prints_before = self._prints()
        self.passes: List[Pass] = []

    def run(
        self,
        given: SampleInput,
        seed: int,
        is_training: Optional[bool] = None,
        flow: "AbstractContextManager[Any]" = nullcontext(),
    ) -> Pass:
        """One pass in this mode (None: as the model stands), within ``flow``."""
        if is_training is not None:
            set_mode(self.model, is_training)
        seen = self._watches()
        mine = SampleInput(_copied(given.positional), _copied(given.keywords), given.source)
        inputs = _named(self.model, mine)
        foreign: Dict[Any, torch.Tensor] = {number: held.value for number, held in enumerate(self.held) if is_plain(held)}
        foreign.update((thing.name, thing.tensor) for thing in self.globals)
        left = [tensor for kept in (self.passes[-1].graphs.values() if self.passes else ()) for tensor in kept]
        seen.operations.expect(self._known(), foreign, inputs, left)
        torch.manual_seed(seed)
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEEPEST_PYTHON))
        started = time.perf_counter()
        try:
            with ExitStack() as inside:
                for each in (uncompiled(), flow, seen.direct, seen.births, seen.calls, seen.operations):
                    inside.enter_context(each)
                self.model(*mine.positional, **mine.keywords)
        except (Exception, SystemExit) as error:
            seen.error = error
        seen.seconds = time.perf_counter() - started
        seen.changed_inputs = list(_really_changed(seen.operations.changed, inputs, _named(self.model, given)))
        seen.graphs, seen.prints = graphs_on(self.model), self._prints()
        self.passes.append(seen)
        return seen

    def _prints(self) -> Dict[str, Any]:
        """Fingerprints of what only an optimizer should change."""
        return {key: fingerprint(each) for key, each in self.trainable.items()}

    def _watches(self) -> Pass:
        calls = CallWatch(self._check)
        births = BirthWatch(self.places, calls)
        direct = DirectWatch(self._forwards() if self.reads.calls_forward else [], self.places, calls)
        return Pass(self.model.training, calls, births, direct, OperationWatch(self.places, calls, self._check))

    def _forwards(self) -> List[Any]:
        """The classes with a forward of their own, of registered and of hidden modules."""
        modules = [*(module for _, module in raw.modules_below(self.model)), *(each for held in self.held for each in held.below)]
        kinds = {base for module in modules for base in raw.bases_of(type(module)) if base is not nn.Module}
        forwards = [(kind, raw.class_members(kind).get("forward")) for kind in kinds]
        return [
            kind
            for kind, forward in forwards
            if isinstance(forward, FunctionType) and not kind.__module__.startswith("torch.jit")
        ]

    def _known(self) -> Iterator[torch.Tensor]:
        """Registered tensors, and hidden ones that would be trained: of those others tell."""
        yield from (tensor for tensor in tensors_of(self.model) if not is_lazy(tensor))
        for held in self.held:
            if held.part.kind == MODULE:
                yield from (tensor for module in held.below for tensor in registered_tensors(module) if not is_lazy(tensor))
            elif not is_plain(held) and not is_lazy(held.value):
                yield held.value


def set_mode(model: nn.Module, is_training: bool) -> None:
    """Train or eval mode in the model's own way, or in the plain one where its own way fails."""
    try:
        model.train(is_training)
    except (Exception, SystemExit):  # a train() or __setattr__ of the user's
        for _, module in raw.modules_below(model):
            raw.module_vars(module)["training"] = is_training


def is_plain(held: Held) -> bool:
    """Whether it is a tensor without a gradient: no weight, and not computed from one."""
    return held.part.kind not in (MODULE, PARAMETER) and not held.part.requires_grad and held.part.shape is not None


def graphs_on(model: nn.Module) -> Graphs:
    """The results with their graphs that are attributes of modules, or in lists and dicts there."""
    found: Graphs = {}
    kinds = raw.Kinds()
    for path, module in walk_modules(model):
        for name, value in list(raw.module_vars(module).items()):
            if name in _OWN or type(value) in _NEVER_TENSORS:
                continue
            kept = [tensor for tensor in _tensors_held(value, kinds) if tensor.grad_fn is not None]
            if kept and not {f"{name}_orig", f"{name}_g"} & {
                own for own, _ in _parameters(module)
            }:  # computed anew by a hook of torch
                found[path, name] = kept
    return found


def _tensors_held(value: Any, kinds: raw.Kinds, depth: int = 0) -> Iterator[torch.Tensor]:
    """A tensor itself, or those in a list or dict, also in one inside."""
    kind = kinds.of(value)
    if kind == raw.TENSOR:
        yield value
    elif kind in (raw.SEQUENCE, raw.MAPPING) and depth < _DEEPEST_LIST:
        for _, _, member in kinds.members(value, kind):
            yield from _tensors_held(member, kinds, depth + 1)


def trainable(model: nn.Module) -> Dict[str, torch.Tensor]:
    """The trainable parameters of a model that is not large, by their keys; of a large one, none."""
    named = [(path, name, each) for path, module in walk_modules(model) for name, each in _parameters(module)]
    found = [(path, name, each) for path, name, each in named if each.requires_grad and not is_lazy(each)]
    if sum(each.numel() * each.element_size() for *_, each in found) > COPY_LIMIT_BYTES:
        return {}
    return {f"{path}.{name}" if path else name: each for path, name, each in found}


def _parameters(module: nn.Module) -> List[Tuple[str, torch.Tensor]]:
    return list(raw.registered(module, "_parameters").items())


def _copied(value: Any) -> Any:
    def copy(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.detach().clone().requires_grad_(tensor.requires_grad)

    return map_tensors(value, copy)


def _named(model: nn.Module, given: SampleInput) -> List[Tuple[str, torch.Tensor]]:
    """The tensors of the input, by the names of forward's arguments where those can be read."""
    try:
        names = list(inspect.signature(type(model).forward).parameters)[1:]
    except (TypeError, ValueError):
        names = []
    found: List[Tuple[str, torch.Tensor]] = []
    for number, value in enumerate(given.positional):
        found += tensors_in(value, names[number] if number < len(names) else f"[{number}]")
    for name, value in given.keywords.items():
        found += tensors_in(value, name)
    return found


def _really_changed(
    changed: Dict[str, Seen], now: List[Tuple[str, torch.Tensor]], before: List[Tuple[str, torch.Tensor]]
) -> Iterator[Tuple[str, Seen]]:
    """The inputs that have other values than before; an operation in place that changed nothing does no harm."""
    for (name, tensor), (_, original) in zip(now, before):
        if name in changed and (type(tensor) is not torch.Tensor or not same_bits(tensor, original)):
            yield name, changed[name]
