"""Where the search for constructor arguments begins: what the checkpoint holds under their names, and what such names usually mean."""

from dataclasses import dataclass
from itertools import product
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from ..wire.arguments import ArgumentField
from .argument_values import Arguments, coordinates, current, first_arguments, merged, with_value

_FITTING = {"int": (int,), "float": (int, float), "bool": (bool,), "str": (str,), "list": (list, tuple), "dict": (dict,)}
_OTHER_FORMS = 4


@dataclass(frozen=True)
class Start:
    """Arguments to begin with; ``stored`` are those of them that stand in the checkpoint, by their last name."""

    arguments: Arguments
    stored: Mapping[str, Any]


def starts(fields: Sequence[ArgumentField], stored: Mapping[str, Any], given: Arguments) -> Iterator[Start]:
    """Arguments that may build, the likeliest first."""
    names = leaf_values(stored)
    known = _known(fields, names)
    for found in [known, {}] if known else [{}]:
        usual = first_arguments(fields, merged(found, given))
        used = {name: value for name, value in names.items() if found and _holds(usual, name, value)}
        yield Start(usual, used)
        yield Start(_without_heads(fields, usual, given), used)
        for other in _other_forms(fields, usual, given):
            yield Start(other, used)
        for size in (8, 16, 32, 4, 128, 1):
            yield Start(_all_alike(fields, usual, given, found, size), used)


def leaf_values(stored: Any) -> Dict[str, Any]:
    """Every value of a nested mapping under its last name; the outermost wins."""
    found: Dict[str, Any] = {}
    waiting = [stored]
    while waiting:
        here = waiting.pop(0)
        for name, value in here.items() if isinstance(here, Mapping) else ():
            found.setdefault(str(name), value)
            waiting.append(value)
    return found


def _known(fields: Sequence[ArgumentField], names: Mapping[str, Any]) -> Arguments:
    """The stored values that suit an argument of the same name."""
    found: Arguments = {}
    for field in fields:
        if field.kind == "config":
            inner = _known(field.fields, names)
            if inner:
                found[field.name] = inner
        elif field.name in names and _suits(field, names[field.name]):
            found[field.name] = names[field.name]
    return found


def _suits(field: ArgumentField, value: Any) -> bool:
    if value is None:
        return field.optional
    if field.kind in ("choice", "class", "module"):  # no file says which other class is constructed
        return isinstance(value, str) and value in field.choices
    if isinstance(value, bool) and field.kind != "bool":
        return False
    return isinstance(value, _FITTING.get(field.kind, (int, float, str, bool, list, dict)))


def _holds(tree: Any, name: str, value: Any) -> bool:
    if not isinstance(tree, dict):
        return False
    return (name in tree and tree[name] == value) or any(_holds(inner, name, value) for inner in tree.values())


def _without_heads(fields: Sequence[ArgumentField], usual: Arguments, given: Arguments) -> Arguments:
    """One head, one group: every width is a multiple of it."""
    for coordinate in coordinates(fields, usual, given):
        if coordinate.divides and isinstance(current(usual, coordinate), int):
            usual = with_value(usual, coordinate.path, 1)
    return usual


def _other_forms(fields: Sequence[ArgumentField], usual: Arguments, given: Arguments) -> Iterator[Arguments]:
    """Arguments of unknown kind as lists and flags, lists of unknown length as longer ones."""
    open_kinds = [field for field in fields if field.kind in ("other", "list") and not field.has_default]
    unknown = [field.name for field in open_kinds if field.name not in given][:_OTHER_FORMS]
    forms: List[Tuple[Any, ...]] = []
    for name in unknown:
        here = usual.get(name, 64)
        number = here[-1] if isinstance(here, list) and here else here
        lists = ([number] * 2, [number] * 3, [number] * 4, [number], [3, 64, 64], [[number] * 2] * 2)
        forms.append((here, *lists) if isinstance(here, list) else (here, *lists, True))
    for values in list(product(*forms))[1:200] if forms else ():
        yield {**usual, **dict(zip(unknown, values))}


def _all_alike(fields: Sequence[ArgumentField], usual: Arguments, given: Arguments, found: Arguments, size: int) -> Arguments:
    """Every number that is only guessed is the same one, so that none fails to be a multiple of another."""
    required = {field.name for field in fields if not field.has_default} - set(given) - set(found)
    for coordinate in coordinates(fields, usual, given):
        if coordinate.kind == "int" and (coordinate.path[0] in required or len(coordinate.path) > 1):
            usual = with_value(usual, coordinate.path, 1 if coordinate.divides else size)
    return usual
