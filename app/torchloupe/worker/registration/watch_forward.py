"""A forward pass with every operation, every call and everything that is made watched. What it means is for others to say."""

import inspect
import sys
import time
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import torch
from torch import nn

from ...analysis.registration.source_reads import SourceReads
from ...wire.registration import MODULE, PARAMETER
from ..collector import collector_at_rest
from ..input_values import SampleInput
from ..model_state import COPY_LIMIT_BYTES
from ..nested import map_tensors, tensors_in
from ..places import Places
from ..side_effects import SideEffects
from ..tensor_values import Prints, same_bits
from ..torch_compat import is_lazy, uncompiled
from ..walked import Walked
from . import raw
from .axis_watch import AxisWatch
from .call_watch import BirthWatch, CallWatch, DirectWatch
from .global_things import GlobalThing, global_things
from .hidden import Held, registered_tensors
from .operation_watch import OperationWatch, Seen, memory_of

_DEEPEST_PYTHON = 4000
_DEEPEST_LIST = 3
_OWN = frozenset(vars(nn.Module()))
_OF_MODES = {"train", "children", "named_children", "__setattr__", "training"}
_NEVER_TENSORS = {bool, int, float, str, type(None), torch.Size}
Graphs = Dict[Tuple[str, str], List[torch.Tensor]]
"""Results with their graphs that hang on a model, by the path of their module and the attribute."""


@dataclass
class Pass:
    """One watched pass: what was seen in it, what it left behind, what it raised, how long it took, what came out of it.

    ``is_all_eval`` says that no module at all was in train mode.
    """

    is_training: bool
    calls: CallWatch
    births: BirthWatch
    direct: DirectWatch
    operations: OperationWatch
    axes: AxisWatch
    changed_inputs: List[Tuple[str, Seen]] = field(default_factory=list)
    graphs: Graphs = field(default_factory=dict)
    prints: Optional[Prints] = None
    error: Optional[BaseException] = None
    seconds: float = 0.0
    outputs: List[torch.Tensor] = field(default_factory=list)
    side_effects: Tuple[str, ...] = ()
    is_all_eval: bool = False


class ForwardWatch:
    """Watched passes of one model, one after the other, nothing put back in between: the second sees what the first left.

    ``walked`` is the model as its tree is now, ``files`` the open files that it holds. What a pass writes goes nowhere.

    Graphs that stay behind and weights that change are rare, and to follow them from pass to pass takes a look at everything after each:
    that is done only when the watch ``is_thorough``. Else ``is_in_doubt`` tells whether there is something to follow.
    """

    def __init__(
        self,
        walked: Walked,
        places: Places,
        reads: SourceReads,
        check: Callable[[], None],
        files: Sequence[Any] = (),
        is_thorough: bool = True,
    ) -> None:
        self.walked = walked
        self.model = walked.model
        self.places = places
        self.reads = reads
        self._check = check
        self._files = files
        self.held: Tuple[Held, ...] = walked.hidden.held
        self.globals: List[GlobalThing] = global_things(walked, places)
        with collector_at_rest():
            self._known = list(self._known_tensors())
            self.known_before = set(map(id, self._known))
            self._members = [raw.module_vars(module) for module in self._modules()]
            self.trainable = trainable(walked)
            self.is_thorough = is_thorough
            self.graphs_before = graphs_on(walked) if is_thorough else {}
            self.prints_before = Prints(self.trainable if is_thorough else {})
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
            set_mode(self.model, is_training, self.walked)
        seen = self._watches()
        seen.is_all_eval = not any(members.get("training") for members in self._members)
        mine = SampleInput(copied(given.positional), copied(given.keywords), given.source)
        inputs = named_inputs(self.model, mine)
        foreign: Dict[Any, torch.Tensor] = {number: held.value for number, held in enumerate(self.held) if is_plain(held)}
        foreign.update((thing.name, thing.tensor) for thing in self.globals)
        left = [tensor for kept in (self.passes[-1].graphs.values() if self.passes else ()) for tensor in kept]
        seen.operations.expect(self._known, foreign, inputs, left)
        seen.axes.expect(tensor for _, tensor in inputs)
        effects = SideEffects(self.places, diverted=True, files=self._files)
        torch.manual_seed(seed)
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _DEEPEST_PYTHON))
        started = time.perf_counter()
        try:
            with ExitStack() as inside:
                axes = nullcontext() if self.passes else seen.axes  # in the other mode they are the same
                for each in (uncompiled(), effects, flow, seen.direct, seen.births, seen.calls, axes, seen.operations):
                    inside.enter_context(each)
                output = self.model(*mine.positional, **mine.keywords)
            seen.outputs = [tensor.detach().clone() for _, tensor in tensors_in(output)]
        except (Exception, SystemExit) as error:
            seen.error = error
        seen.seconds = time.perf_counter() - started
        seen.side_effects = effects.noted
        seen.changed_inputs = list(_really_changed(seen.operations.changed, inputs, named_inputs(self.model, given)))
        with collector_at_rest():
            if self.is_thorough or self.passes or seen.births.modules:
                self.walked = self.walked.now()
            if self.is_thorough:
                seen.graphs, seen.prints = graphs_on(self.walked), Prints(self.trainable)
        self.passes.append(seen)
        return seen

    def is_in_doubt(self, changed: Sequence[torch.Tensor], graphs: Graphs) -> bool:
        """Whether passes that were not thorough have to be repeated: weights ``changed`` in them or were written, ``graphs`` are left."""
        weights = set(map(id, self.trainable.values()))
        written = {memory for seen in self.passes for memory in seen.operations.written} - {None}
        return not self.is_thorough and (
            bool(graphs)
            or any(id(tensor) in weights for tensor in changed)
            or (bool(written) and any(memory_of(tensor) in written for tensor in self.trainable.values()))
        )

    def _modules(self) -> Iterator[nn.Module]:
        """The registered and the hidden ones."""
        yield from (module for _, module in self.walked.each)
        yield from (module for held in self.held for module in held.below)

    def _watches(self) -> Pass:
        calls = CallWatch(self._check)
        births = BirthWatch(self.places, calls)
        direct = DirectWatch(self._forwards() if self.reads.calls_forward else [], self.places, calls)
        operations, axes = OperationWatch(self.places, calls, self._check), AxisWatch(self.places, calls)
        return Pass(self.model.training, calls, births, direct, operations, axes)

    def _forwards(self) -> List[Any]:
        """The classes with a forward of their own, of registered and of hidden modules."""
        kinds = {base for kind in set(map(type, self._modules())) for base in raw.bases_of(kind) if base is not nn.Module}
        forwards = [(kind, raw.class_members(kind).get("forward")) for kind in kinds]
        return [
            kind
            for kind, forward in forwards
            if isinstance(forward, FunctionType) and not kind.__module__.startswith("torch.jit")
        ]

    def _known_tensors(self) -> Iterator[torch.Tensor]:
        """Registered tensors, and hidden ones that would be trained: of those others tell."""
        yield from (tensor for tensor in self.walked.tensors if not is_lazy(tensor))
        for held in self.held:
            if held.part.kind == MODULE:
                yield from (tensor for module in held.below for tensor in registered_tensors(module) if not is_lazy(tensor))
            elif not is_plain(held) and not is_lazy(held.value):
                yield held.value


