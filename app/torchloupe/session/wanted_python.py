"""Which Pythons of this machine have what a model lacks: a module, or a version of Python."""

import re
import time
from collections.abc import Sequence
from pathlib import Path

from .discovery import TOO_OLD, Interpreter, find_interpreters, probe_interpreters

SEARCH_SECONDS = 8.0
KEPT_SECONDS = 60.0
"""So long an answer holds; meanwhile somebody may install what is lacking."""

_VERSION = re.compile(r"(<|>=)([0-9]+(?:\.[0-9]+)*)")
_kept: dict[tuple[str, Path | None, str], tuple[float, list[Interpreter]]] = {}


def interpreters_with(wanted: str, near: Path | None = None, current: str = "") -> list[Interpreter]:
    """Those that have ``wanted``, a module (``einops``) or a Python (``>=3.12``); those with torch first.

    ``near`` and ``current`` are as in ``find_interpreters``. All are asked side by side; what does not answer in time has nothing.
    """
    if not (modules_of(wanted) or _VERSION.fullmatch(wanted)):
        return []
    question = wanted, near, current
    asked_at, answer = _kept.get(question, (-KEPT_SECONDS, []))
    if time.monotonic() - asked_at >= KEPT_SECONDS:
        found = probe_interpreters(find_interpreters(near, current), seconds=SEARCH_SECONDS, modules=modules_of(wanted))
        answer = best_first([one for one in found if has(one, wanted)])
        _kept[question] = time.monotonic(), answer
    return list(answer)


def modules_of(wanted: str) -> tuple[str, ...]:
    """What interpreters are asked for: the module, without what is inside of it; nothing for a version."""
    names = wanted.split(".")
    return (names[0],) if all(name.isidentifier() for name in names) else ()


def has(one: Interpreter, wanted: str) -> bool:
    """It has answered, and has the module or is of the version. Nobody has what is neither a module nor ``<`` or ``>=`` a version."""
    if not one.python or one.trouble == TOO_OLD:
        return False
    if modules := modules_of(wanted):
        return modules[0] in one.modules
    version = _VERSION.fullmatch(wanted)
    return version is not None and (_numbers(one.python) < _numbers(version[2])) == (version[1] == "<")


def best_first(found: Sequence[Interpreter], wanted: str = "") -> list[Interpreter]:
    """Those that have what is wanted first, and of these the ones that can be used; else in their order."""
    return sorted(found, key=lambda one: (bool(wanted) and not has(one, wanted), not one.torch or bool(one.trouble)))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
