"""Long tuples of small integers as one string: a histogram comes with every tensor that flows, and JSON spells each number out."""

import sys
from array import array
from base64 import b64decode, b64encode
from typing import Any, Iterator, List, Sequence, Tuple, Union

LONG = 32
_KEY = "$uint32"


class Counts(Sequence[int]):
    """Integers of 32 bits without a sign, ``packed`` as they lie in memory; equal to a tuple of them. Most are written and never looked at,
    and making Python's numbers of a histogram takes longer than counting it."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed

    def _all(self) -> Tuple[int, ...]:
        return tuple(memoryview(self.packed).cast("I"))

    def __len__(self) -> int:
        return len(self.packed) // 4

    def __getitem__(self, place: Any) -> Any:
        return self._all()[place]

    def __iter__(self) -> Iterator[int]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return tuple(other) == self._all() if isinstance(other, (tuple, Counts)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._all())

    def __repr__(self) -> str:
        return repr(self._all())


def written(numbers: Sequence[int]) -> Union[List[int], "dict[str, str]"]:
    """A list; from ``LONG`` on their bytes, 32 bits each, the least significant first, as base64 - where they have room in that."""
    if len(numbers) < LONG:
        return list(numbers)
    if isinstance(numbers, Counts):
        return {_KEY: text_of(array("I", numbers.packed))}
    try:
        packed = array("I", numbers)
    except (OverflowError, TypeError):
        return list(numbers)
    return list(numbers) if packed.itemsize != 4 else {_KEY: text_of(packed)}


def read(plain: Any) -> Tuple[Any, ...]:
    """What ``written`` was given. Raises ``ValueError`` for what it never wrote."""
    if not isinstance(plain, dict):
        return tuple(plain)
    text = plain.get(_KEY)
    if len(plain) != 1 or not isinstance(text, str):
        raise ValueError("a list of numbers was expected")
    return tuple(array_of("I", text))


def text_of(packed: "array[Any]") -> str:
    """Their bytes, the least significant first, as base64."""
    if sys.byteorder == "big":
        packed.byteswap()
    return b64encode(packed.tobytes()).decode("ascii")


def array_of(code: str, text: Any) -> "array[Any]":
    """What ``text_of`` was given. Raises ``ValueError`` or ``TypeError`` for another text."""
    packed = array(code)
    packed.frombytes(b64decode(text, validate=True))
    if sys.byteorder == "big":
        packed.byteswap()
    return packed
