"""What is typed for one argument, read by its kind; and values as they are written there."""

import ast
import json
import math
from collections.abc import Callable
from typing import Any

from torchloupe.wire.arguments import ArgumentField

_NONE = ("None", "null")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_LARGEST = 1 << 63


def read_value(field: ArgumentField, text: str) -> Any:
    """The JSON value of a text that is not empty. Raises ``ValueError`` with what is wrong, shortly."""
    text = text.strip()
    if text in _NONE and field.kind != "str":
        if not field.optional and field.kind != "other":
            raise ValueError("None is not allowed here.")
        return None
    if field.kind == "str":
        return _word(field, text)
    if field.kind == "choice" and text not in field.choices:
        raise ValueError(f"Not one of {', '.join(field.choices)}.")
    return _READERS[field.kind](text) if field.kind in _READERS else text


def text_of(field: ArgumentField, value: Any) -> str:
    """How a value is written so that ``read_value`` gives it again."""
    if isinstance(value, str):
        is_plain = value.strip() == value != "" and value not in _NONE and value[0] not in "\"'"
        if field.kind in ("choice", "class", "module") or (field.kind == "str" and is_plain):
            return value
        return value if field.kind == "other" and is_plain and _anything(value) == value else repr(value)
    if field.kind == "choice":
        return str(value)
    return repr(value)


def default_text(field: ArgumentField) -> str:
    """The default as a person reads it; empty when there is none."""
    if not field.has_default or field.kind == "config":
        return ""
    if field.default is not None:
        return text_of(field, field.default)
    return field.default_text or "None"


def placeholder(field: ArgumentField) -> str:
    """What an empty field says: ``64 by default``, or what belongs there."""
    if field.has_default:
        return f"{default_text(field)} by default"
    return {
        "int": "a whole number",
        "float": "a number",
        "str": "a text",
        "list": "a list, such as [64, 64]",
        "dict": 'a mapping, such as {"a": 1}',
        "other": field.annotation or "a value, such as 64 or [64, 64]",
    }.get(field.kind, "")


def is_default(field: ArgumentField, value: Any) -> bool:
    """The value is what the argument has when nothing is given."""
    if not field.has_default or (field.default is None and field.default_text not in ("", "None")):
        return False
    return bool(field.default == value) and isinstance(field.default, bool) == isinstance(value, bool)


def choices_of(field: ArgumentField) -> tuple[str, ...]:
    """The values of a list to choose from; empty for what is typed."""
    words = ("True", "False") if field.kind == "bool" else field.choices
    return (*words, "None") if words and field.optional and "None" not in words else words


def _word(field: ArgumentField, text: str) -> Any:
    if text in _NONE and field.optional:
        return None
    if text[:1] in "\"'":
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            raise ValueError("The quotes do not end.") from None
        if isinstance(found, str):
            return found
    return text


def _whole(text: str) -> int:
    try:
        number = int(text.replace("_", "").replace(",", ""))
    except ValueError:
        found = _number(text, "Not a whole number.")
        if found != int(found):
            raise ValueError("Not a whole number.") from None
        number = int(found)
    if abs(number) >= _LARGEST:
        raise ValueError("The number is too large.")
    return number


def _number(text: str, sentence: str = "Not a number.") -> float:
    try:
        number = float(text.replace("_", ""))
    except ValueError:
        raise ValueError(sentence) from None
    if not math.isfinite(number):
        raise ValueError("The number is not finite.")
    return number


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError("Neither True nor False.")
    return _FLAGS[text.lower()]


def _list(text: str) -> list[Any]:
    found = _literal(text, "Not a list, such as [64, 64].")
    if not isinstance(found, list):
        raise ValueError("Not a list, such as [64, 64].")
    return found


def _mapping(text: str) -> dict[str, Any]:
    found = _literal(text, 'Not a mapping, such as {"a": 1}.')
    if not isinstance(found, dict):
        raise ValueError('Not a mapping, such as {"a": 1}.')
    return found


def _anything(text: str) -> Any:
    """A number, a list, a flag; anything else is a text."""
    try:
        return _literal(text, "")
    except ValueError:
        return text


_READERS: dict[str, Callable[[str], Any]] = {
    "int": _whole,
    "float": _number,
    "bool": _flag,
    "list": _list,
    "dict": _mapping,
    "other": _anything,
}


def _literal(text: str, sentence: str) -> Any:
    """A JSON or Python literal as a JSON value."""
    for read in (json.loads, ast.literal_eval):
        try:
            return _as_json(read(text))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    raise ValueError(sentence)


def _as_json(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("no JSON value")
