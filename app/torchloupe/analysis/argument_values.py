"""Constructor arguments as a tree of JSON values: where the numbers in it stand, and the same tree with one of them changed."""

import json
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple, Union

from ..wire.arguments import ArgumentField

Step = Union[str, int]
Arguments = Dict[str, Any]

LENGTH = "length"
_HEAD_LIKE = re.compile(r"head|group|num_kv|n_kv", re.IGNORECASE)
_SMALL = re.compile(r"drop|prob|(^|_)rate$|eps|alpha|beta|gamma|momentum|temperature|slope|decay|(^|_)p$")
_FIRST_GUESSES = (
    (r"(^|_)(n|num)?_?(q_|kv_|key_value_)?heads?($|_)|groups?$", 4),
    (r"(^|_)head_(dim|size)", 16),
    (r"vocab|n_?tokens|num_(embeddings|words|items|users|entities|symbols)", 96),
    (r"layers|depth|blocks|num_stages|repeats|n_stages", 2),
    (r"(^|_)hop|pad|offset", 1),
    (r"classes|num_out|n_out$|labels|out_features|out_dim|output", 10),
    (r"in_chan|in_ch$|channels_in|image_channels|img_channels|^nc$|^c_in$", 3),
    (r"kernel|window", 3),
    (r"stride|dilation|factor|reduction|expansion|expand|scale|top_?k|multiple_of", 2),
    (r"patch", 4),
    (r"(image|img|input)_?(size|res|height|width)|resolution|^(height|width|size)$", 32),
    (r"expert", 4),
    (r"(max|seq|block|context|ctx).*(len|size|pos|length)|max_(len|seq|pos)", 32),
)


@dataclass(frozen=True)
class Coordinate:
    """One number, flag, word or list length that may be changed. ``choices`` are the only values it can have, when known."""

    path: Tuple[Step, ...]
    kind: str
    choices: Tuple[Any, ...] = ()

    @property
    def name(self) -> str:
        """``config.layers[2]``, as a person writes it."""
        return path_text(self.path)

    @property
    def divides(self) -> bool:
        """By its name it is a number of heads or groups: others must be multiples of it, and shapes often do not tell it."""
        words = [step for step in self.path if isinstance(step, str)]
        return self.kind == "int" and bool(words) and bool(_HEAD_LIKE.search(words[-1]))


def path_text(path: Sequence[Step]) -> str:
    """``("config", "layers", 2)`` gives ``config.layers[2]``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def value_at(arguments: Any, path: Sequence[Step]) -> Any:
    """The value under a path; None when there is none."""
    for step in path:
        try:
            arguments = arguments[step]
        except (KeyError, IndexError, TypeError):
            return None
    return arguments


def with_value(tree: Any, path: Sequence[Step], value: Any) -> Any:
    """A copy of the tree in which the value under ``path`` is another one; what is not there yet is made."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(tree or ())
        if step >= len(items):
            return items
        items[step] = with_value(items[step], rest, value)
        return items
    held = dict(tree or {})
    held[step] = with_value(held.get(step), rest, value)
    return held


def with_length(tree: Any, path: Sequence[Step], length: int) -> Any:
    """A copy in which the list under ``path`` is longer (its last item repeated) or shorter."""
    items = list(value_at(tree, path) or [1])
    return with_value(tree, path, items[:length] + [items[-1]] * (length - len(items)))


def merged(under: Arguments, over: Arguments) -> Arguments:
    """Both trees in one; where both say something, ``over`` is right."""
    both = {
        name: merged(under[name], over[name])
        for name in under
        if isinstance(under[name], dict) and isinstance(over.get(name), dict)
    }
    return {**under, **over, **both}


def leaves(tree: Arguments, above: Tuple[str, ...] = ()) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """Every value of a tree that is no mapping with something in it, under its path."""
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name), value


def changed(arguments: Arguments, coordinate: Coordinate, value: Any) -> Arguments:
    """The arguments with another value (or length) at a coordinate."""
    made: Arguments = (with_length if coordinate.kind == LENGTH else with_value)(arguments, coordinate.path, value)
    return made


