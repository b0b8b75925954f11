"""The step once more under a trace, for what the first run left open."""

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterator, List, Optional, Set

from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from ...analysis.step.facts import NO_GRADIENT, NOT_FINITE, ZERO, Loss, ParameterFacts, StepFacts
from ..module_tree import walk_modules
from ..places import Places
from ..torch_compat import uncompiled
from .gathering import Gathered
from .gradient_path import GradientPaths
from .gradient_trace import GradientTrace, first_not_finite, where_lost
from .training import Training


@dataclass
class _Traced:
    """What the second run showed."""

    trace: GradientTrace
    called: Set[int]
    places: Places

    def added_to(self, facts: StepFacts, gathered: Gathered, model: nn.Module) -> StepFacts:
        """The facts with where each gradient is lost, and where numbers stop to be finite."""
        keys = list(gathered.tensors)
        modules = dict(walk_modules(model))
        paths = GradientPaths(self.trace.nodes, self.trace.losses)
        parameters = tuple(
            _with_path(self._explained(each, 1 << number, keys, facts, modules), paths)
            for number, each in enumerate(facts.parameters)
        )
        return replace(
            facts,
            parameters=parameters,
            nan_origin=first_not_finite(self.trace.nodes, "nan"),
            inf_origin=first_not_finite(self.trace.nodes, "inf"),
        )

    def _explained(
        self, each: ParameterFacts, bit: int, keys: List[str], facts: StepFacts, modules: Dict[str, nn.Module]
    ) -> ParameterFacts:
        called = id(modules.get(each.owner)) in self.called
        siblings = any(id(other) in self.called for other in _siblings(each.owner, modules, self.called))
        asked = each.gradient in (NO_GRADIENT, ZERO, NOT_FINITE)
        lost = where_lost(self.trace, bit, each.grad_norm if each.gradient != NO_GRADIENT else None) if asked else None
        if lost is not None:
            lost = self._in_words(lost, keys, facts)
        return replace(each, called=called, used=bool(self.trace.used & bit), siblings_called=siblings, lost=lost)

    def _in_words(self, lost: Loss, keys: List[str], facts: StepFacts) -> Loss:
        is_zero = {each.key for each in facts.parameters if each.weight_norm == 0.0}
        zeros = tuple(key for key in (keys[int(number)] for number in lost.zeros) if key in is_zero)
        if lost.kind == "zero-init" and not zeros:
            lost = replace(lost, kind="no-effect")
        moving = {each.key for each in facts.parameters if each.moved or each.gradient not in (NO_GRADIENT, ZERO)}
        in_library = lost.at.file is None or not self.places.is_project(lost.at.file)
        return replace(lost, zeros=zeros, zeros_move=any(key in moving for key in zeros), in_library=in_library)


def _with_path(each: ParameterFacts, paths: GradientPaths) -> ParameterFacts:
    if each.lost is None or each.lost.node < 0:
        return each
    arrives, unreached = paths.around(each.lost.node)
    return replace(each, lost=replace(each.lost, arrives=arrives, unreached=unreached))


def trace_step(
    model: nn.Module, training: Training, gathered: Gathered, facts: StepFacts, places: Places, check: Callable[[], None]
) -> StepFacts:
    """The facts with what a second run shows. Whatever that raises was told by the first."""
    asked = sum(1 << number for number, each in enumerate(facts.parameters) if each.gradient in (ZERO, NOT_FINITE))
    kinds = {each.gradient for each in facts.parameters}
    paths = {id(module): path for path, module in reversed(list(walk_modules(model)))}
    running: List[str] = []
    called: Set[int] = set()
    trace = GradientTrace(
        list(gathered.tensors.values()),
        asked,
        places,
        lambda: running[-1] if running else None,
        check,
        with_values=not _finite(facts),
    )
    try:
        with layers_running(paths, running, called), uncompiled():
            training.run(around=lambda: trace, spread=facts.own_loss and ZERO in kinds and NOT_FINITE not in kinds)
    except (Exception, SystemExit):
        pass  # up to there it was seen
    return _Traced(trace, called, places).added_to(facts, gathered, model)


def _finite(facts: StepFacts) -> bool:
    return all(each.value is None or each.value - each.value == 0.0 for each in facts.events)


@contextmanager
def layers_running(paths: Dict[int, str], running: List[str], called: Set[int]) -> Iterator[None]:
    """A context in which ``running`` has the paths of the layers that run, the innermost last, and ``called`` who ran."""

    def began(module: nn.Module, _args: Any) -> None:
        called.add(id(module))
        running.append(paths.get(id(module), ""))

    def ended(_module: nn.Module, _args: Any, _output: Any) -> None:
        if running:
            running.pop()

    with ExitStack() as stack:
        stack.callback(register_module_forward_pre_hook(began).remove)
        stack.callback(register_module_forward_hook(ended).remove)
        yield


def _siblings(owner: str, modules: Dict[str, nn.Module], called: Set[int]) -> List[nn.Module]:
    """The other members of the container that did not choose ``owner``, or what it is a part of."""
    path = owner
    while path and id(modules[path]) not in called:
        above, _, name = path.rpartition(".")
        container: Optional[nn.Module] = modules.get(above)
        if isinstance(container, (nn.ModuleList, nn.ModuleDict)):
            return [child for other, child in container._modules.items() if other != name and child is not None]
        path = above
    return []
