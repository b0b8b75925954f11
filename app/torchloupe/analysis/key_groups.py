"""Fold many keys into few groups: whole subtrees first, then the same place in many layers."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, List, Sequence, Tuple

MAX_GROUPS = 8
_NUMBER = re.compile(r"(?<=\.)\d+(?=\.|$)|^\d+(?=\.)")


@dataclass(frozen=True)
class KeyGroup:
    """Keys that are told of as one.

    ``place`` is the common start (``decoder.``), a key, or a pattern (``layers.#.attn.``); ``whole`` says that all keys of the
    model (or checkpoint) at that place are in the group.
    """

    place: str
    keys: Tuple[str, ...]
    whole: bool


def fold_keys(keys: Sequence[str], among: Iterable[str]) -> Tuple[KeyGroup, ...]:
    """Group ``keys``, which are some of ``among``: at most ``MAX_GROUPS`` groups, in the order of their first keys."""
    if not keys:
        return ()
    places = _whole_places(keys, among)
    groups = _grouped(keys, lambda key: (_pattern(places.get(key, key)), True))
    if len(groups) > MAX_GROUPS:
        big = {place for (place, _), held in groups.items() if len(held) > max(1, len(keys) // MAX_GROUPS)}

        def coarse(key: str) -> Tuple[str, bool]:
            place = _pattern(places.get(key, key))
            return (place, True) if place in big else (key.partition(".")[0] + ".", False)

        groups = _grouped(keys, coarse)
    if len(groups) > MAX_GROUPS:
        kept = dict(sorted(groups.items(), key=lambda each: -len(each[1]))[: MAX_GROUPS - 1])
        rest = [key for name, held in groups.items() if name not in kept for key in held]
        groups = {**{name: held for name, held in groups.items() if name in kept}, ("", False): rest}
    return tuple(KeyGroup(place, tuple(held), whole) for (place, whole), held in groups.items())


def _grouped(keys: Sequence[str], name: Callable[[str], Tuple[str, bool]]) -> Dict[Tuple[str, bool], List[str]]:
    groups: Dict[Tuple[str, bool], List[str]] = {}
    for key in keys:
        groups.setdefault(name(key), []).append(key)
    return groups


def _whole_places(keys: Sequence[str], among: Iterable[str]) -> Dict[str, str]:
    """For each key the shortest start below which all of ``among`` are in ``keys``, where there is one."""
    mine, every = _counts_below(keys), _counts_below(among)
    whole: Dict[str, str] = {"": ""}
    for start in reversed(list(mine)):
        whole[start] = whole[_above(start)] or (start if start and mine[start] == every[start] else "")
    return {key: place for key in keys if (place := whole[key[: key.rfind(".") + 1]])}


def _counts_below(keys: Iterable[str]) -> Dict[str, int]:
    """How many keys lie below each start (``a.b.``, ``a.``, the empty one), the deepest starts first."""
    level = Counter(key[: key.rfind(".") + 1] for key in keys)
    waiting: Dict[int, Dict[str, int]] = {}
    for start, count in level.items():
        waiting.setdefault(start.count("."), {})[start] = count
    counts: Dict[str, int] = {}
    for depth in range(max(waiting, default=0), -1, -1):
        above = waiting.setdefault(depth - 1, {})
        for start, count in waiting.get(depth, {}).items():
            counts[start] = count
            if start:
                above[_above(start)] = above.get(_above(start), 0) + count
    return counts


def _above(start: str) -> str:
    """``a.b.`` gives ``a.``, ``a.`` gives an empty start."""
    return start[: start.rfind(".", 0, -1) + 1]


def _pattern(place: str) -> str:
    """``layers.3.attn.`` gives ``layers.#.attn.``; a number at the end names one entry of a list and is kept out, too."""
    return _NUMBER.sub("#", place)
