"""Pairs of keys that a person has decided on: they are kept, and the rest is solved around them."""

from collections import Counter
from typing import Dict, Iterable, List, Mapping

from ..wire.errors import UsageError
from .diff_rows import KeyEntry
from .key_matchers import Pair
from .key_prefixes import Keys

GIVEN, LEFT_ALONE = "given", "left out by hand"
"""What led to a pair that a person has decided on, and to a key that is to have no home."""
_NAMED = 3


def locked_pairs(expected: Keys, found: Keys, locked: Mapping[str, str]) -> List[Pair]:
    """The pairs of a mapping of found keys to expected ones. Raises UsageError when a key is not there, or is the home of two."""
    pairs = {key: home for key, home in locked.items() if home}
    _check([key for key in locked if key not in found], "checkpoint")
    _check([home for home in pairs.values() if home not in expected], "model")
    twice = [home for home, times in Counter(pairs.values()).items() if times > 1]
    if twice:
        raise UsageError(f"The mapping gives {twice[0]} to more than one key.", "Give every key a home of its own.")
    return [Pair(expected[home], found[key], GIVEN, 1.0) for key, home in pairs.items()]


def left_alone(found: Keys, locked: Mapping[str, str]) -> List[KeyEntry]:
    """The found keys that are to have no home."""
    return [found[key] for key, home in locked.items() if not home]


def _check(unknown: List[str], side: str) -> None:
    if unknown:
        named = ", ".join(unknown[:_NAMED]) + (f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else "")
        raise UsageError(f"The mapping names keys that the {side} does not have: {named}.", "Correct them or take them out.")


def without(keys: Keys, entries: Iterable[KeyEntry]) -> Dict[str, KeyEntry]:
    """The keys but for these."""
    gone = {entry.key for entry in entries}
    return {key: entry for key, entry in keys.items() if key not in gone}
