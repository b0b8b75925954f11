"""Keys that no prefix explains: the whole mapping is solved, and taken where it explains more with fewer rules."""

from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import List, Sequence, Tuple

from .key_matchers import Matches, Pair, Rule, by_key
from .key_prefixes import Keys, same_shape
from .key_wrappers import WrapperRule
from .mapping.alignment import aligned
from .mapping.doubts import doubts
from .mapping.fused import Joined
from .mapping.judged import judged
from .mapping.rules import NAMES, names_alike, rule_count, template_of
from .mapping.shapes import squeezed
from .mapping.solver import SolvedPair, solve
from .mapping.ties import Tie, ties

_OTHER_SHAPE = 0.5
"""What a pair of equal names and other shapes is worth, beside one that fits."""
_FEW, _LIKELY = 0.25, 0.6
"""Where so small a share of the keys finds a home, only names that are so much alike count."""
_LARGE, _UNRIVALLED = 4_096, 0.5
_UNLIKE, _OFTEN = 0.2, 6
"""Where most keys kept their names, names less alike than this are another thing, unless so many keys say the same."""


@dataclass(frozen=True)
class SolvedKeys:
    """The matches, the pairs among them that were solved, the keys that are joined or split, and where there was a choice."""

    matches: Matches
    solved: Tuple[Pair, ...] = ()
    joined: Tuple[Joined, ...] = ()
    ties: Tuple[Tie, ...] = ()


def solved_keys(expected: Keys, found: Keys, matches: Matches) -> SolvedKeys:
    """``matches`` as they are, or completed, or replaced by a mapping that explains more."""
    open_expected, open_found = _open(expected, matches, False), _open(found, matches, True)
    if not _could_fit(open_expected, open_found) and all(_is_plain(each.rule) for each in matches.explained):
        return SolvedKeys(matches)
    ways = [SolvedKeys(matches)]
    if len(open_found) < len(found):
        kept = len(found) - len(open_found)
        ways.append(_filled(matches, _solved(open_expected, open_found, kept), expected, found))
    ways.append(_filled(Matches(), _solved(expected, found), expected, found))
    return max(ways, key=_worth)


def _open(keys: Keys, matches: Matches, is_found: bool) -> Keys:
    """The keys without a home of the same shape."""
    housed = {(pair.found if is_found else pair.expected).key for pair in matches.pairs if _fits(pair)}
    return {key: entry for key, entry in keys.items() if key not in housed}


def _fits(pair: Pair) -> bool:
    """The same shape; or a matrix that was turned around and kept its name, which is likelier than that two changed their names."""
    mine, theirs = pair.found.shape, pair.expected.shape
    return same_shape(pair.expected, pair.found) or (len(mine) == 2 and mine == theirs[::-1])


def _is_plain(rule: Rule) -> bool:
    """Does it only take something away or put something before, and is there one way to do it? Then nothing else is asked."""
    return isinstance(rule, WrapperRule) or not (rule.rivals or (rule.found_prefix and rule.expected_prefix))


def _could_fit(expected: Keys, found: Keys) -> bool:
    """Is there an open key that could be another open one, or a part of it?"""
    shapes = [{entry.shape for entry in side.values()} for side in (expected, found)]
    whole = [{squeezed(shape) for shape in side} for side in shapes]
    inner = [{cut for shape in side if len(shape) > 1 for cut in (shape[1:], shape[:1])} for side in shapes]
    return not (whole[0].isdisjoint(whole[1]) and inner[0].isdisjoint(inner[1]))


def _solved(expected: Keys, found: Keys, kept: int = 0) -> SolvedKeys:
    """``kept`` others have their names still."""
    solution = solve(expected, found)
    pairs = _plausible(aligned(solution.pairs, expected), min(len(expected), len(found)), kept)
    tied = ties(*solution.sides, pairs)
    doubted, backwards = doubts(pairs, solution.ordered)
    told = tuple(Pair(*each) for each in judged(pairs, tied, doubted, solution.ordered))
    known = {key for tie in tied for key in tie.keys}
    choices = (*(tie for tie in tied if not tie.of_a_list), *(tie for tie in backwards if known.isdisjoint(tie.keys)))
    return SolvedKeys(Matches(list(told)), told, solution.joined, choices)


def _plausible(pairs: Sequence[SolvedPair], most: int, kept: int) -> List[SolvedPair]:
    """Without those whose names have nothing in common, where most keys kept their names or hardly any found a home."""
    if len(pairs) < _FEW * most and not kept:
        return [pair for pair in pairs if pair.alike >= _LIKELY and pair.level < 2]
    kept += sum(pair.found.key.endswith(pair.expected.key) or pair.expected.key.endswith(pair.found.key) for pair in pairs)
    if 2 * kept < len(pairs):
        return list(pairs)
    rules = Counter(_rule(pair) for pair in pairs)
    return [pair for pair in pairs if pair.alike >= _UNLIKE or rules[_rule(pair)] >= _OFTEN or _is_unmistakable(pair)]


def _is_unmistakable(pair: SolvedPair) -> bool:
    """A large matrix, and no other of its shape."""
    return len(pair.found.shape) > 1 and prod(pair.found.shape) >= _LARGE and not pair.level and pair.margin >= _UNRIVALLED


def _rule(pair: SolvedPair) -> Tuple[str, str]:
    return template_of(_module(pair.found.key)), template_of(_module(pair.expected.key))


def _filled(matches: Matches, solved: SolvedKeys, expected: Keys, found: Keys) -> SolvedKeys:
    """Both together: of the pairs of other shape only those whose keys have no better home."""
    homes = {pair.expected.key for pair in solved.solved} | {
        part.key for each in solved.joined for part in (each.whole, *each.parts)
    }
    gone = {pair.found.key for pair in solved.solved} | {part.key for each in solved.joined for part in (each.whole, *each.parts)}
    kept = [pair for pair in matches.pairs if _fits(pair) or (pair.expected.key not in homes and pair.found.key not in gone)]
    pairs = [*kept, *solved.solved]
    homes.update(pair.expected.key for pair in kept)
    gone.update(pair.found.key for pair in kept)
    rest = by_key(
        {key: entry for key, entry in expected.items() if key not in homes},
        {key: entry for key, entry in found.items() if key not in gone},
    )
    return SolvedKeys(Matches([*pairs, *rest.pairs], list(matches.explained)), solved.solved, solved.joined, solved.ties)


def _worth(keys: SolvedKeys) -> float:
    solved = {pair.found.key for pair in keys.solved}
    pairs = keys.matches.pairs
    worth = sum(1.0 if pair.found.key in solved or _fits(pair) else _OTHER_SHAPE for pair in pairs)
    modules = list(dict.fromkeys((_module(pair.found.key), _module(pair.expected.key)) for pair in pairs))
    return worth + sum(len(each.parts) for each in keys.joined) - rule_count(modules) + NAMES * names_alike(modules)


def _module(key: str) -> str:
    return key.rpartition(".")[0]
