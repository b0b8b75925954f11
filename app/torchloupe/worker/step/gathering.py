"""What one watched step leaves to be seen: each parameter's place, seat, gradient and motion, as facts."""

import ast
import linecache
from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Optional, Tuple, Union

import torch
from torch import nn

from ...analysis.registration.forward_facts import NOWHERE, Spot
from ...analysis.step.facts import FINITE, NO_GRADIENT, NOT_FINITE, ZERO, ParameterFacts, StepFacts
from ...wire.steps import ParameterMotion
from ..definitions import assignment_place, definition_places
from ..model_state import ModelState
from ..module_tree import walk_modules
from ..places import Places
from ..source_loader import parsed
from ..tensor_facts import dtype_name
from .motion import Gradient, Motion, motion_between, motion_undone
from .parameters import parameters_of
from .step_watch import StepWatch


@dataclass
class Gathered:
    """The parameters with what is known of each, in the order of the model; ``measured`` by key."""

    tensors: Dict[str, torch.Tensor]
    parameters: List[ParameterFacts]
    measured: Dict[str, ParameterMotion]
    watch: StepWatch

    def facts(self, is_own_loop: bool, own_loss: bool, own_optimizer: bool, failure: str) -> StepFacts:
        """All of the step as one value; the arguments are fields of it."""
        watch = self.watch
        return StepFacts(
            tuple(self.parameters),
            tuple(watch.events),
            is_own_loop,
            own_loss,
            own_optimizer,
            tuple(tuple(each.shape) for each in watch.strangers.values()),
            watch.piled_up,
            watch.eval_backward,
            Spot(*watch.probabilities) if watch.probabilities else None,
            failure=failure,
            skipped=watch.skipped,
            dtypes=tuple(dict.fromkeys(each.dtype for each in self.parameters)),
        )


def gather(
    model: nn.Module, before: ModelState, watch: StepWatch, places: Places, sources: Iterable[str], undo: bool = False
) -> Gathered:
    """Look at ``model`` right after the step. ``before`` has its values from before, ``sources`` are the files of the project. With
    ``undo`` weights may already be put back on the way: nobody needs those that the step gave them."""
    tensors = parameters_of(model)
    copies = before.copies
    homes = _Homes(model, places, list(sources))
    parameters: List[ParameterFacts] = []
    measured: Dict[str, ParameterMotion] = {}
    for key, tensor in tensors.items():
        motion = before.undone(tensor, motion_undone) if undo else None
        motion = motion or _motion(copies.get(id(tensor)), tensor)
        gradient = watch.after_backward.get(id(tensor))
        seat = watch.seats.get(id(tensor))
        stepped = watch.versions_after_step.get(id(tensor))
        is_new = id(tensor) not in copies  # made in the step itself, so that there is nothing to compare with
        moved = motion.changed > 0 if motion is not None else is_new and stepped is not None and gradient is not None
        parameters.append(
            replace(
                homes.facts_of(key, tensor),
                moved=moved,
                gradient=_kind(gradient),
                gradient_at_step=_kind(_at_step(watch, tensor, moved)),
                optimizer=seat.optimizer if seat else 0,
                group=seat.group if seat else None,
                lr=seat.lr if seat else None,
                weight_decay=seat.weight_decay if seat else None,
                weight_norm=motion.weight_norm if motion else 0.0,
                grad_norm=gradient.norm if gradient else None,
                changed_since=not moved and stepped is not None and tensor._version > stepped,
            )
        )
        measured[key] = _measured(parameters[-1], tensor, motion)
    return Gathered(tensors, parameters, measured, watch)


def _measured(facts: ParameterFacts, tensor: torch.Tensor, motion: Optional[Motion]) -> ParameterMotion:
    row = ParameterMotion(
        facts.key,
        facts.moved,
        numel=tensor.numel(),
        dtype=facts.dtype,
        group=facts.group,
        lr=facts.lr,
        weight_decay=facts.weight_decay,
        grad_norm=facts.grad_norm,
    )
    if motion is None:
        return row
    return replace(
        row,
        weight_norm=motion.weight_norm,
        update_norm=motion.update_norm,
        update_ratio=motion.update_norm / motion.weight_norm if motion.weight_norm else None,
        changed_fraction=motion.changed / max(tensor.numel(), 1),
    )


