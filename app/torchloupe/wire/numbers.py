"""Long tuples of small integers as one string: a histogram comes with every tensor that flows, and JSON spells each number out."""

import sys
from array import array
from base64 import b64decode, b64encode
from typing import Any, List, Sequence, Tuple, Union

LONG = 32
_KEY = "$uint32"


def written(numbers: Sequence[int]) -> Union[List[int], "dict[str, str]"]:
    """A list; from ``LONG`` on their bytes, 32 bits each, the least significant first, as base64 - where they have room in that."""
    if len(numbers) < LONG:
        return list(numbers)
    try:
        packed = array("I", numbers)
    except (OverflowError, TypeError):
        return list(numbers)
    if packed.itemsize != 4:
        return list(numbers)
    if sys.byteorder == "big":
        packed.byteswap()
    return {_KEY: b64encode(packed.tobytes()).decode("ascii")}


def read(plain: Any) -> Tuple[Any, ...]:
    """What ``written`` was given. Raises ``ValueError`` for what it never wrote."""
    if not isinstance(plain, dict):
        return tuple(plain)
    text = plain.get(_KEY)
    if len(plain) != 1 or not isinstance(text, str):
        raise ValueError("a list of numbers was expected")
    packed = array("I")
    packed.frombytes(b64decode(text, validate=True))
    if sys.byteorder == "big":
        packed.byteswap()
    return tuple(packed)
