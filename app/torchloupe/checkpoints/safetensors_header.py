"""The JSON header of a safetensors file, read entry by entry: what stands before a fault is known, and no single call takes long.

A long call would hold Python's lock, and a window that is open meanwhile would stand still.
"""

import codecs
import json
import re
from typing import Any, Dict, Iterator, NamedTuple, Tuple, Union

from .json_text import RepeatedKey, unrepeated

METADATA = "__metadata__"
_SLICE = 1 << 20
_SPACES = re.compile(r"[ \t\r\n]*")
_WORDS = {"NUMBER": r"(?:0|[1-9][0-9]{0,17})", " ": _SPACES.pattern}
_USUAL = re.compile(
    re.sub(
        "NUMBER| ",
        lambda word: _WORDS[word.group()],
        r'"(?!__metadata__")([^"\\\x00-\x1f]*)" : \{ "dtype" : "([A-Z0-9_]+)" , "shape" : \[ ((?:NUMBER(?: , NUMBER)*)?) \] , '
        r'"data_offsets" : \[ (NUMBER) , (NUMBER) \] \} ([,}]) ',
    )
)
_reader = json.JSONDecoder(object_pairs_hook=unrepeated)


class NoObject(ValueError):
    """The header is JSON of another kind; the text says which."""


class Declared(NamedTuple):
    """An entry that is written in the usual way; ``shape`` is the text between the brackets."""

    dtype: str
    shape: str
    begin: int
    end: int

    def plain(self) -> Dict[str, Any]:
        """The entry as a JSON reader gives it."""
        shape = [int(length) for length in self.shape.split(",")] if self.shape else []
        return {"dtype": self.dtype, "shape": shape, "data_offsets": [self.begin, self.end]}


def text_of(raw: bytes) -> str:
    """The header as text; raises UnicodeDecodeError."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    parts = [decoder.decode(raw[begin : begin + _SLICE]) for begin in range(0, len(raw), _SLICE)]
    return "".join([*parts, decoder.decode(b"", True)])


def entries_of(text: str) -> Iterator[Tuple[str, Union[Declared, Any]]]:
    """The keys of the object in ``text`` with their values, in their order. Raises RepeatedKey for a key that stands twice, and
    ValueError, both when it is reached, where it is not JSON or no object."""
    seen = set()
    pos = _after_spaces(text, 0)
    if text[pos : pos + 1] != "{":
        raise NoObject(f"a JSON {type(_reader.decode(text)).__name__}, not an object of tensors")
    pos = _after_spaces(text, pos + 1)
    sign = "}" if text[pos : pos + 1] == "}" else ","
    pos += sign == "}"
    while sign == ",":
        found = _USUAL.match(text, pos)
        if found is not None:
            name, dtype, shape, begin, end, sign = found.groups()
            value: Any = Declared(dtype, shape, int(begin), int(end))
            pos = found.end()
        else:
            name, value, sign, pos = _unusual(text, pos)
        if name in seen:
            raise RepeatedKey(name)
        seen.add(name)
        yield name, value
    if text[pos:].strip(" \t\r\n"):
        raise ValueError(f"something follows its end at character {pos:,}")


def _unusual(text: str, pos: int) -> Tuple[str, Any, str, int]:
    """Any entry: its key, its value, the sign after it, and where the next one begins."""
    if text[pos : pos + 1] != '"':
        raise ValueError(f"a key is missing at character {pos:,}")
    name, pos = _reader.raw_decode(text, pos)
    pos = _after_spaces(text, pos)
    if text[pos : pos + 1] != ":":
        raise ValueError(f"a colon is missing at character {pos:,}")
    value, pos = _reader.raw_decode(text, _after_spaces(text, pos + 1))
    pos = _after_spaces(text, pos)
    sign = text[pos : pos + 1]
    if not sign or sign not in ",}":
        raise ValueError(f"a comma is missing at character {pos:,}")
    return name, value, sign, _after_spaces(text, pos + 1)


def _after_spaces(text: str, pos: int) -> int:
    found = _SPACES.match(text, pos)
    return found.end() if found else pos
