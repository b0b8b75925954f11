"""Long tuples of dataclasses by columns: the calls of a run, the modules of a large model.

A column is a list of plain values, or shorter where it can be:

* one value where all are equal,
* ``{"f8": base64}``, and ``i8``, ``u4``, ``u2``, ``u1``: floats, integers, so many bytes each, the least significant first,
* ``{"at": column, "of": column}``: few different objects, and which one stands where,
* ``{"there": [0 or 1, ...], "of": column}``: those that are not None,
* ``{"long": column, "of": column}``: tuples, how long each is and what is in all of them,
* ``[number, column, ...]``: dataclasses, how many and a column for each field.
"""

import dataclasses
import typing
from array import array
from functools import lru_cache
from itertools import chain, islice, repeat
from operator import attrgetter, is_
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple, Union

from .many import maker
from .numbers import Counts, array_of, text_of

One = Callable[[Any], Any]
MOST_ROWS = 1 << 22
_WAYS: Dict[Any, Tuple[Tuple[str, str], ...]] = {
    float: (("f8", "d"),),
    int: (("u1", "B"), ("u2", "H"), ("u4", "I"), ("i8", "q")),
}
"""The ways to pack numbers of a kind, the shortest first: their names here, and what ``array`` calls them."""


class Column:
    """Columns of one annotation. ``write`` and ``read`` are for single values, None where JSON says them as they are."""

    def __init__(self, write: Optional[One] = None, read: Optional[One] = None) -> None:
        self._write, self._read = write, read

    def written(self, values: Sequence[Any]) -> Any:
        """The plain form of a column that is not empty."""
        first = values[0]
        if values.count(first) == len(values):
            values = [first]
        return list(values if self._write is None else map(self._write, values))

    def values(self, plain: Any, count: int) -> List[Any]:
        """The column again. Raises ``ValueError``, ``TypeError`` or ``IndexError`` for what ``written`` never wrote."""
        if not isinstance(plain, list) or len(plain) not in (1, count):
            raise ValueError(f"a column of {count} was expected")
        values = plain if self._read is None else list(map(self._read, plain))
        return values if len(values) == count else values * count


class Numbers(Column):
    """Floats, or integers; where one is None, or has no room in eight bytes, like any others."""

    def __init__(self, kind: Any, write: Optional[One] = None, read: Optional[One] = None) -> None:
        super().__init__(write, read)
        self._ways, self._are_whole = dict(_WAYS[kind]), kind is int

    def written(self, values: Sequence[Any]) -> Any:
        first = values[0]
        if self._are_whole and first == values[-1] and values.count(first) == len(values):  # 0.0 and -0.0 are equal, too
            return [first]
        for name, code in self._ways.items():
            try:
                return {name: text_of(array(code, values))}
            except OverflowError:
                continue
            except TypeError:
                break
        return super().written(values)

    def values(self, plain: Any, count: int) -> List[Any]:
        if not isinstance(plain, dict):
            return super().values(plain, count)
        ((name, text),) = plain.items()
        return _exactly(count, array_of(self._ways[name], text).tolist())


class Objects(Column):
    """Dataclasses: how many, and a column for each field. Few different ones are written once."""

    def __init__(self, kind: Any, column_of: Callable[[Any], Column]) -> None:
        super().__init__()
        self._kind, self._column_of = kind, column_of
        self._fields: List[Tuple[str, Column]] = []
        names = [field.name for field in dataclasses.fields(kind)]
        self._get: Callable[[Any], Tuple[Any, ...]] = attrgetter(*names, "__class__")  # of two names or more it gives a tuple

    def written(self, values: Sequence[Any]) -> Any:
        different, places = _different(values)
        if len(different) * 2 > len(values):
            return self.rows(values)
        return {"at": _PLACES.written(places), "of": self.rows(different)}

    def rows(self, values: Sequence[Any]) -> List[Any]:
        """One or more of them, each written."""
        fields = self._by_name()
        columns = zip(*map(self._get, values))  # one after the other, each while it is at hand
        return [len(values), *[field.written(column) for (_, field), column in zip(fields, columns)]]

    def values(self, plain: Any, count: int) -> List[Any]:
        if isinstance(plain, dict):
            return _chosen(self.from_rows(plain["of"]), plain["at"], count)
        return _exactly(count, self.from_rows(plain))

    def from_rows(self, plain: Any) -> List[Any]:
        """What ``rows`` was given."""
        count, *columns = plain
        fields = self._by_name()
        if type(count) is not int or not 0 < count <= MOST_ROWS or len(columns) != len(fields):
            raise ValueError(f"{len(fields)} columns of {self._kind.__name__} were expected")
        return list(map(maker(self._kind), *[field.values(each, count) for (_, field), each in zip(fields, columns)]))

    def _by_name(self) -> List[Tuple[str, Column]]:
        if not self._fields:  # not sooner: a dataclass may hold others of its own kind
            hints = typing.get_type_hints(self._kind)
            self._fields = [(field.name, self._column_of(hints[field.name])) for field in dataclasses.fields(self._kind)]
        return self._fields