def _motion(before: Optional[torch.Tensor], after: torch.Tensor) -> Optional[Motion]:
    if before is None or before.shape != after.shape or before.layout is not torch.strided:
        return None
    return motion_between(before, after)


def _at_step(watch: StepWatch, tensor: torch.Tensor, moved: bool) -> Optional[Gradient]:
    """Its gradient as the optimizers last stepped; for one that moved in a step before that, as it was then."""
    last = (watch.at_step if watch.at_step is not None else watch.after_backward).get(id(tensor))
    return watch.at_any_step.get(id(tensor)) if last is None and moved else last


def _kind(gradient: Optional[Gradient]) -> str:
    if gradient is None:
        return NO_GRADIENT
    return NOT_FINITE if not gradient.is_finite else ZERO if gradient.is_zero else FINITE


class _Homes:
    """Where parameters come from: their modules, the lines that make them, the lines that freeze them."""

    def __init__(self, model: nn.Module, places: Places, sources: List[str]) -> None:
        walked = list(walk_modules(model))
        self._modules = dict(walked)
        self._definitions = definition_places(walked)
        self._places = places
        self._ends: Dict[str, Dict[int, int]] = {}
        self._freezing = [Spot(file, line) for file in sources for line in _freezing_lines(file)]

    def facts_of(self, key: str, tensor: torch.Tensor) -> ParameterFacts:
        """What does not depend on the step."""
        owner, _, name = key.rpartition(".")
        place = assignment_place(type(self._modules.get(owner)), name) or self._definitions.get(owner)
        frozen_by, frozen_at = self._frozen(place, key) if not tensor.requires_grad else ("", NOWHERE)
        return ParameterFacts(
            key,
            owner,
            dtype_name(tensor.dtype),
            tensor.requires_grad,
            False,
            NO_GRADIENT,
            NO_GRADIENT,
            defined_at=Spot(*place) if place else NOWHERE,
            in_project=place is None or self._places.is_project(place[0]),
            frozen_by=frozen_by,
            frozen_at=frozen_at,
        )

    def _frozen(self, place: Optional[Tuple[str, int]], key: str) -> Tuple[str, Spot]:
        if place is not None:
            statement = self._statement_at(*place)
            if "from_pretrained(" in statement and "freeze" not in statement and key.endswith("weight"):
                return "from_pretrained", Spot(*place)
        return ("statement", self._freezing[0]) if len(self._freezing) == 1 else ("", NOWHERE)

    def _statement_at(self, file: str, line: int) -> str:
        """The source of the statement that begins at a line."""
        if file not in self._ends:
            self._ends[file] = _statement_ends(file)
        return "".join(linecache.getlines(file)[line - 1 : self._ends[file].get(line, line)])


def _statement_ends(file: str) -> Dict[int, int]:
    """The last line of each statement, by its first."""
    tree = parsed(file)
    ends: Dict[int, int] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.stmt):
            ends[node.lineno] = max(ends.get(node.lineno, 0), node.end_lineno or 0, node.lineno)
    return ends


def _freezing_lines(file: str) -> List[int]:
    """Lines that set ``requires_grad`` to False."""
    tree = parsed(file)
    return [
        node.lineno
        for node in (ast.walk(tree) if tree is not None else ())
        if isinstance(node, (ast.Assign, ast.Call)) and _freezes(node)
    ]


def _freezes(node: Union[ast.Assign, ast.Call]) -> bool:
    if isinstance(node, ast.Assign):
        named = any(isinstance(each, ast.Attribute) and each.attr == "requires_grad" for each in node.targets)
        return named and isinstance(node.value, ast.Constant) and node.value.value is False
    is_setter = isinstance(node.func, ast.Attribute) and node.func.attr == "requires_grad_"
    return is_setter and any(isinstance(each, ast.Constant) and each.value is False for each in node.args)
