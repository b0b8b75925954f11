"""Matchers find homes for found keys. Each takes the keys that are still open and returns pairs, with what it would say about them.

``MATCHERS`` are asked in order; a later one sees only what the earlier ones left.
"""

from dataclasses import dataclass, field
from typing import Callable, Dict, List, NamedTuple, Sequence, Set, Tuple, Union

from .diff_rows import KeyEntry
from .key_prefixes import Keys, PrefixRule, best_prefix, same_shape
from .key_wrappers import WrapperRule, has_wrapper, unwrapped, wrapper_rule
from .mapping.rules import template_of

MAX_PREFIXES = 4
Rule = Union[PrefixRule, WrapperRule]


class Pair(NamedTuple):
    """A found key and its home. ``how`` and ``confidence`` as in ``DiffRow``."""

    expected: KeyEntry
    found: KeyEntry
    how: str
    confidence: float


@dataclass(frozen=True)
class Explained:
    """The pairs that one rule explains."""

    rule: Rule
    pairs: Tuple[Pair, ...]


@dataclass
class Matches:
    """What a matcher found, and which rules explain it (none for equal keys)."""

    pairs: List[Pair] = field(default_factory=list)
    explained: List[Explained] = field(default_factory=list)


Matcher = Callable[[Keys, Keys], Matches]


def by_key_and_shape(expected: Keys, found: Keys) -> Matches:
    """The same key, the same shape."""
    pairs = [
        Pair(home, entry, "", 1.0) for key, entry in found.items() if (home := expected.get(key)) and same_shape(home, entry)
    ]
    return Matches(pairs)


def by_key(expected: Keys, found: Keys) -> Matches:
    """The same key, whatever the shape."""
    return Matches([Pair(expected[key], entry, "", 1.0) for key, entry in found.items() if key in expected])


def by_prefix(expected: Keys, found: Keys) -> Matches:
    """Literal prefixes, the one that explains the most keys first."""
    matches, open_expected, open_found = Matches(), dict(expected), dict(found)
    doubtful: Set[str] = set()
    for _ in range(MAX_PREFIXES):
        rule = best_prefix(open_expected, open_found)
        confidence = _confidence(rule, open_expected, open_found)
        if not confidence:
            break
        if rule.found_prefix in doubtful:
            confidence = min(confidence, 0.5)
        doubtful.update(rule.rivals)
        pairs = _pairs_under(rule, open_expected, open_found, confidence)
        _close(pairs, open_expected, open_found)
        matches.pairs += pairs
        matches.explained.append(Explained(rule, tuple(pairs)))
    return matches


def without_wrappers(expected: Keys, found: Keys) -> Matches:
    """Keys that agree once the components of wrappers are taken out, wherever they stand; then also under a prefix."""
    if not any(has_wrapper(key) for side in (expected, found) for key in side):
        return Matches()
    bare_expected, bare_found = unwrapped(expected), unwrapped(found)
    plain_expected = {bare: KeyEntry(bare, entry.shape, entry.dtype) for bare, entry in bare_expected.items()}
    plain_found = {bare: KeyEntry(bare, entry.shape, entry.dtype) for bare, entry in bare_found.items()}
    plain = by_key_and_shape(plain_expected, plain_found).pairs
    _close(plain, plain_expected, plain_found)
    plain += by_prefix(plain_expected, plain_found).pairs
    homes = [(bare_expected[pair.expected.key], bare_found[pair.found.key], pair) for pair in plain]
    rule = wrapper_rule((home.key for home, _, _ in homes), (entry.key for _, entry, _ in homes))
    pairs = [Pair(home, entry, rule.how, pair.confidence) for home, entry, pair in homes]
    return Matches(pairs, [Explained(rule, tuple(pairs))] if pairs else [])


MATCHERS: Tuple[Matcher, ...] = (by_key_and_shape, by_prefix, without_wrappers, by_key)


def match(expected: Keys, found: Keys, matchers: Sequence[Matcher] = MATCHERS) -> Matches:
    """Ask the matchers in order; every key is paired at most once."""
    all_matches = Matches()
    open_expected, open_found = dict(expected), dict(found)
    for matcher in matchers:
        if not open_expected or not open_found:
            break
        matches = matcher(open_expected, open_found)
        _close(matches.pairs, open_expected, open_found)
        all_matches.pairs += matches.pairs
        all_matches.explained += matches.explained
    return all_matches


def _close(pairs: Sequence[Pair], expected: Dict[str, KeyEntry], found: Dict[str, KeyEntry]) -> None:
    for home, entry, _, _ in pairs:
        del expected[home.key], found[entry.key]


def _confidence(rule: PrefixRule, expected: Keys, found: Keys) -> float:
    """How sure is the rule, 0 to refuse it: by the keys that it explains, of those that carry its prefix."""
    if not rule.agreeing:
        return 0.0
    under = min(sum(key.startswith(prefix) for key in side) for prefix, side in _sides(rule, expected, found))
    share, few = rule.agreeing / under, rule.fitting < 3
    if (few and (rule.rivals or share < 0.6)) or (not rule.fitting and (rule.agreeing < 3 or share < 0.9)):
        return 0.0
    if not rule.found_prefix and rule.agreeing < 0.2 * len(found):
        return 0.0  # a start that fits a handful by chance is no reason to put it before all the others
    if rule.found_prefix and rule.expected_prefix and rule.fitting < 0.95 * rule.agreeing:
        return 0.0  # two lists of layers that only look alike
    if _ends_in_number(rule) and (few or rule.fitting < 0.8 * under):
        return 0.0
    if rule.rivals or _is_another_number(rule):
        return 0.5
    return 0.6 if few and rule.agreeing < 3 else 0.99 if share >= 0.5 else 0.8


def _sides(rule: PrefixRule, expected: Keys, found: Keys) -> List[Tuple[str, Keys]]:
    sides = [(rule.found_prefix, found), (rule.expected_prefix, expected)]
    return [(prefix, side) for prefix, side in sides if prefix]


def _ends_in_number(rule: PrefixRule) -> bool:
    """``layers.3.`` is rather a place in a list than a wrapper."""
    return any(prefix.rstrip(".").rpartition(".")[2].isdigit() for prefix in (rule.found_prefix, rule.expected_prefix))


def _is_another_number(rule: PrefixRule) -> bool:
    """``blocks.12.`` for ``blocks.0.``: the layers of a list may as well all be one further."""
    return _ends_in_number(rule) and template_of(rule.found_prefix) == template_of(rule.expected_prefix)


def _pairs_under(rule: PrefixRule, expected: Keys, found: Keys, confidence: float) -> List[Pair]:
    """The pairs of the rule; those of another shape too, unless one of the two has a namesake on the other side."""
    pairs, how = [], rule.how
    for entry in found.values():
        home = expected.get(rule.expected_key(entry.key)) if entry.key.startswith(rule.found_prefix) else None
        if home is None:
            continue
        if same_shape(home, entry):
            pairs.append(Pair(home, entry, how, confidence))
        elif entry.key not in expected and home.key not in found:
            pairs.append(Pair(home, entry, how, min(confidence, 0.8)))
    return pairs
