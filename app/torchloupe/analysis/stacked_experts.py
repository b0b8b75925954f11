"""Experts that the checkpoint has one by one, and the model all together in one tensor of each kind."""

import re
from math import prod
from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from .diff_rows import Cause, KeyEntry
from .wording import count_text, counted

_ONE_EXPERT = re.compile(r"((?:.*\.)?\w*experts\w*)\.(\d+)\.(.+)")
_GATED = (("gate_proj", "up_proj"), ("gate", "up"), ("w1", "w3"))
"""A gate and what it gates, in the order in which they are joined,"""
_BOTH = re.compile(r"gate_?up|gate_and_up|w1_?w?3")
"""what the two are called together,"""
_DOWN = ("down_proj", "down", "w2")
"""and the way back from both."""


class Stacked(NamedTuple):
    """``wholes`` of the model hold for ``experts`` experts what ``parts`` of the checkpoint hold for one each.

    ``stacks`` are for each of the wholes the parts that are in it, in their order; empty where that cannot be told.
    """

    wholes: Tuple[KeyEntry, ...]
    parts: Tuple[KeyEntry, ...]
    experts: int
    stacks: Tuple[Tuple[KeyEntry, ...], ...]


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
            wholes = there.pop(0)
            stacked.append(Stacked(tuple(wholes), tuple(parts), len(experts), _stacks(parent, wholes, experts)))
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


def _stacks(parent: str, wholes: Sequence[KeyEntry], experts: Dict[int, List[KeyEntry]]) -> Tuple[Tuple[KeyEntry, ...], ...]:
    """For each whole its parts, expert by expert, as their names say it; nothing unless that is sure for all."""
    named = {number: {entry.key[len(f"{parent}.{number}.") :]: entry for entry in held} for number, held in experts.items()}
    chosen = [_names_in(whole, named[0]) for whole in wholes]
    used = [name for names in chosen for name in names]
    if not all(chosen) or len(set(used)) < len(used) or len(used) < len(named[0]):
        return ()
    return tuple(tuple(named[number][name] for number in range(len(named)) for name in names) for names in chosen)


def _names_in(whole: KeyEntry, parts: Dict[str, KeyEntry]) -> Tuple[str, ...]:
    """Which parts of an expert the whole holds, in their order; nothing where it could as well hold them turned around."""
    leaf = whole.key.rpartition(".")[2]
    is_bias, stem = "bias" in leaf, re.sub(r"[._]?(weight|bias)$", "", leaf)
    alike = {name.rpartition(".")[0] or name: name for name in parts if ("bias" in name) == is_bias}
    shape = whole.shape[1:]
    if len(shape) > 1 and shape[0] == shape[1]:
        return ()
    for gate, up in _GATED:
        if gate in alike and up in alike and _BOTH.match(stem):
            first, second = parts[alike[gate]].shape, parts[alike[up]].shape
            return (alike[gate], alike[up]) if first == second and (2 * first[0], *first[1:]) == shape else ()
    same = [name for name in alike if name == stem or (name in _DOWN and stem in _DOWN)]
    return (alike[same[0]],) if len(same) == 1 and parts[alike[same[0]]].shape == shape else ()


def stacked_cause(stacked: Sequence[Stacked]) -> Cause:
    """All of them as one thing to say."""
    parts = [entry.key for each in stacked for entry in each.parts]
    wholes = [entry.key for each in stacked for entry in each.wholes]
    text = (
        f"The checkpoint has the experts one by one ({counted(len(parts), 'key')} like {parts[0]}), the model all "
        f"{count_text(stacked[0].experts)} of them in one tensor ({counted(len(wholes), 'key')} like {wholes[0]})."
    )
    hint = "Stack them along a new first dimension, gates joined with what they gate; "
    hint += "this comparison writes the code for it, and " if all(each.stacks for each in stacked) else ""
    hint += "transformers' from_pretrained does that when it loads, load_state_dict does not."
    return Cause("stacked", text, hint, len(wholes) + len(parts), {"keys": wholes, "unexpected_keys": parts})
