"""Does the optimizer's state in a checkpoint belong to the parameters of a model: as many, in the same order, of the same shapes?"""

from collections import Counter
from typing import Dict, List, Optional, Sequence, Tuple

from ..wire.contents import CheckpointContents
from ..wire.modules import ModuleTree, ParameterEntry
from ..wire.problems import WARNING, Problem
from .optimizer_state import OptimizedParameter, optimizer_state, param_groups
from .wording import shape_text

CODE = "checkpoint-optimizer-state"
Shape = Tuple[int, ...]


def optimizer_problems(contents: CheckpointContents, tree: ModuleTree) -> Tuple[Problem, ...]:
    """One for each optimizer whose state cannot be that of the model's parameters."""
    entries: Dict[str, List[OptimizedParameter]] = {}
    for entry in optimizer_state(contents):
        entries.setdefault(entry.container, []).append(entry)
    groups = Counter(group.container for group in param_groups(contents))
    parameters = _parameters(tree)
    if not parameters or any(each.shape is None for each in parameters):
        return ()
    found = (_problem(name, held, parameters, groups[name]) for name, held in entries.items())
    return tuple(problem for problem in found if problem is not None)


def _parameters(tree: ModuleTree) -> List[ParameterEntry]:
    """In the order of ``model.parameters()``: tied ones once."""
    seen: "set[str]" = set()
    found = []
    for entry in tree.parameters:
        if entry.kind == "parameter" and seen.isdisjoint(entry.tied_to):
            found.append(entry)
            seen.add(entry.key)
    return found


def _problem(
    name: str, entries: Sequence[OptimizedParameter], parameters: Sequence[ParameterEntry], groups: int
) -> Optional[Problem]:
    shapes = [entry.shape for entry in entries if entry.shape is not None]
    theirs = [each.shape or () for each in parameters]
    if not shapes or _goes_through(shapes, theirs) or _named(entries, parameters):
        return None
    container = name or "The optimizer state"
    homeless = Counter(shapes) - Counter(theirs)
    if homeless and all(entry.parameter for entry in entries):
        return None  # it is that of the weights beside it; how these differ from the model is told by their keys
    if homeless:
        shape = next(iter(homeless))
        entry = next(entry for entry in entries if entry.shape == shape)
        text = (
            f"{container} has state for parameters that the model has not: that of number {entry.number} is {shape_text(shape)}."
        )
        return _told(text, "It belongs to another model, or to one of other sizes.", name, entries, WARNING, entry.number)
    if groups > 1 or len(shapes) != len(theirs):
        return None  # groups have an order of their own, and not every parameter need be trained
    place = next(number for number, (one, other) in enumerate(zip(shapes, theirs)) if one != other)
    parameter, entry = parameters[place], entries[place]
    text = (
        f"{container} is in another order than the model's parameters: what it keeps for number {entry.number} is "
        f"{shape_text(shapes[place])}, {parameter.key} there is {shape_text(theirs[place])}."
    )
    hint = (
        "load_state_dict of the optimizer goes by the order alone: it would pair them without a word, or fail in the first step."
    )
    return _told(text, hint, name, entries, WARNING, entry.number, parameter.key)


def _goes_through(shapes: Sequence[Shape], theirs: Sequence[Shape]) -> bool:
    """Do the shapes come in the order of the parameters, some of which may have no state?"""
    left = iter(theirs)
    return all(any(shape == other for other in left) for shape in shapes)


def _named(entries: Sequence[OptimizedParameter], parameters: Sequence[ParameterEntry]) -> bool:
    """State that goes by names has no order to get wrong."""
    keys = {each.key for each in parameters}
    return all(entry.number in keys for entry in entries)


def _told(
    text: str,
    hint: str,
    container: str,
    entries: Sequence[OptimizedParameter],
    severity: str,
    number: str,
    parameter: Optional[str] = None,
) -> Problem:
    data = {"container": container, "entries": len(entries), "number": number}
    return Problem(CODE, text, severity, hint, parameter=parameter, data=data)