def current(arguments: Arguments, coordinate: Coordinate) -> Any:
    """The value (or length) at a coordinate."""
    value = value_at(arguments, coordinate.path)
    return len(value) if coordinate.kind == LENGTH else value


def coordinates(fields: Sequence[ArgumentField], arguments: Arguments, fixed: Arguments) -> Tuple[Coordinate, ...]:
    """Everything in the arguments that can be varied; what ``fixed`` holds stays, in a configuration object only its fields there."""
    return tuple(coordinate for field in fields for coordinate in _of_field(field, arguments, fixed, ()))


def _of_field(field: ArgumentField, arguments: Any, fixed: Arguments, above: Tuple[Step, ...]) -> Iterator[Coordinate]:
    path = (*above, field.name)
    value = value_at(arguments, (field.name,)) if isinstance(arguments, dict) else None
    stays = fixed.get(field.name)
    if field.name in fixed and not (field.kind == "config" and isinstance(stays, dict)):
        return
    if field.kind == "config":
        for inner in field.fields:
            yield from _of_field(inner, value, stays or {}, path)
    elif field.kind in ("choice", "class"):
        yield Coordinate(path, "choice", field.choices)
    elif field.kind == "str":
        if field.choices:
            yield Coordinate(path, "choice", field.choices)
    elif (value is None or isinstance(value, str)) and field.kind in ("int", "float"):
        yield Coordinate(path, field.kind)
    elif value is None and field.kind == "list":
        yield Coordinate(path, "list", _some_lists(field.annotation))
    else:
        yield from _of_value(value, path)


def _some_lists(annotation: str) -> Tuple[Any, ...]:
    """Lists to begin with, where there is none: of pairs, when the annotation says so."""
    item: Any = [3, 3] if re.search(r"(List|list|Sequence|Tuple|tuple)\[\s*(Tuple|tuple|List|list|Sequence)", annotation) else 16
    return (None, *([item] * count for count in range(1, 7)))


def _of_value(value: Any, path: Tuple[Step, ...]) -> Iterator[Coordinate]:
    if isinstance(value, bool):
        yield Coordinate(path, "bool", (False, True))
    elif isinstance(value, (int, float)):
        yield Coordinate(path, "int" if isinstance(value, int) else "float")
    elif isinstance(value, (list, tuple)):
        yield Coordinate(path, LENGTH)
        for number, item in enumerate(value):
            yield from _of_value(item, (*path, number))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _of_value(item, (*path, key))


def first_arguments(fields: Sequence[ArgumentField], given: Arguments) -> Arguments:
    """Where the search begins: what is given, then defaults, then what such a name usually means."""
    made: Arguments = {}
    for field in fields:
        value = given.get(field.name)
        if field.kind == "config":
            inner = first_arguments(field.fields, value if isinstance(value, dict) else {})
            if inner or not field.has_default:
                made[field.name] = inner
        elif field.name in given:
            made[field.name] = value
        elif field.has_default:
            if field.default is not None or field.optional:
                made[field.name] = field.default
        else:
            guess = _first_guess(field)
            if guess is not None:
                made[field.name] = guess
    return {**made, **{name: value for name, value in given.items() if name not in made}}


def _first_guess(field: ArgumentField) -> Any:
    if field.choices:
        return field.choices[0]
    if field.kind == "bool":
        return False
    if field.kind in ("float", "other") and _SMALL.search(field.name.lower()):
        return 0.1
    if field.kind == "float":
        return 4.0 if "ratio" in field.name or "mult" in field.name else 0.5
    if field.kind == "list":
        return [3, 32, 32] if "shape" in field.name else [_usual(field.name) or 16] * 2
    if field.kind == "dict":
        return {}
    if field.kind == "str":
        return ""
    return _usual(field.name) or 64 if field.kind in ("int", "other") else None


def _usual(name: str) -> Optional[int]:
    lower = name.lower()
    return next((value for pattern, value in _FIRST_GUESSES if re.search(pattern, lower)), None)


def key_of(arguments: Arguments) -> str:
    """Equal for equal arguments."""
    return json.dumps(arguments, sort_keys=True, default=str)
