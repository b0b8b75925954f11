"""Which Pythons of this machine have what a model lacks: a module, or a version of Python."""

import time
from collections.abc import Sequence
from pathlib import Path

from .discovery import TOO_OLD, Interpreter, find_interpreters, probe_interpreters

SEARCH_SECONDS = 8.0
KEPT_SECONDS = 60.0
"""So long an answer holds; meanwhile somebody may install what is lacking."""

_kept: dict[tuple[str, Path | None, str], tuple[float, list[Interpreter]]] = {}


def interpreters_with(wanted: str, near: Path | None = None, current: str = "") -> list[Interpreter]:
    """Those that have ``wanted``, a module (``einops``) or a Python (``>=3.12``); those with torch first.

    ``near`` and ``current`` are as in ``find_interpreters``. All are asked side by side; what does not answer in time has nothing.
    """
    question = wanted, near, current
    asked_at, answer = _kept.get(question, (-KEPT_SECONDS, []))
    if time.monotonic() - asked_at >= KEPT_SECONDS:
        found = probe_interpreters(find_interpreters(near, current), seconds=SEARCH_SECONDS, modules=modules_of(wanted))
        answer = best_first([one for one in found if has(one, wanted)])
        _kept[question] = time.monotonic(), answer
    return list(answer)


def modules_of(wanted: str) -> tuple[str, ...]:
    """What interpreters are asked for: the module, without what is inside of it; nothing for a version."""
    first = wanted.partition(".")[0]
    return (first,) if first.isidentifier() else ()


def has(one: Interpreter, wanted: str) -> bool:
    """It has answered, and has the module or is of the version."""
    if not one.python or one.trouble == TOO_OLD:
        return False
    if modules := modules_of(wanted):
        return modules[0] in one.modules
    is_older = _numbers(one.python) < _numbers(wanted.lstrip("<>="))
    return is_older == wanted.startswith("<")


def best_first(found: Sequence[Interpreter], wanted: str = "") -> list[Interpreter]:
    """Those that have what is wanted first, and of these the ones that can be used; else in their order."""
    return sorted(found, key=lambda one: (bool(wanted) and not has(one, wanted), not one.torch or bool(one.trouble)))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