class Maybe(Column):
    """What may be None."""

    def __init__(self, inner: Column) -> None:
        super().__init__()
        self._inner = inner

    def written(self, values: Sequence[Any]) -> Any:
        there = [value for value in values if value is not None]
        if len(there) == len(values):
            return self._inner.written(values)
        if not there:
            return {"there": [0]}
        return {"there": [int(value is not None) for value in values], "of": self._inner.written(there)}

    def values(self, plain: Any, count: int) -> List[Any]:
        if not isinstance(plain, dict) or "there" not in plain:
            return self._inner.values(plain, count)
        there = plain["there"]
        if there == [0]:
            return [None] * count
        if len(there) != count:
            raise ValueError(f"a column of {count} was expected")
        rest = iter(self._inner.values(plain["of"], sum(map(bool, there))))
        return [next(rest) if each else None for each in there]


class Tuples(Column):
    """Tuples of any length: all that is in them in one column. Few different ones are written once."""

    def __init__(self, item: Column) -> None:
        super().__init__()
        self._item = item

    def written(self, values: Sequence[Any]) -> Any:
        different, places = _different(values)
        if len(different) * 2 > len(values):
            return self._in_a_row(values)
        return {"at": _PLACES.written(places), "of": [len(different), self._in_a_row(different)]}

    def _in_a_row(self, values: Sequence[Any]) -> Any:
        if all(type(each) is Counts for each in values):
            packed = array("I", b"".join([each.packed for each in values]))
            return {"long": _PLACES.written(list(map(len, values))), "of": {"u4": text_of(packed)} if packed else []}
        items = list(chain.from_iterable(values))
        return {"long": _PLACES.written(list(map(len, values))), "of": self._item.written(items) if items else []}

    def values(self, plain: Any, count: int) -> List[Any]:
        if "at" not in plain:
            return self._from_row(plain, count)
        different, row = plain["of"]
        return _chosen(self._from_row(row, _count(different)), plain["at"], count)

    def _from_row(self, plain: Any, count: int) -> List[Any]:
        lengths = _PLACES.values(plain["long"], count)
        total = _count(sum(lengths)) if any(lengths) else 0
        if min(lengths) < 0:
            raise ValueError("a length below zero")
        items = iter(self._item.values(plain["of"], total) if total else ())
        return [tuple(islice(items, length)) for length in lengths]


_PLACES = Numbers(int)


def columns(writer: Callable[[Any], Optional[One]], reader: Callable[[Any], Optional[One]]) -> Callable[[Any], Column]:
    """The column of each annotation. ``writer`` and ``reader`` say how a single value of an annotation is written and read, None
    where JSON says it as it is."""

    @lru_cache(maxsize=None)
    def column_of(hint: Any) -> Column:
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if dataclasses.is_dataclass(hint):
            return Objects(hint, column_of)
        if origin is Union:
            inner: Any = next(each for each in args if each is not type(None))
            return Maybe(column_of(inner))
        if origin is tuple:
            return Tuples(column_of(args[0]))
        if hint in _WAYS:
            return Numbers(hint, writer(hint), reader(hint))
        return Column(writer(hint), reader(hint))

    return column_of


def _different(values: Sequence[Any]) -> Tuple[List[Any], List[int]]:
    """The objects that are not the same, and for each of ``values`` which of them it is."""
    if values[0] is values[-1] and all(map(is_, values, repeat(values[0]))):
        return [values[0]], [0] * len(values)
    identities = list(map(id, values))
    by_identity = dict(zip(identities, values))
    place = dict(zip(by_identity, range(len(by_identity))))
    return list(by_identity.values()), list(map(place.__getitem__, identities))


def _chosen(different: List[Any], plain: Any, count: int) -> List[Any]:
    places = _PLACES.values(plain, count)
    if min(places) < 0:
        raise ValueError("a place below zero")
    return [different[place] for place in places]


def _exactly(count: int, values: List[Any]) -> List[Any]:
    if len(values) != count:
        raise ValueError(f"{count} were expected, and {len(values)} came")
    return values


def _count(number: Any) -> int:
    if type(number) is not int or not 0 < number <= MOST_ROWS:
        raise ValueError(f"{number} rows were announced")
    return number
