"""From the hidden things of a model to their causes: how each attribute came to be, by its source and by the constructor's watch."""

import ast
from collections import Counter, defaultdict
from typing import Any, Dict, List, Optional, Sequence, Tuple

from torch import nn

from ...analysis.registration.hidden_findings import HiddenCause, MovedParameter
from ...analysis.registration.parameter_source import is_only_moved, parameter_inside, repaired_parameter
from ...analysis.registration.source_facts import (
    AROUND,
    UNKNOWN,
    Assignment,
    assignments_of,
    is_list_of_one,
    reads_only_first,
    way_of,
)
from ...wire.registration import MODULE, PARAMETER, TENSOR
from ..places import Place
from . import raw
from .class_facts import Modules, first_of_classes
from .class_source import class_attribute_place, functions_naming, functions_of, is_users, is_users_file
from .hidden import Held, HiddenThings, own_parameters
from .watch_construction import ConstructionWatch

_TAKING_CARE = ("parameters", "named_parameters", "state_dict", "_apply", "_save_to_state_dict", "named_modules")
_MODES: Tuple[Any, ...] = (nn.modules.dropout._DropoutNd, nn.RReLU)
_STATISTICS: Tuple[Any, ...] = (nn.modules.batchnorm._NormBase,)


def hidden_causes(model: nn.Module, things: HiddenThings, watch: ConstructionWatch) -> List[HiddenCause]:
    """One cause for each attribute of each class under which something hides that trains, or has a mode."""
    groups: Dict[Tuple[Any, str], List[Held]] = defaultdict(list)
    for held in things.held:
        if held.part.kind != TENSOR or _is_lost_parameter(held, things):
            groups[type(held.owner), held.part.attribute].append(held)
    nothing_registered = not any(raw.registered(module, "_parameters") for _, module in raw.modules_below(model))
    return [_Cause(held, things, watch).described(nothing_registered) for held in groups.values()]


def _is_lost_parameter(held: Held, things: HiddenThings) -> bool:
    """A tensor that was to be trained: it needs a gradient, of itself or of an unregistered Parameter, or its source says so."""
    if held.part.requires_grad:
        return not held.leaves or any(id(leaf) not in things.registered for leaf in held.leaves)
    if held.part.name != held.part.attribute:
        return False
    source = _last_assignment(type(held.owner), held.part.attribute, "Parameter")
    return source is not None and parameter_inside(source.value) is not None


def moved_parameters(modules: Modules) -> List[MovedParameter]:
    """Registered Parameters that only happen to be registered: ``nn.Parameter(...).to(device)`` returned the Parameter itself."""
    found = []
    for kind, (path, module) in first_of_classes(modules).items():
        for name in raw.registered(module, "_parameters") if is_users(kind) else ():
            assigned = _last_assignment(kind, name, "Parameter")
            if assigned is not None and assigned.value is not None and is_only_moved(assigned.value):
                code, repaired = ast.unparse(assigned.value), repaired_parameter(assigned.value)
                found.append(MovedParameter(path, kind.__name__, name, code, repaired, assigned.function.file, assigned.line))
    return found


