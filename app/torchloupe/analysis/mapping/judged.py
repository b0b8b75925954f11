"""How sure each pair of a solution is, and why: what a person is told of it."""

from collections import Counter
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..diff_rows import KeyEntry
from .doubts import Doubt
from .rules import template_of
from .solver import SolvedPair
from .ties import Tie

_SHAPES = ("the same shapes in its layer", "the same shape", "the same sizes in another order", "as many numbers")
"""What speaks for a pair, by how much the shapes agree."""
TIED = 0.5
"""The confidence of a pair where another choice is as good."""
_BY_LEVEL = (0.97, 0.93, 0.88, 0.75)
_MARGINS = ((0.03, 0.55), (0.1, 0.75), (0.25, 0.9))
_ALONE = 0.2
"""Names less alike than this say nothing."""


class JudgedPair(NamedTuple):
    """A pair with its confidence, 0 to 1, and the reason in a few words."""

    expected: KeyEntry
    found: KeyEntry
    how: str
    confidence: float


def judged(
    pairs: Sequence[SolvedPair], tied: Sequence[Tie], doubted: Mapping[str, Doubt], ordered: bool = True
) -> List[JudgedPair]:
    """The pairs, each with its confidence. Those that are layers of one list and could be any of them are left out. Not ``ordered``: no
    pair was made because of its place."""
    support = Counter(_rule(pair) for pair in pairs)
    dropped: Set[str] = {key for tie in tied if tie.of_a_list for key in tie.keys}
    unsure: Dict[str, Tie] = {key: tie for tie in tied for key in tie.keys}
    place = "the same place in the order" if ordered else "a home that nothing else fits better"
    told = [
        _judged(pair, support[_rule(pair)], unsure.get(pair.found.key), place) for pair in pairs if pair.found.key not in dropped
    ]
    return [_doubted(each, doubted.get(each.found.key)) for each in told]


def _doubted(pair: JudgedPair, doubt: Optional[Doubt]) -> JudgedPair:
    if doubt is None or pair.confidence <= doubt.most:
        return pair
    return pair._replace(confidence=doubt.most, how=f"{pair.how}; {doubt.why}")


def _rule(pair: SolvedPair) -> Tuple[str, str]:
    return template_of(pair.found.key), template_of(pair.expected.key)


def _judged(pair: SolvedPair, support: int, tie: "Tie | None", place: str) -> JudgedPair:
    if tie is not None:
        return JudgedPair(pair.expected, pair.found, "one of several places that fit equally", TIED)
    sure = _BY_LEVEL[pair.level]
    for margin, most in _MARGINS:
        if pair.margin < margin:
            sure = min(sure, most + (0.1 if support > 2 else 0.0))
            break
    if pair.alike < _ALONE:
        sure -= 0.15 if support < 3 else 0.05
    name = "a like name" if pair.alike >= 2 * _ALONE else place
    more = f", as {support - 1:,} more keys like it" if support > 2 else ", as one more key like it" if support == 2 else ""
    return JudgedPair(pair.expected, pair.found, f"{_SHAPES[pair.level]} and {name}{more}", round(sure, 2))
