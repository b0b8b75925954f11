"""The end of a search for constructor arguments: plain values where several do, and for each one where it is from."""

import contextlib
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

from ..wire.arguments import ArgumentField, SolvedArgument
from .argument_tries import EnoughTried, Tries
from .argument_values import LENGTH, Arguments, Coordinate, changed, leaves, path_text, value_at
from .shape_fit import Shapes, example_of

_USUAL_HEAD_WIDTH = 64


def settle(tries: Tries) -> None:
    """What the shapes do not ask for goes back to its default; heads that nothing tells become what is usual."""
    defaults, given = dict(_defaults(tries.fields, ())), dict(leaves(tries.given))
    for path, default in defaults.items():
        if path in given or path[-1] in tries.stored or value_at(tries.best, path) == default:
            continue
        back = changed(tries.best, Coordinate(path, "other"), default)
        if tries.is_as_good(back):
            tries.best = back
    for coordinate in tries.coordinates():
        if coordinate.path[-1] in tries.stored:
            continue
        if coordinate.kind == "float":
            _first_as_good(tries, coordinate, plainer(tries.value(coordinate)))
        elif coordinate.divides and coordinate.path not in defaults and tries.tells(coordinate) is None:
            _first_as_good(tries, coordinate, _usual_heads(tries, coordinate))


def _first_as_good(tries: Tries, coordinate: Coordinate, values: Sequence[Any]) -> None:
    for value in values:
        other = changed(tries.best, coordinate, value)
        if tries.is_as_good(other):
            tries.best = other
            return


def plainer(number: Any) -> List[float]:
    """Numbers that are easier to say and close: 2.5 for 2.57, 8/3 for 2.66666."""
    if not number:
        return []
    near = [round(number * parts) / parts for parts in (1, 2, 4, 10, 3, 8, 20, 100)]
    return [each for each in near if each and abs(each - number) <= 0.1 * abs(number)]


def _usual_heads(tries: Tries, coordinate: Coordinate) -> List[int]:
    widths = _numbers(value_at(tries.best, coordinate.path[:-1]) or tries.best)
    usual = [width // _USUAL_HEAD_WIDTH for width in widths if width and width % _USUAL_HEAD_WIDTH == 0]
    return [*usual, 8, 4, 2]


def explained(tries: Tries) -> Iterator[SolvedArgument]:
    """Every value of the best arguments with where it is from."""
    for path, value in _given(tries.fields, tries.given):
        yield SolvedArgument(path_text(path), value, "given", "You gave it.")
    shapes = tries.shapes(tries.best) or {}
    defaults = dict(_defaults(tries.fields, ()))
    with contextlib.suppress(EnoughTried):
        for coordinate in tries.coordinates():
            if coordinate.kind != LENGTH:
                yield _explained(tries, coordinate, shapes, _default_there(defaults, coordinate))


def _default_there(defaults: Mapping[Tuple[str, ...], Any], coordinate: Coordinate) -> Tuple[Any, ...]:
    """The default of a coordinate as the only item; an item of a list has that of its place in the default list."""
    names = tuple(step for step in coordinate.path if isinstance(step, str))
    return (value_at(defaults[names], coordinate.path[len(names) :]),) if names in defaults else ()


def _explained(tries: Tries, coordinate: Coordinate, shapes: Shapes, default: Tuple[Any, ...]) -> SolvedArgument:
    value, name, leaf = tries.value(coordinate), coordinate.name, str(coordinate.path[-1])
    if leaf in tries.stored and tries.stored[leaf] == value:
        return SolvedArgument(name, value, "stored", "It is in the checkpoint.")
    other = None if name in tries.reasons else tries.tells(coordinate)
    evidence = tries.reasons.get(name) or (example_of(shapes, other) if other is not None else "")
    if evidence:
        return SolvedArgument(name, value, "shapes", f"From {evidence}.")
    if default == (value,):
        return SolvedArgument(name, value, "default", "No shape depends on it: the default.")
    if default and default[0] is not None:
        reason = f"No shape depends on it, and the default, {default[0]!r}, does not fit."
        return SolvedArgument(name, value, "guess", reason)
    return SolvedArgument(name, value, "guess", "It has to be given, and no shape depends on it: a guess.")


def _given(fields: Sequence[ArgumentField], given: Arguments) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What was given, that of configuration objects field by field."""
    objects = {field.name for field in fields if field.kind == "config"}
    for name, value in given.items():
        if name in objects and isinstance(value, dict):
            yield from leaves(value, (name,))
        else:
            yield (name,), value


def _defaults(fields: Sequence[ArgumentField], above: Tuple[str, ...]) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    for field in fields:
        if field.kind == "config":
            yield from _defaults(field.fields, (*above, field.name))
        elif field.has_default and field.kind != "other" and (field.default is not None or field.optional):
            yield (*above, field.name), field.default


def _numbers(tree: Any) -> List[int]:
    if isinstance(tree, dict):
        return [number for value in tree.values() for number in _numbers(value)]
    return [tree] if isinstance(tree, int) and not isinstance(tree, bool) else []