class _Cause:
    """What is held under one attribute of one class."""

    def __init__(self, held: List[Held], things: HiddenThings, watch: ConstructionWatch) -> None:
        self._held = held
        self._kind: Any = type(held[0].owner)
        self._attribute = held[0].part.attribute
        self._value = raw.module_vars(held[0].owner).get(self._attribute)
        self._things = things
        self._watch = watch
        self._functions = functions_naming(self._kind, self._attribute)
        self._assigned = [each for function in self._functions for each in assignments_of(function, self._attribute)]

    def described(self, nothing_registered: bool) -> HiddenCause:
        """All of it as plain facts."""
        first = self._held[0].part
        assigned = next((each for each in self._assigned if each.line == first.line), None) or next(iter(self._assigned), None)
        value = assigned.value if assigned is not None else None
        below = [module for held in self._held for module in held.below]
        parameters = own_parameters(below, self._things.registered) + [held.value for held in self._held if not held.below]
        made_at = self._made_at()
        file, line = self._place(assigned)
        return HiddenCause(
            owners=tuple(dict.fromkeys(held.part.owner for held in self._held)),
            owner_class=self._kind.__name__,
            attribute=self._attribute,
            held_by=first.held_by,
            parts=tuple(held.part for held in self._held if held.part.owner == first.owner),
            contents=self._contents(),
            parameter_count=sum(held.part.parameter_count for held in self._held if held.part.owner == first.owner),
            numel=sum(held.part.numel for held in self._held if held.part.owner == first.owner),
            trainable=sum(bool(parameter.requires_grad) for parameter in parameters) + self._frozen_results(),
            modes=_modes(below),
            way=self._way(),
            code=ast.unparse(value) if value is not None else "",
            repaired=self._repaired(assigned),
            has_text_keys=not isinstance(self._value, dict) or all(type(key) is str for key in dict.keys(self._value)),
            is_nested=first.name.count("[") > 1,
            hides_one=_size_of(self._value) == 1 and is_list_of_one(value) and reads_only_first(self._functions, self._attribute),
            confirmed=line is not None or made_at is not None,
            is_users=is_users_file(file) if file else is_users(self._kind),
            overrides=_overrides(self._kind),
            is_everything=nothing_registered,
            file=file,
            line=line,
            made_at=made_at,
        )

    def _place(self, assigned: Optional[Assignment]) -> Tuple[Optional[str], Optional[int]]:
        first = self._held[0].part
        if assigned is not None:
            return assigned.function.file, assigned.line
        if first.held_by == "class":
            return class_attribute_place(self._kind, self._attribute) or (None, None)
        return first.file, first.line

    def _way(self) -> str:
        first = self._held[0].part
        if not first.held_by and first.kind == MODULE:
            return AROUND  # Module.__setattr__ would have registered it
        if not first.held_by and first.kind == PARAMETER:
            return AROUND
        return way_of(self._functions, self._assigned) if self._assigned else UNKNOWN

    def _contents(self) -> Tuple[Tuple[str, int], ...]:
        owner = self._held[0].part.owner
        return tuple(Counter(held.part.class_name for held in self._held if held.below and held.part.owner == owner).items())

    def _frozen_results(self) -> int:
        """Results of ``nn.Parameter(...)`` that lost even the gradient."""
        return sum(held.part.kind == TENSOR and not held.part.requires_grad for held in self._held)

    def _made_at(self) -> Optional[Place]:
        for held in self._held[:1]:
            for value in (held.value, *held.leaves):
                place = self._watch.place_of(value)
                if place is not None:
                    return place
        return None

    def _repaired(self, assigned: Optional[Assignment]) -> str:
        first = self._held[0].part
        if first.kind != TENSOR or first.name != first.attribute or assigned is None or assigned.value is None:
            return ""
        return repaired_parameter(assigned.value)


def _last_assignment(kind: Any, attribute: str, mentioned: str) -> Optional[Assignment]:
    naming = {id(source.node) for source in functions_naming(kind, mentioned)}
    found = [
        each
        for source in functions_naming(kind, attribute)
        if id(source.node) in naming
        for each in assignments_of(source, attribute)
    ]
    return found[-1] if found else None


def _size_of(value: Any) -> int:
    return len(value) if type(value) in (list, tuple) else 0


def _modes(modules: Sequence[nn.Module]) -> Tuple[str, ...]:
    """The classes among them that behave otherwise after ``eval()``."""
    return tuple(dict.fromkeys(type(module).__name__ for module in modules if _has_modes(module)))


def _has_modes(module: nn.Module) -> bool:
    if isinstance(module, _MODES):
        return True
    if isinstance(module, _STATISTICS):
        return raw.registered(module, "_buffers").get("running_mean") is not None
    kind: Any = type(module)
    return any("training" in code.co_names for _, code in functions_of(kind) if code.co_name == "forward")


def _overrides(kind: Any) -> Tuple[str, ...]:
    """Methods by which a class of the user's may itself bring its hidden parts along."""
    own = {code.co_name for _, code in functions_of(kind)}
    return tuple(name for name in _TAKING_CARE if name in own)
