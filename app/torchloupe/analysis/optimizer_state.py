"""Which parameter of the model each entry of an optimizer's state belongs to, and the settings it is trained with.

torch saves the state under numbers: the parameters in the order in which the optimizer was given them. Names come from that order
and the shapes of what is kept for each.
"""

import ast
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from .containers import STATE_DICT, containers_of, model_container

Shape = Tuple[int, ...]
_STATE_KEY = re.compile(r"state\.(.+)\.([^.]+)")
_MANY = re.compile(r"([\d,]{1,20}) items")
_FIRST = re.compile(r"(?:[\d,]{1,20} items: |\[)(\d{1,18})\b")
_BUFFERS = ("running_mean", "running_var", "num_batches_tracked", "position_ids")
_LIKE_THE_PARAMETER = (
    "exp_avg",
    "momentum_buffer",
    "exp_avg_sq",
    "square_avg",
    "sum",
    "acc_delta",
    "prev",
    "ax",
    "max_exp_avg_sq",
)
_GROUPS = "param_groups."
_NO_SETTINGS = ("params", "param_names")
_MOST_NUMBERED = 1_000_000


@dataclass(frozen=True)
class OptimizedParameter:
    """What an optimizer keeps for one parameter.

    ``container`` and ``number`` say where: its tensors are ``state.<number>.*`` there, their last parts in ``kept``.
    ``parameter`` is its key in ``model``, the container of the weights; None when it is not known. ``is_certain``: no other
    parameter would fit as well. ``step`` is None when the file keeps it as a tensor that was not read. ``settings`` are those of
    its group: lr, weight_decay, betas.
    """

    container: str
    number: str
    kept: Tuple[str, ...]
    shape: Optional[Shape] = None
    model: str = ""
    parameter: Optional[str] = None
    is_certain: bool = False
    step: Optional[float] = None
    group: Optional[int] = None
    settings: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ParamGroup:
    """A param group of the optimizer in ``container``: its place there, its settings, how many parameters it has (None: not known)."""

    container: str
    place: int
    settings: Dict[str, Any]
    parameters: Optional[int] = None


@dataclass(frozen=True)
class _Group:
    """A param group: the numbers of its parameters, their names where the file has them, its settings."""

    numbers: Tuple[str, ...]
    names: Tuple[str, ...]
    settings: Dict[str, Any]


@dataclass(frozen=True)
class _Join:
    """Names by number; ``certain`` are those that no other name fits."""

    model: str
    names: Dict[str, str]
    certain: FrozenSet[str]


def optimizer_state(
    contents: CheckpointContents, steps: Optional[Mapping[Tuple[str, str], float]] = None
) -> Tuple[OptimizedParameter, ...]:
    """Every entry of every optimizer in the checkpoint, in file order. ``steps`` by container and number are those read from tensors."""
    found: List[OptimizedParameter] = []
    read = steps or {}
    values = {value.path: value.value for value in contents.values}
    for container, kept in _state_tensors(contents).items():
        prefix = f"{container}." if container else ""
        highest = max((int(number) for number in kept if number.isdecimal()), default=0)
        groups = _groups(values, prefix, highest)
        shapes = {number: _shape_of(tensors) for number, tensors in kept.items()}
        join = _best_join(contents, container, groups, shapes)
        homes = {number: place for place, group in enumerate(groups) for number in group.numbers}
        for number, tensors in kept.items():
            step = values.get(f"{prefix}state.{number}.step", read.get((container, number)))
            group = homes.get(number)
            found.append(
                OptimizedParameter(
                    container,
                    number,
                    tuple(tensors),
                    shapes[number],
                    join.model,
                    join.names.get(number),
                    number in join.certain,
                    float(step) if isinstance(step, (int, float)) else None,
                    group,
                    groups[group].settings if group is not None else {},
                )
            )
    return tuple(found)


def param_groups(contents: CheckpointContents) -> Tuple[ParamGroup, ...]:
    """The param groups of every optimizer in the checkpoint, in file order."""
    values = {value.path: value.value for value in contents.values}
    starts = dict.fromkeys(path.rpartition(_GROUPS)[0] for path in values if f".{_GROUPS}" in f".{path}")
    found: List[ParamGroup] = []
    for start in starts:
        places = _group_values(values, start)
        groups = _groups(values, start, -1)
        found += [
            ParamGroup(start.rstrip("."), place, group.settings, len(group.numbers) or None)
            for place, group in zip(sorted(places), groups)
        ]
    return tuple(found)


def _state_tensors(contents: CheckpointContents) -> Dict[str, Dict[str, Dict[str, StoredTensor]]]:
    """Tensors by container, number and what they are."""
    found: Dict[str, Dict[str, Dict[str, StoredTensor]]] = {}
    for tensor in contents.tensors:
        match = _STATE_KEY.fullmatch(tensor.key) if tensor.key.startswith("state.") else None
        if match:
            found.setdefault(tensor.container, {}).setdefault(match.group(1), {})[match.group(2)] = tensor
    return found


def _shape_of(kept: Dict[str, StoredTensor]) -> Optional[Shape]:
    return next((kept[name].shape for name in _LIKE_THE_PARAMETER if name in kept), None)


