"""What to say about keys that were paired by solving the whole mapping: what is called otherwise, counted otherwise, joined, cut."""

import re
from typing import Dict, Iterable, List, Sequence, Set, Tuple

from .diff_rows import Cause
from .key_matchers import Pair
from .mapping.fused import Joined
from .mapping.rules import template_of
from .mapping.ties import Tie
from .solved_keys import SolvedKeys
from .wording import count_text, counted, shape_text

RULES_TOLD = 4
_NUMBER = re.compile(r"\d+")
Rule = Tuple[str, str]
"""A pattern of the checkpoint's keys and one of the model's, with ``#`` for numbers."""


def solved_causes(keys: SolvedKeys) -> List[Cause]:
    """The causes of the solved pairs whose keys or shapes differ."""
    renamed = [pair for pair in keys.solved if pair.expected.key != pair.found.key]
    shifted = [pair for pair in renamed if template_of(pair.found.key) == template_of(pair.expected.key)]
    leaves = [pair for pair in renamed if _owner(pair.found.key) == _owner(pair.expected.key)]
    told = {pair.found.key for pair in (*shifted, *leaves)}
    others = [pair for pair in renamed if pair.found.key not in told]
    causes = [_leaf_cause(leaves)] if leaves else []
    causes += [_shift_cause(shifted, _lists_kept(keys.matches.pairs))] if shifted else []
    causes += [_rules_cause(others)] if others else []
    causes += _reshaped(keys.solved)
    causes += _joined([each for each in keys.joined if each.split]) + _joined([each for each in keys.joined if not each.split])
    return causes + _tie_causes(keys.ties)


def rules_of(pairs: Iterable[Pair]) -> Dict[Rule, List[Pair]]:
    """The pairs by the patterns of their modules, the patterns with the most pairs first."""
    rules: Dict[Rule, List[Pair]] = {}
    for pair in pairs:
        rules.setdefault((template_of(_owner(pair.found.key)), template_of(_owner(pair.expected.key))), []).append(pair)
    return dict(sorted(rules.items(), key=lambda each: -len(each[1])))


def _owner(key: str) -> str:
    return key[: max(key.rfind("."), key.rfind("/"))] if "." in key or "/" in key else key


def _leaf_cause(pairs: Sequence[Pair]) -> Cause:
    names: Dict[Rule, int] = {}
    for pair in pairs:
        both = pair.found.key[len(_owner(pair.found.key)) + 1 :], pair.expected.key[len(_owner(pair.expected.key)) + 1 :]
        names[both] = names.get(both, 0) + 1
    words = " and ".join(f"{theirs} is called {mine} ({counted(count, 'key')})" for (mine, theirs), count in names.items())
    text = f"What the model calls {words} in the checkpoint."
    data = {"names": [[mine, theirs] for mine, theirs in names], "keys": [pair.found.key for pair in pairs]}
    return Cause("renamed", text, "Rename them before loading.", len(pairs), data)


def _lists_kept(pairs: Sequence[Pair]) -> Set[str]:
    """What stands before the first number of keys that are the same on both sides."""
    return {_NUMBER.split(pair.found.key, maxsplit=1)[0] for pair in pairs if pair.found.key == pair.expected.key}


def _shift_cause(pairs: Sequence[Pair], kept: Set[str]) -> Cause:
    shifts: Dict[int, int] = {}
    first = ""
    for pair in pairs:
        for mine, theirs in zip(_NUMBER.findall(pair.found.key), _NUMBER.findall(pair.expected.key)):
            if mine != theirs:
                shifts[int(theirs) - int(mine)] = shifts.get(int(theirs) - int(mine), 0) + 1
                first = first or f"{pair.found.key} is {pair.expected.key} in the model"
    whose = f"{counted(len(pairs), 'key')} {'has' if len(pairs) == 1 else 'have'} another number in the checkpoint"
    if len(shifts) == 1 and abs(next(iter(shifts))) == 1 and _starts_otherwise(pairs, kept):
        text = f"{whose}: it counts its layers from {1 if -1 in shifts else 0}, the model from {0 if -1 in shifts else 1}."
    else:
        text = f"{whose}: {first}{', and so on' if len(pairs) > 1 else ''}."
    hint = "Layers were inserted, taken out or moved. Change the numbers before loading."
    return Cause("shifted", text, hint, len(pairs), {"shifts": sorted(shifts), "keys": _keys(pairs)})


