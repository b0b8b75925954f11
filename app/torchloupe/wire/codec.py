"""Dataclasses to JSON and back, by their type hints.

Every message carries its class name as ``"is"``; fields that hold a dataclass are decoded by their annotation. Numbers that JSON
cannot say are tagged: ``{"$float": "nan"}``. A long tuple of dataclasses is a ``Rows``: columns, in parts of ``PART_ROWS`` rows, so that
no single call of the JSON reader stops the window. An unknown message, an unknown field and a missing field are errors that name it.
"""

import dataclasses
import math
import typing
from functools import lru_cache
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

from . import (
    activations,
    arguments,
    loading,
    mismatches,
    numbers,
    numerics,
    opening,
    optimizers,
    registration,
    reproducers,
    requests,
    step_values,
    steps,
    sweeps,
)
from .columns import columns
from .errors import ProtocolError
from .traces import ForwardReport

MESSAGES: Dict[str, type] = {
    kind.__name__: kind
    for room in (
        requests,
        activations,
        arguments,
        registration,
        loading,
        mismatches,
        numerics,
        opening,
        optimizers,
        reproducers,
        step_values,
        steps,
        sweeps,
    )
    for kind in (*vars(room).values(), ForwardReport)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ in (room.__name__, ForwardReport.__module__)
}
"""The closed union of what may be said: everything in ``requests`` and the rooms beside it, and ``ForwardReport``."""


PART_ROWS = 1000
LONG_ROWS = 16
"""From here on columns are made faster than rows: the calls of a run come in batches of some dozens."""


class Rows:
    """A long tuple of dataclasses, in parts, as ``columns.Objects.rows`` makes them."""

    def __init__(self, parts: List[List[Any]]) -> None:
        self.parts = parts


def to_plain(value: Any) -> Any:
    """JSON-able form of a dataclass, container or scalar; non-finite floats tagged."""
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind: Any = type(value)
        return _writer(kind)(value)
    raise ProtocolError(f"A {type(value).__name__} cannot cross the pipe.")


def encode(message: Any) -> Dict[str, Any]:
    """One message as a JSON-able object. Its class must be one of ``MESSAGES``."""
    name = type(message).__name__
    if MESSAGES.get(name) is not type(message):
        raise ProtocolError(f"{name} is no message of the protocol.")
    return {"is": name, **to_plain(message)}


def decode(plain: Any) -> Any:
    """The message that ``encode`` made. Raises ``ProtocolError`` naming what is unknown or missing."""
    name = plain.get("is") if isinstance(plain, dict) else None
    if not isinstance(name, str) or name not in MESSAGES:
        raise ProtocolError(f"Unknown message: {str(plain)[:80]}.")
    return from_plain(MESSAGES[name], {key: value for key, value in plain.items() if key != "is"})


def from_plain(kind: Any, plain: Any) -> Any:
    """The dataclass ``kind`` from its plain form."""
    return _reader(kind)(plain)


@lru_cache(maxsize=None)
def _field_names(kind: type) -> Tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))


@lru_cache(maxsize=None)
def _reader(kind: Any) -> Callable[[Any], Any]:
    """A function that turns the plain form of an annotation into its value."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass_reader(kind)
    if origin is Union:
        inner = _reader(next(arg for arg in args if arg is not type(None)))
        return lambda plain: None if plain is None else inner(plain)
    if origin is tuple:
        item = _reader(args[0])
        if item is _same:
            return numbers.read if args[0] is int else tuple
        return lambda plain: tuple(_from_rows(args[0], plain) if isinstance(plain, Rows) else [item(part) for part in plain])
    if kind is float:
        return _float
    return _untag if kind is Any or origin is dict else _same


@lru_cache(maxsize=None)
def _writer(kind: Any) -> Callable[[Any], Any]:
    """The counterpart of ``_reader``: knowing the annotation, a tuple of integers need not be looked through."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _dataclass_writer(kind)
    if origin is Union:
        inner_kind: Any = next(arg for arg in args if arg is not type(None))
        inner = _writer(inner_kind)
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        if args[0] in (int, str):
            return numbers.written if args[0] is int else list
        item_kind: Any = args[0]
        item = _writer(item_kind)
        if not dataclasses.is_dataclass(item_kind):
            return lambda value: [item(part) for part in value]
        return lambda value: [item(part) for part in value] if len(value) < LONG_ROWS else _to_rows(item_kind, value)
    return _same if kind in (int, str, bool) else to_plain


