"""Where several places fit equally, the choice that was not taken: the other tower, the spare one, the list the other way round."""

import re
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from .diff_rows import StateDictDiff
from .loading import SURE

Pair = Tuple[str, str]
"""A checkpoint's key and a model's."""
_RANGE = re.compile(r"^(.*)\{(\d+)\.\.(\d+)\}$")


def other_choice(diff: StateDictDiff, found: str) -> List[Pair]:
    """The pairs of the other choice for whatever the checkpoint's key ``found`` belongs to; nothing where there was no choice."""
    for tie in _ties(diff):
        if found in tie["keys"] or any(_rest(found, place) is not None for place in tie["checkpoint"]):
            return _exchanged(tie, diff)
    return _of_prefixes(diff, found)


def _of_prefixes(diff: StateDictDiff, found: str) -> List[Pair]:
    """Keys that differ in what stands before them, where it was not sure what: the first others that are the same behind it."""
    groups: Dict[Pair, Dict[str, None]] = {}
    for row in diff.rows:
        if row.found and row.expected and row.confidence < SURE:
            rest = _common_end(row.found.key, row.expected.key)
            both = row.found.key[: len(row.found.key) - len(rest)], row.expected.key[: len(row.expected.key) - len(rest)]
            groups.setdefault(both, {})[rest] = None
    for (mine, theirs), rests in groups.items():
        if found.startswith(mine) and found[len(mine) :] in rests:
            for (other, home), others in groups.items():
                if other != mine and home != theirs and others == rests:
                    return [*((mine + rest, home + rest) for rest in rests), *((other + rest, theirs + rest) for rest in rests)]
    return []


def _common_end(one: str, other: str) -> str:
    """The parts that both keys end with."""
    mine, theirs = one.split("."), other.split(".")
    same = 0
    while same < min(len(mine), len(theirs)) and mine[-1 - same] == theirs[-1 - same]:
        same += 1
    return ".".join(mine[len(mine) - same :]) if same else ""


def _ties(diff: StateDictDiff) -> Iterator[Mapping[str, Any]]:
    for cause in diff.causes:
        if cause.kind == "tie":
            yield from cause.data.get("ties", ())


def _exchanged(tie: Mapping[str, Any], diff: StateDictDiff) -> List[Pair]:
    mine, theirs = tie["checkpoint"], tie["model"]
    homes = {key: diff.mapping[key] for key in tie["keys"] if key in diff.mapping}
    turned = _RANGE.match(theirs[0]) if len(mine) == len(theirs) == 1 else None
    if turned:
        pairs = _backwards(homes, turned[1], int(turned[2]) + int(turned[3]))
    elif len(mine) > 1 and len(theirs) > 1:
        pairs = _swapped(homes, theirs)
    elif len(mine) > 1:
        pairs = [(key, home) for old, home in homes.items() for key in _moved(old, mine[0], mine[1])]
    else:
        pairs = [(key, home) for key, old in homes.items() for home in _moved(old, theirs[0], theirs[-1])]
    known = _keys(diff)
    return [pair for pair in pairs if pair[0] in known[0] and pair[1] in known[1]]


def _backwards(homes: Mapping[str, str], place: str, ends: int) -> List[Pair]:
    """Each layer counted from the other end."""
    pairs = []
    for key, home in homes.items():
        rest = home[len(place) :]
        number = re.match(r"\d+", rest)
        if home.startswith(place) and number:
            pairs.append((key, f"{place}{ends - int(number[0])}{rest[number.end() :]}"))
    return pairs


def _swapped(homes: Mapping[str, str], places: Sequence[str]) -> List[Pair]:
    """What was in one place is in the other."""
    pairs = []
    for key, home in homes.items():
        for one, other in ((places[0], places[1]), (places[1], places[0])):
            moved = _moved(home, one, other)
            if moved:
                pairs.append((key, moved[0]))
                break
    return pairs


def _moved(key: str, place: str, other: str) -> List[str]:
    rest = _rest(key, place)
    return [] if rest is None else [f"{other}{rest}"]


def _rest(key: str, place: str) -> Optional[str]:
    """What follows in a key that begins with a place."""
    rest = key[len(place) :]
    return rest if key.startswith(place) and (not rest or rest[0] in "./") else None


def _keys(diff: StateDictDiff) -> Tuple[Dict[str, None], Dict[str, None]]:
    found = dict.fromkeys(row.found.key for row in diff.rows if row.found)
    return found, dict.fromkeys(row.expected.key for row in diff.rows if row.expected)
