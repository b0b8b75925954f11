"""What is known of a model's registration once it is constructed, without running it: hidden parts and problems."""

from collections import Counter
from functools import partial
from typing import Any, Dict, Iterable, List, Set, Tuple, Type

from torch import nn

from ...analysis.registration.class_findings import (
    Wiped,
    direct_call_problems,
    flagged_problems,
    misspelled_problems,
    no_parameters_problem,
    reserved_problems,
    wiped_problems,
)
from ...analysis.registration.forgotten_eval import forgotten_eval_problems
from ...analysis.registration.hidden_findings import hidden_problems, moved_parameter_problems
from ...analysis.registration.sharing_findings import overwritten_problems, repeated_problems, tie_problems
from ...analysis.registration.source_facts import FunctionSource
from ...analysis.registration.super_init import ForgottenInit, forgotten_init_problem
from ...wire.problems import INFO, Problem
from ...wire.registration import HiddenPart
from ..class_places import class_place
from ..explain import CouldNotRun, details_of, said_by
from ..source_loader import read_text
from ..target import Target
from . import raw
from .class_facts import direct_calls, first_of_classes, flagged_modules, reserved_names, told_the_mode, written_methods
from .class_source import constructors_of, functions_naming, functions_of_file, is_users
from .hidden import HiddenThings, hidden_things
from .hidden_causes import hidden_causes, moved_parameters
from .sharing_facts import broken_ties, overwritten_parts, repeated_instances
from .watch_construction import ConstructionWatch

_MOST_NOTES = 5
_TIED, _FLAG = "data", "requires_grad"


def registration_of(model: nn.Module, target: Target, watch: ConstructionWatch) -> Tuple[Tuple[HiddenPart, ...], List[Problem]]:
    """The hidden parts, and the problems, most telling first. Raises ``CouldNotRun`` for a model that cannot be called."""
    modules = list(raw.modules_below(model))
    unfinished = _forgotten_inits(modules)
    if unfinished:
        raise CouldNotRun(*unfinished)
    things = HiddenThings(())
    try:
        things = hidden_things(model, modules)
        return things.parts, _Constructed(modules, target, watch, things).problems()
    except Exception as error:  # a model opens whatever its parts answer when they are looked at
        said = Problem(
            "registration-not-all-seen",
            f"The registration could not be judged: {said_by(error)}",
            INFO,
            details=details_of(error),
        )
        return things.parts, [said]


def _forgotten_inits(modules: Iterable[Tuple[str, nn.Module]]) -> List[Problem]:
    """Parts whose ``Module.__init__`` never ran and that nobody noticed so far: no such part can be called."""
    found: Dict[Type[Any], Problem] = {}
    for path, module in modules:
        if "_modules" not in raw.module_vars(module) and type(module) not in found and constructors_of(type(module)):
            file, line = class_place(module) or (None, None)
            forgotten = ForgottenInit(type(module).__name__, tuple(constructors_of(type(module))), file, line, path)
            found[type(module)] = forgotten_init_problem(forgotten)
    return list(found.values())


class _Constructed:
    """One constructed model, looked at from all sides."""

    def __init__(
        self, modules: List[Tuple[str, nn.Module]], target: Target, watch: ConstructionWatch, things: HiddenThings
    ) -> None:
        self._model = modules[0][1]
        self._target = target
        self._watch = watch
        self._things = things
        self._modules = modules
        self._all = self._modules + [(held.part.path, part) for held in things.held for part in held.below]

    def problems(self) -> List[Problem]:
        """One cause, one problem."""
        found = _forgotten_inits(self._all) + wiped_problems(
            [Wiped(each.class_name, each.forgotten, *(each.place or (None, None))) for each in self._watch.wiped]
        )
        for kind, (path, _) in first_of_classes(self._all).items():
            found += misspelled_problems(written_methods(kind, path))
        found += hidden_problems(hidden_causes(self._model, self._things, self._watch))
        found += moved_parameter_problems(moved_parameters(self._modules))
        reachable = {id(module) for _, module in self._all}
        found += overwritten_problems(overwritten_parts(self._modules, self._watch, reachable))
        found += repeated_problems(repeated_instances(self._modules))
        found += tie_problems(broken_ties(self._modules, partial(self._functions, _TIED)))
        found += reserved_problems(list(reserved_names(self._modules)))
        found += flagged_problems(flagged_modules(self._modules, partial(self._functions, _FLAG)))
        found += direct_call_problems(direct_calls(self._modules))
        found += forgotten_eval_problems(
            read_text(self._target.file or "") or "", self._target.file, told_the_mode(self._modules)
        )
        if not found and not any(raw.registered(module, "_parameters") for _, module in self._modules):
            found += self._no_parameters(reachable)
        if self._things.notes:
            notes = " ".join(self._things.notes[:_MOST_NOTES])
            found.append(Problem("registration-not-all-seen", notes, INFO, "What lies beyond was not judged."))
        return found

    def _functions(self, name: str) -> List[FunctionSource]:
        """The functions of the model's classes and of the target's file, in which a statement about other modules may stand."""
        found = [each for kind in first_of_classes(self._modules) for each in functions_naming(kind, name)]
        return found + functions_of_file(self._target.file)

    def _no_parameters(self, reachable: Set[int]) -> List[Problem]:
        """Nothing to say of a model that neither has nor made any part: it is a function."""
        is_bare = len(self._modules) == 1 and is_users(type(self._model))
        made = Counter(each.kind.__name__ for each in self._watch.lost(reachable) if is_bare)
        if len(self._modules) == 1 and not made:
            return []
        file, line = class_place(self._model) or (None, None)
        return [no_parameters_problem(type(self._model).__name__, file, line, list(made.items()))]