_column_of = columns(lambda kind: _unless_same(_writer(kind)), lambda kind: _unless_same(_reader(kind)))


def _unless_same(convert: Callable[[Any], Any]) -> Optional[Callable[[Any], Any]]:
    return None if convert is _same else convert


def _to_rows(kind: Any, values: Tuple[Any, ...]) -> Rows:
    column: Any = _column_of(kind)
    return Rows([column.rows(values[start : start + PART_ROWS]) for start in range(0, len(values), PART_ROWS)])


def _from_rows(kind: Any, rows: Rows) -> Iterator[Any]:
    column: Any = _column_of(kind)
    for part in rows.parts:
        try:
            yield from column.from_rows(part)
        except (ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
            raise ProtocolError(f"{kind.__name__}: its columns do not fit: {error}.") from error


def _dataclass_writer(kind: Any) -> Callable[[Any], Any]:
    made: List[Callable[[Any], Any]] = []

    def write(value: Any) -> Any:
        if not made:
            made.append(_compiled_writer({name: _writer(hint) for name, hint in typing.get_type_hints(kind).items()}))
        return made[0](value)

    return write


def _compiled_writer(writers: Dict[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """One expression for all fields, as ``dataclasses`` itself makes its methods: each call of a layer comes through here."""
    fields = [f"{name!r}: " + (f"it.{name}" if write is _same else f"_{name}(it.{name})") for name, write in writers.items()]
    write: Callable[[Any], Any] = eval(
        "lambda it: {" + ", ".join(fields) + "}", {f"_{name}": write for name, write in writers.items()}
    )
    return write


def _compiled_reader(kind: Any, readers: Dict[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    fields = [f"it[{name!r}]" if read is _same else f"_{name}(it[{name!r}])" for name, read in readers.items()]
    names = {f"_{name}": read for name, read in readers.items()}
    read: Callable[[Any], Any] = eval(f"lambda it: kind({', '.join(fields)})", {**names, "kind": kind})
    return read


def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    readers: Dict[str, Callable[[Any], Any]] = {}
    whole: List[Callable[[Any], Any]] = []

    def read(plain: Any) -> Any:
        if not readers:  # not sooner: a dataclass may hold others of its own kind
            hints = typing.get_type_hints(kind)
            readers.update((name, _reader(hints[name])) for name in _field_names(kind))
            whole.append(_compiled_reader(kind, readers))
        if not isinstance(plain, dict):
            raise ProtocolError(f"{kind.__name__} must be an object, not {type(plain).__name__}.")
        unknown = plain.keys() - readers.keys()
        if unknown:
            raise ProtocolError(f"{kind.__name__} has no field {sorted(unknown)[0]!r}.")
        try:
            if len(plain) == len(readers):
                return whole[0](plain)
            return kind(**{name: readers[name](value) for name, value in plain.items()})
        except (TypeError, ValueError, KeyError) as error:
            raise ProtocolError(f"{kind.__name__}: {error}.") from error

    return read


def _same(plain: Any) -> Any:
    return plain


def _float(plain: Any) -> Any:
    return float(plain["$float"]) if isinstance(plain, dict) else plain


def _untag(plain: Any) -> Any:
    if isinstance(plain, dict):
        if plain.keys() == {"$float"}:
            return float(plain["$float"])
        return {key: _untag(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_untag(value) for value in plain]
    return plain
