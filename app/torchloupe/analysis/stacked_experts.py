"""Experts that the checkpoint has one by one, and the model all together in one tensor of each kind."""

import re
from math import prod
from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from .diff_rows import Cause, KeyEntry
from .wording import count_text, counted

_ONE_EXPERT = re.compile(r"((?:.*\.)?\w*experts\w*)\.(\d+)\.(.+)")


class Stacked(NamedTuple):
    """``wholes`` of the model hold for ``experts`` experts what ``parts`` of the checkpoint hold for one each."""

    wholes: Tuple[KeyEntry, ...]
    parts: Tuple[KeyEntry, ...]
    experts: int


def stacked_experts(expected: Sequence[KeyEntry], found: Sequence[KeyEntry]) -> List[Stacked]:
    """The places at which as many numbers are missing as the experts there have, under the same numbers of layers."""
    held = _experts_of(found)
    places: Dict[str, List[KeyEntry]] = {}
    for entry in expected if held else ():
        if len(entry.shape) > 1:
            places.setdefault(entry.key.rpartition(".")[0], []).append(entry)
    alike: Dict[Tuple[Tuple[str, ...], int, int], List[List[KeyEntry]]] = {}
    for place, wholes in places.items():
        alike.setdefault((_layers(place), _experts_in(wholes), _numbers_in(wholes)), []).append(wholes)
    stacked = []
    for parent, experts in held.items():
        parts = [entry for entries in experts.values() for entry in entries]
        there = alike.get((_layers(parent), len(experts), _numbers_in(parts)))
        if there:
            stacked.append(Stacked(tuple(there.pop(0)), tuple(parts), len(experts)))
    return stacked


def _layers(place: str) -> Tuple[str, ...]:
    return tuple(re.findall(r"\d+", place))


def _numbers_in(entries: Sequence[KeyEntry]) -> int:
    return sum(prod(entry.shape) for entry in entries)


def _experts_of(found: Sequence[KeyEntry]) -> Dict[str, Dict[int, List[KeyEntry]]]:
    """By place, then by number, where they are numbered from 0 on and all have tensors of the same names and shapes."""
    experts: Dict[str, Dict[int, List[KeyEntry]]] = {}
    kinds: Dict[str, Dict[int, Set[Tuple[str, Tuple[int, ...]]]]] = {}
    for entry in found:
        match = _ONE_EXPERT.fullmatch(entry.key)
        if match:
            parent, number, name = match.group(1), int(match.group(2)), match.group(3)
            experts.setdefault(parent, {}).setdefault(number, []).append(entry)
            kinds.setdefault(parent, {}).setdefault(number, set()).add((name, entry.shape))
    return {
        parent: held
        for parent, held in experts.items()
        if len(held) > 1
        and set(held) == set(range(len(held)))
        and all(kind == kinds[parent][0] for kind in kinds[parent].values())
    }


def _experts_in(wholes: Sequence[KeyEntry]) -> int:
    """For how many experts they are; 0 where they differ in that."""
    experts = {entry.shape[0] for entry in wholes}
    return experts.pop() if len(experts) == 1 else 0


def stacked_cause(stacked: Sequence[Stacked]) -> Cause:
    """All of them as one thing to say."""
    parts = [entry.key for each in stacked for entry in each.parts]
    wholes = [entry.key for each in stacked for entry in each.wholes]
    text = (
        f"The checkpoint has the experts one by one ({counted(len(parts), 'key')} like {parts[0]}), the model all "
        f"{count_text(stacked[0].experts)} of them in one tensor ({counted(len(wholes), 'key')} like {wholes[0]})."
    )
    hint = (
        "Stack them along a new first dimension, gates joined with what they gate; transformers' from_pretrained does that when it "
        "loads, load_state_dict does not."
    )
    return Cause("stacked", text, hint, len(wholes) + len(parts), {"keys": wholes, "unexpected_keys": parts})
