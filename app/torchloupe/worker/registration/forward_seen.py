"""What watched passes showed together, as facts that can be judged."""

from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from torch import nn

from ...analysis.registration.forward_facts import (
    ROLES,
    BornModule,
    BornParameter,
    ChangedInput,
    ChangedParameter,
    DirectForward,
    DropoutInEval,
    ForeignParameter,
    ForeignTensor,
    ForwardFacts,
    GradientsInForward,
    KeptGraph,
    LeavingTorch,
    Spot,
)
from ..definitions import assignment_place, assignment_text
from ..module_tree import tensors_of, walk_modules
from . import raw
from .call_watch import Birth
from .operation_watch import ForeignUse, Seen, memory_of
from .uncalled import uncalled_modules
from .watch_forward import ForwardWatch

_HOOKS = (
    ("_forward_pre_hooks", "forward pre-hooks"),
    ("_forward_hooks", "forward hooks"),
    ("_backward_hooks", "backward hooks"),
    ("_backward_pre_hooks", "backward pre-hooks"),
)


def seen_in_forward(watch: ForwardWatch) -> ForwardFacts:
    """The facts, each once. What was never called is known only when the model ran to its end in both modes."""
    return _Gathering(watch).facts()


class _Gathering:
    def __init__(self, watch: ForwardWatch) -> None:
        self._watch = watch
        self._passes = watch.passes
        self._walked = watch.walked

    def facts(self) -> ForwardFacts:
        """All of them."""
        watch = self._watch
        complete = len(self._passes) > 1 and not any(seen.error for seen in self._passes)
        called = {each for seen in self._passes for each in seen.calls.called}
        used = {each for seen in self._passes for each in seen.operations.used}
        uncalled = uncalled_modules(self._walked, called, used, watch.reads, watch.places) if complete else ()
        return ForwardFacts(
            foreign=tuple(self._foreign()),
            foreign_parameters=tuple(self._foreign_parameters()),
            modules=tuple(self._born_modules()),
            parameters=tuple(self._born_parameters()),
            direct=tuple(self._direct()),
            uncalled=tuple(uncalled),
            leaving=tuple(self._leaving()),
            gradients=tuple(self._gradients()),
            dropouts=tuple(self._dropouts()),
            changed_inputs=tuple(self._changed_inputs()),
            changed_parameters=tuple(self._changed_parameters()),
            kept_graphs=tuple(self._kept_graphs()),
        )

    def _foreign(self) -> Iterator[ForeignTensor]:
        for number, held in enumerate(self._watch.held):
            use = self._use(number)
            if use is not None:
                assigned = assignment_text(type(held.owner), held.part.attribute)
                yield ForeignTensor(held.part, use.role, use.operation, use.used_at, use.as_weight, assigned)
        for thing in self._watch.globals:
            use = self._use(thing.name)
            if use is not None and thing.part is not None:
                yield ForeignTensor(thing.part, use.role, use.operation, use.used_at, is_global=True)

    def _foreign_parameters(self) -> Iterator[ForeignParameter]:
        told = set()
        for thing in self._watch.globals:
            use = self._use(thing.name)
            if use is not None and thing.part is None and thing.variable not in told:
                told.add(thing.variable)
                yield ForeignParameter(thing.variable, thing.class_name, use.operation, use.used_at)

    def _use(self, key: Any) -> Optional[ForeignUse]:
        uses = [seen.operations.uses[key] for seen in self._passes if key in seen.operations.uses]
        return max(uses, key=lambda use: ROLES.index(use.role), default=None)

    def _born_modules(self) -> Iterator[BornModule]:
        for births in self._by_line(lambda seen: seen.births.modules):
            module = births[0].value
            if any(id(tensor) not in self._watch.known_before for tensor in tensors_of(module)):
                known = self._walked.by_identity
                registered = [known[id(birth.value)][0] for birth in births if id(birth.value) in known]
                names = [
                    f"{path}.{name}" if path else name
                    for path, part in walk_modules(module)
                    for name in raw.registered(part, "_parameters")
                ]
                yield BornModule(
                    type(module).__name__,
                    self._path(births[0].owner),
                    births[0].made_at,
                    registered[0] if registered else None,
                    each_call=self._in_both(births, lambda seen: seen.births.modules),
                    parameters=tuple(names),
                )

    def _born_parameters(self) -> Iterator[BornParameter]:
        all_births = self._by_line(lambda seen: seen.births.parameters)
        keys = {
            id(each): f"{path}.{name}" if path else name
            for path, part in (self._walked.modules if all_births else ())
            for name, each in raw.registered(part, "_parameters").items()
        }
        for births in all_births:
            registered = [keys[id(birth.value)] for birth in births if id(birth.value) in keys]
            yield BornParameter(self._path(births[0].owner), births[0].made_at, registered[0] if registered else None)

    def _by_line(self, pick: Callable[[Any], List[Birth]]) -> List[List[Birth]]:
        """What was made in the user's own files, that of one line together."""
        lines: Dict[Spot, List[Birth]] = {}
        for seen in self._passes:
            for birth in pick(seen):
                if self._is_ours(birth.made_at):
                    lines.setdefault(birth.made_at, []).append(birth)
        return list(lines.values())

    def _in_both(self, births: List[Birth], pick: Callable[[Any], List[Birth]]) -> bool:
        """Whether the line made something in more than one pass; in several instances of one class it makes one for each."""
        owners = [[birth.owner for birth in births if any(each is birth for each in pick(seen))] for seen in self._passes]
        return any(
            owner is other
            for number, group in enumerate(owners)
            for later in owners[number + 1 :]
            for owner in group
            for other in later
        )

    def _direct(self) -> Iterator[DirectForward]:
        told = set()
        for seen in self._passes:
            for module, spot in seen.direct.found.values():
                if spot not in told:
                    told.add(spot)
                    yield DirectForward(self._path(module), type(module).__name__, spot, _hooks_on(module))

    def _leaving(self) -> Iterator[LeavingTorch]:
        for each in self._ours(lambda seen: seen.operations.leaving):
            yield LeavingTorch(each.operation, self._path(each.module), each.used_at)

    def _gradients(self) -> Iterator[GradientsInForward]:
        for each in self._ours(lambda seen: seen.operations.gradients):
            yield GradientsInForward(each.operation, self._path(each.module), each.used_at)

    def _dropouts(self) -> Iterator[DropoutInEval]:
        """Those at work in eval mode. A layer that stays in train mode is told of as unregistered, or its class wants it so."""
        born = {id(birth.value) for seen in self._passes for birth in seen.births.modules}
        for each in self._ours(lambda seen: [] if seen.is_training else seen.operations.dropouts):
            is_module = id(each.layer) in born
            if is_module or not each.in_training:
                name = type(each.layer).__name__ if is_module else each.operation
                is_spelled = not is_module and self._watch.reads.says_true(each.used_at.line, "training")
                yield DropoutInEval(name, self._path(each.module), each.probability, each.used_at, is_spelled, is_module)

    def _ours(self, pick: Callable[[Any], List[Seen]]) -> Iterator[Seen]:
        """What was seen in the user's own files, the first of each line."""
        told = set()
        for seen in self._passes:
            for each in pick(seen):
                if each.used_at not in told and self._is_ours(each.used_at):
                    told.add(each.used_at)
                    yield each

    def _changed_inputs(self) -> Iterator[ChangedInput]:
        told = set()
        for seen in self._passes:
            for name, how in seen.changed_inputs:
                if name not in told:
                    told.add(name)
                    yield ChangedInput(name, how.operation, self._path(how.module), how.used_at)

    def _changed_parameters(self) -> Iterator[ChangedParameter]:
        """Changes that the second pass repeats; a projection that leaves alone what fits already is none."""
        if len(self._passes) > 1:
            first, second = (seen.prints for seen in self._passes[:2])
            if first is None or second is None:
                return
            twice = self._watch.prints_before.differing(first) & first.differing(second)
            for key in [key for key in self._watch.trainable if key in twice]:
                written = self._passes[0].operations.written.get(memory_of(self._watch.trainable[key]))
                yield ChangedParameter(key, written.used_at if written is not None else Spot())

    def _kept_graphs(self) -> Iterator[KeptGraph]:
        first, last = (self._passes[0].graphs, self._passes[-1].graphs) if self._passes else ({}, {})
        read = {each for seen in self._passes for each in seen.operations.read_kept}
        modules = dict(self._walked.modules) if last else {}
        for (owner, attribute), kept in last.items():
            before = self._watch.graphs_before.get((owner, attribute), ())
            place = assignment_place(type(modules[owner]), attribute)
            spot = Spot(*place) if place else Spot()
            if len(kept) <= len(before) or not self._is_ours(spot):
                continue
            earlier = first.get((owner, attribute), [])
            grows = len(self._passes) > 1 and len(kept) > len(earlier) > 0
            carried = any(id(tensor) in read for tensor in earlier)
            yield KeptGraph(owner, attribute, spot, grows, carried, self._watch.reads.empties(attribute))

    def _path(self, module: Optional[nn.Module]) -> str:
        return self._walked.by_identity.get(id(module), ("",))[0]

    def _is_ours(self, spot: Spot) -> bool:
        return spot.file is not None and self._watch.places.is_project(spot.file)


def _hooks_on(module: nn.Module) -> Tuple[str, ...]:
    return tuple(words for name, words in _HOOKS if getattr(module, name, None))