def set_mode(model: nn.Module, is_training: bool, walked: Optional[Walked] = None) -> None:
    """Train or eval mode in the model's own way, or in the plain one where it has none (seen where it is ``walked``) or that fails."""
    if walked is not None and not any(map(_has_modes_of_its_own, walked.kinds)):
        for _, module in walked.each:
            raw.module_vars(module)["training"] = is_training
        return
    try:
        model.train(is_training)
    except (Exception, SystemExit):  # a train() or __setattr__ of the user's
        for _, module in raw.modules_below(model):
            raw.module_vars(module)["training"] = is_training


def _has_modes_of_its_own(kind: Any) -> bool:
    """Whether a class does not simply take over what ``train()`` says."""
    own = [base for base in raw.bases_of(kind) if base not in (nn.Module, object)]
    return any(name in raw.class_members(base) for base in own for name in _OF_MODES)


def is_plain(held: Held) -> bool:
    """Whether it is a tensor without a gradient: no weight, and not computed from one."""
    return held.part.kind not in (MODULE, PARAMETER) and not held.part.requires_grad and held.part.shape is not None


def graphs_on(walked: Walked) -> Graphs:
    """The results with their graphs that are attributes of modules, or in lists and dicts there."""
    found: Graphs = {}
    kinds = raw.Kinds()
    for path, module in walked.each:
        members = raw.module_vars(module)
        for name in [name for name in members if name not in _OWN]:
            value = members[name]
            if type(value) in _NEVER_TENSORS:
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


def trainable(walked: Walked) -> Dict[str, torch.Tensor]:
    """The trainable parameters of a model that is not large, by their keys; of a large one, none."""
    named = {f"{path}.{name}" if path else name: each for path, module in walked.each for name, each in _parameters(module)}
    found = {key: each for key, each in named.items() if each.requires_grad and not is_lazy(each)}
    return found if sum(each.numel() * each.element_size() for each in found.values()) <= COPY_LIMIT_BYTES else {}


def _parameters(module: nn.Module) -> List[Tuple[str, torch.Tensor]]:
    return list(raw.registered(module, "_parameters").items())


def copied(value: Any) -> Any:
    """The same with every tensor a leaf of its own."""

    def copy(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.detach().clone().requires_grad_(tensor.requires_grad)

    return map_tensors(value, copy)


def named_inputs(model: nn.Module, given: SampleInput) -> List[Tuple[str, torch.Tensor]]:
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
