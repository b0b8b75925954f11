"""Frozen dataclasses by the ten thousand: a large model is a row for each of its modules and tensors."""

from dataclasses import fields
from functools import lru_cache
from typing import Any, Callable, Dict


@lru_cache(maxsize=None)
def maker(kind: Any) -> Callable[..., Any]:
    """A function that makes a frozen dataclass from all of its fields, in their order: the same objects for a quarter of the time,
    which its own constructor needs because it has to get round the frozen fields one by one."""
    names = [field.name for field in fields(kind)]
    lines = [f"def make({', '.join(names)}):", " _made = _new(_kind)", " _own = _made.__dict__"]
    lines += [f" _own[{name!r}] = {name}" for name in names]
    place: Dict[str, Any] = {"_new": object.__new__, "_kind": kind}
    exec("\n".join([*lines, " return _made"]), place)  # as dataclasses make their own constructors
    make: Callable[..., Any] = place["make"]
    return make
