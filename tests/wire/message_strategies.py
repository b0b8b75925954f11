"""Arbitrary messages of the protocol, made from the annotations of their dataclasses."""

import dataclasses
import functools
import typing
from typing import Any

from hypothesis import strategies as st

NUMBERS = st.floats(allow_nan=False)
"""Every float that equals itself, the infinities included."""

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@functools.lru_cache(maxsize=None)
def messages_of(kind: type) -> st.SearchStrategy[Any]:
    """Instances of one dataclass, every field filled or left to its default. It may hold others of its own kind."""
    return st.deferred(lambda: _filled(kind))


def _filled(kind: type) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind)
    required, optional = {}, {}
    for field in dataclasses.fields(kind):
        has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        (optional if has_default else required)[field.name] = values_of(hints[field.name])
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: kind(**values))


def values_of(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that fit an annotation of the wire."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if dataclasses.is_dataclass(annotation):
        return messages_of(typing.cast(type, annotation))
    if origin is typing.Union:
        return st.none() | values_of(next(argument for argument in arguments if argument is not type(None)))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(st.text(max_size=8), values_of(arguments[1]), max_size=3)
    simple = {str: st.text(max_size=12), int: st.integers(), bool: st.booleans(), float: NUMBERS, Any: JSON_VALUES}
    return simple[annotation]