def _starts_otherwise(pairs: Sequence[Pair], kept: Set[str]) -> bool:
    """Does one side start with 1 where the other one starts with 0, in lists whose numbers all change?"""
    if any(_NUMBER.split(pair.found.key, maxsplit=1)[0] in kept for pair in pairs):
        return False
    starts = [
        min((int(n) for pair in pairs for n in _NUMBER.findall(getattr(pair, side).key)), default=2)
        for side in ("found", "expected")
    ]
    return sorted(starts) == [0, 1]


def _rules_cause(pairs: Sequence[Pair]) -> Cause:
    rules = rules_of(pairs)
    told = [f'"{mine}" is "{theirs}" ({counted(len(held), "key")})' for (mine, theirs), held in list(rules.items())[:RULES_TOLD]]
    more = f", and {count_text(len(rules) - RULES_TOLD)} more such names" if len(rules) > RULES_TOLD else ""
    verb = "is" if len(pairs) == 1 else "are"
    text = f"{counted(len(pairs), 'key')} of the checkpoint {verb} called otherwise in the model: {', '.join(told)}{more}."
    listed = [{"checkpoint": mine, "model": theirs, "keys": len(held)} for (mine, theirs), held in rules.items()]
    hint = "Rename them before loading; this comparison writes the code for it."
    return Cause("renamed", text, hint, len(pairs), {"rules": listed, "keys": _keys(pairs)})


def _reshaped(pairs: Sequence[Pair]) -> List[Cause]:
    odd = [pair for pair in pairs if not _is_plain(pair)]
    if not odd:
        return []
    first = odd[0]
    more = f" and {counted(len(odd) - 1, 'more key')}" if len(odd) > 1 else ""
    text = (
        f"{first.found.key}{more} {'have' if more else 'has'} the same numbers in another arrangement: "
        f"{shape_text(first.found.shape)} in the checkpoint, {shape_text(first.expected.shape)} in the model."
    )
    hint = "Permute the dimensions before loading; Keras stores height, width, in, out."
    if len(first.found.shape) != len(first.expected.shape):
        hint = "The number of dimensions differs: reshape them before loading."
    return [Cause("reshaped", text, hint, len(odd), {"keys": _keys(odd)})]


def _is_plain(pair: Pair) -> bool:
    """The same shape, or a matrix turned around, of which another cause tells."""
    mine, theirs = pair.found.shape, pair.expected.shape
    return mine == theirs or (len(mine) == 2 and mine == theirs[::-1])


def _joined(joined: Sequence[Joined]) -> List[Cause]:
    if not joined:
        return []
    first = joined[0]
    parts = ", ".join(part.key for part in first.parts)
    whole, several = ("checkpoint", "model") if first.split else ("model", "checkpoint")
    more = f", and so on for {counted(len(joined) - 1, 'more key')}" if len(joined) > 1 else ""
    text = (
        f"{first.whole.key} of the {whole} is {parts} of the {several}, one after the other along dimension {first.axis}{more}."
    )
    hint = "Cut it with torch.split before loading." if first.split else "Join them with torch.cat before loading."
    data = {
        "keys": [each.whole.key for each in joined],
        "parts": [[part.key for part in each.parts] for each in joined],
        "axis": first.axis,
    }
    return [Cause("split" if first.split else "fused", text, hint, len(joined), data)]


def _tie_causes(ties: Sequence[Tie]) -> List[Cause]:
    """The same choice in every layer of a list is told once."""
    alike: Dict[Tuple[Tuple[str, ...], Tuple[str, ...]], List[Tie]] = {}
    for tie in ties:
        both = tuple(map(template_of, tie.found)), tuple(map(template_of, tie.expected))
        alike.setdefault(both, []).append(tie)
    return [_tie_cause(held) for held in alike.values()]


def _tie_cause(ties: Sequence[Tie]) -> Cause:
    tie = ties[0]
    keys = [key for each in ties for key in each.keys]
    found, expected = (" and ".join(f'"{name}"' for name in names) for names in (tie.found, tie.expected))
    text = f"{found} of the checkpoint fit {expected} of the model in more than one way: {counted(len(keys), 'key')} could be either."
    text += f" So it is in {counted(len(ties) - 1, 'more place')}." if len(ties) > 1 else ""
    hint = f'"{tie.found[0]}" was taken for "{tie.expected[0]}". Check that, or leave the other one out and compare again.'
    places = [{"checkpoint": list(each.found), "model": list(each.expected), "keys": list(each.keys)} for each in ties]
    facts = {"checkpoint": list(tie.found), "model": list(tie.expected), "keys": keys, "ties": places}
    return Cause("tie", text, hint, len(keys), facts)


def _keys(pairs: Sequence[Pair]) -> List[str]:
    return [pair.found.key for pair in pairs]