def _group_values(values: Dict[str, Any], prefix: str) -> Dict[int, Dict[str, Any]]:
    """What the file says of each group, by its place."""
    start = prefix + _GROUPS
    found: Dict[int, Dict[str, Any]] = {}
    for path, value in values.items():
        place, _, name = path[len(start) :].partition(".") if path.startswith(start) else ("", "", "")
        if name and place.isdecimal():
            found.setdefault(int(place), {})[name] = value
    return found


def _groups(values: Dict[str, Any], prefix: str, highest: int) -> List[_Group]:
    settings = _group_values(values, prefix)
    held = [settings[place] for place in sorted(settings)]
    texts = [group.get("params") for group in held]
    groups: List[_Group] = []
    for position, group in enumerate(held):
        end = next((first for first in map(_first, texts[position + 1 :]) if first is not None), highest + 1)
        numbers = _numbers(texts[position], end)
        names = _listed(group.get("param_names"))
        chosen = {name: value for name, value in group.items() if name not in _NO_SETTINGS}
        groups.append(_Group(numbers, tuple(map(str, names)) if len(names) == len(numbers) else (), chosen))
    return groups


def _numbers(text: Any, end: int) -> Tuple[str, ...]:
    """The numbers of a group's parameters. A long list is shown shortened; torch counts on from group to group, up to ``end``."""
    listed = _listed(text)
    first = _first(text)
    if listed or first is None:
        return tuple(map(str, listed))
    counted = _MANY.match(text)
    if counted:
        end = first + int(counted.group(1).replace(",", ""))
    return tuple(map(str, range(first, min(end, first + _MOST_NUMBERED))))


def _first(text: Any) -> Optional[int]:
    """The first number in a list as text."""
    match = _FIRST.match(text) if isinstance(text, str) else None
    return int(match.group(1)) if match else None


def _listed(text: Any) -> Sequence[Any]:
    try:
        found = ast.literal_eval(text) if isinstance(text, str) else ()
    except (ValueError, SyntaxError):
        return ()
    return found if isinstance(found, (list, tuple)) else ()


def _best_join(
    contents: CheckpointContents, optimizer: str, groups: Sequence[_Group], shapes: Dict[str, Optional[Shape]]
) -> _Join:
    """The names in the state_dict that fits the best; the model's own where several fit."""
    main = model_container(contents)
    places = [each.path for each in containers_of(contents) if each.kind == STATE_DICT and each.path != optimizer]
    joins = [_join(contents, place, groups, shapes) for place in sorted(places, key=lambda place: place != main)]
    return max(joins, key=lambda join: (len(join.names), len(join.certain)), default=_Join("", {}, frozenset()))


def _join(contents: CheckpointContents, model: str, groups: Sequence[_Group], shapes: Dict[str, Optional[Shape]]) -> _Join:
    parameters = _parameters(contents, model)
    named = {number: name for group in groups for number, name in zip(group.numbers, group.names) if name in parameters}
    named.update({number: number for number in shapes if number in parameters})
    if named:
        return _Join(model, named, frozenset(named))
    numbers = [number for group in groups for number in group.numbers] or list(shapes)
    in_order = list(parameters.items())
    if len(groups) <= 1 and len(numbers) == len(in_order):
        pairs = list(zip(numbers, in_order))
        if all(shapes.get(number) in (None, shape) for number, (_, shape) in pairs):
            return _Join(model, {number: name for number, (name, _) in pairs}, frozenset(numbers))
    return _by_shape(model, parameters, [group.numbers for group in groups] or [tuple(shapes)], shapes)


def _by_shape(
    model: str, parameters: Dict[str, Shape], groups: Sequence[Sequence[str]], shapes: Dict[str, Optional[Shape]]
) -> _Join:
    """Each group takes the next parameter of its shape that is left, in order."""
    counts = Counter(parameters.values())
    left: Dict[Shape, List[Tuple[int, str]]] = {}
    for place, (name, shape) in enumerate(parameters.items()):
        left.setdefault(shape, []).append((place, name))
    names: Dict[str, str] = {}
    for numbers in groups:
        reached = -1
        for number in numbers:
            wanted = shapes.get(number)
            choices = left.get(wanted, []) if wanted is not None else []
            if choices:
                place, name = next((choice for choice in choices if choice[0] > reached), choices[0])
                choices.remove((place, name))
                reached, names[number] = place, name
    return _Join(model, names, frozenset(number for number in names if counts[shapes[number] or ()] == 1))


def _parameters(contents: CheckpointContents, model: str) -> Dict[str, Shape]:
    """The parameters among the tensors of a state_dict, in order: no buffers, tied ones once."""
    found: Dict[str, Shape] = {}
    seen = set()
    for tensor in contents.tensors:
        if tensor.container != model or tensor.key.rpartition(".")[2] in _BUFFERS:
            continue
        if not tensor.dtype.startswith(("float", "bfloat", "complex")):
            continue
        place = tensor.file, tensor.stored_at, tensor.offset, tensor.shape
        if tensor.stored_at and tensor.bytes and place in seen:
            continue
        seen.add(place)
        found[tensor.key] = tensor.shape
    return found
