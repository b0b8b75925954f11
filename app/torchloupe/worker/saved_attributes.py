"""What hangs on modules as it was: their attributes, and the contents of the plain containers in them (hooks, ``_modules``, lists)."""

from collections import OrderedDict, deque
from itertools import chain, filterfalse
from operator import is_, methodcaller
from typing import Any, Dict, List, Sequence, Set, Type

from torch import nn

from .registration import raw

_PLAIN = (OrderedDict, dict, list, set, deque)
_values: Any = methodcaller("values")


class SavedAttributes:
    """Attributes at one moment. A model of thousands of modules has hundreds of thousands of them, which mostly stay: they are kept in
    a few long lists, and asked all at once whether they still are the same."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        members = [raw.module_vars(module) for module in modules]
        self._modes = [(each, each["training"]) for each in members if "training" in each]
        self._members = Tables(members)
        containers = self._members.of_types(_PLAIN)
        # Most of a module's containers are empty hook tables.
        self._empty = list(filterfalse(None, containers))
        filled = list(filter(None, containers))
        self._tables = Tables([each for each in filled if isinstance(each, dict)])
        others = [each for each in self._members.derived_from(_PLAIN) if type(each) not in _PLAIN and _is_honest(each)]
        self._others = [(each, _content(each)) for each in (*others, *filled) if type(each) not in (dict, OrderedDict)]

    def restore(self) -> bool:
        """Put back what differs; whether anything did, the modes of the modules aside."""
        for members, mode in self._modes:
            if "training" in members:
                members["training"] = mode
        changed = self._members.restore()
        if any(self._empty):
            changed = True
            for container in self._empty:
                container.clear()
        refilled = [_refill(container, content) for container, content in self._others]
        return self._tables.restore() or changed or any(refilled)

    def of_kind(self, kind: Type[Any]) -> List[Any]:
        """The attributes of a class, and what of it is in dicts; what is registered is in dicts."""
        return [*self._members.derived_from(kind), *self._tables.derived_from(kind)]


class Tables:
    """The keys and values of many dicts, in two lists."""

    def __init__(self, tables: List[Dict[Any, Any]]) -> None:
        self._tables = tables
        self._sizes = list(map(len, tables))
        self._keys = list(chain.from_iterable(tables))
        self._values = list(chain.from_iterable(map(_values, tables)))
        self.types: Set[Type[Any]] = set(map(type, self._values))

    def of_types(self, types: Any) -> List[Any]:
        """The values that are of one of these types."""
        wanted = self.types.intersection(types)
        return [each for each in self._values if type(each) in wanted] if wanted else []

    def derived_from(self, kinds: Any) -> List[Any]:
        """The values that are of these classes or of ones derived from them."""
        return self.of_types([each for each in self.types if issubclass(each, kinds)])

    def restore(self) -> bool:
        """Give each the content that it had, in its order; whether any had another."""
        if self.is_same():
            return False
        start = 0
        for table, size in zip(self._tables, self._sizes):
            keys, values = self._keys[start : start + size], self._values[start : start + size]
            start += size
            if len(table) != size or not all(map(is_, table, keys)) or not all(map(is_, table.values(), values)):
                table.clear()
                table.update(zip(keys, values))
        return True

    def is_same(self) -> bool:
        """Whether all hold what they held."""
        return (
            list(map(len, self._tables)) == self._sizes
            and all(map(is_, chain.from_iterable(map(_values, self._tables)), self._values))
            and all(map(is_, chain.from_iterable(self._tables), self._keys))
        )


def _is_honest(container: Any) -> bool:
    """Whether a container lets itself be read: a class of the user's that is derived from dict or list can do anything."""
    try:
        return bool(container) == bool(_content(container))
    except (Exception, SystemExit):
        return False


def _content(container: Any) -> List[Any]:
    """Its members; of a dict keys and values in turn."""
    return list(chain.from_iterable(container.items())) if isinstance(container, dict) else list(container)


def _refill(container: Any, content: List[Any]) -> bool:
    now = _content(container)
    if len(now) == len(content) and all(map(is_, now, content)):
        return False
    kind: Any = next(each for each in _PLAIN if isinstance(container, each))
    kind.clear(container)  # not the container's own: a class of the user's may refuse, and the `update` of a Counter counts
    if isinstance(container, dict):
        for key, value in zip(content[::2], content[1::2]):
            kind.__setitem__(container, key, value)
    else:
        kind.update(container, content) if isinstance(container, set) else kind.extend(container, content)
    return True
