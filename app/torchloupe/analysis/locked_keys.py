"""Pairs of keys that a person has decided on: they are kept, and the rest is solved around them."""

from collections import Counter
from typing import Dict, Iterable, List, Mapping

from ..wire.errors import UsageError
from .diff_rows import KeyEntry
from .key_matchers import Pair
from .key_prefixes import Keys

_NAMED = 3


def locked_pairs(expected: Keys, found: Keys, locked: Mapping[str, str]) -> List[Pair]:
    """The pairs of a mapping of found keys to expected ones. Raises UsageError when a key is not there, or is the home of two."""
    _check([key for key in locked if key not in found], "checkpoint")
    _check([home for home in locked.values() if home not in expected], "model")
    twice = [home for home, times in Counter(locked.values()).items() if times > 1]
    if twice:
        raise UsageError(f"The mapping gives {twice[0]} to more than one key.", "Give every key a home of its own.")
    return [Pair(expected[home], found[key], "given", 1.0) for key, home in locked.items()]


def _check(unknown: List[str], side: str) -> None:
    if unknown:
        named = ", ".join(unknown[:_NAMED]) + (f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else "")
        raise UsageError(f"The mapping names keys that the {side} does not have: {named}.", "Correct them or take them out.")


def without(keys: Keys, entries: Iterable[KeyEntry]) -> Dict[str, KeyEntry]:
    """The keys but for these."""
    gone = {entry.key for entry in entries}
    return {key: entry for key, entry in keys.items() if key not in gone}
