"""How well a few typed letters fit a text: as a subsequence, where word starts and runs count."""

import re
from collections.abc import Callable, Sequence
from heapq import nsmallest
from typing import TypeVar

from torchloupe.gui.slices import Steps

Item = TypeVar("Item")
LIMIT = 200
"""More matches than these nobody looks at."""
AT_ONCE = 500
"""So many texts are looked at in one step; they take a millisecond or two."""


def fuzzy_score(typed: str, text: str) -> int | None:
    """Higher is better; None when the letters do not occur in this order. Spaces in what was typed are ignored."""
    wanted = typed.lower().replace(" ", "")
    scores = [_score(wanted, text, by_words) for by_words in (True, False)]
    return max((score for score in scores if score is not None), default=None)


def best_matches_steps(
    typed: str, items: Sequence[Item], text_of: Callable[[Item], str], limit: int = LIMIT
) -> Steps[list[Item]]:
    """The items that fit, best first; all of them in their order while nothing is typed. In steps, as there may be very many."""
    wanted = typed.lower().replace(" ", "")
    if not wanted:
        return list(items[:limit])
    may_fit = re.compile("[^\0]*?".join(map(re.escape, wanted))).search
    best: list[tuple[int, int]] = []
    for start in range(0, len(items), AT_ONCE):
        texts = [text_of(item) for item in items[start : start + AT_ONCE]]
        fitting = [number for number, text in enumerate(texts) if may_fit(text.lower())]
        scored = [(-(fuzzy_score(typed, texts[number]) or 0), start + number) for number in fitting]
        best = nsmallest(limit, [*best, *scored])
        yield
    return [items[number] for _, number in best]


def _score(wanted: str, text: str, by_words: bool) -> int | None:
    """Walk once: take the letter that follows, else the next start of a word (``by_words``), else the next place at all."""
    low, score, position, run = text.lower(), 0, -1, 0
    for letter in wanted:
        found = position + 1 if low[position + 1 : position + 2] == letter else -1
        if found < 0 and by_words:
            found = _next_word(low, text, letter, position + 1)
        if found < 0:
            found = low.find(letter, position + 1)
        if found < 0:
            return None
        run = run + 1 if found == position + 1 else 0
        score += 1 + 3 * run + (4 if _starts_word(text, found) else 0)
        position = found
    return score * 100 - len(text)


def _starts_word(text: str, position: int) -> bool:
    before, here = text[position - 1 : position], text[position]
    return not before.isalnum() or (here.isupper() and before.islower()) or (here.isdigit() and not before.isdigit())


def _next_word(low: str, text: str, letter: str, start: int) -> int:
    found = low.find(letter, start)
    while found >= 0 and not _starts_word(text, found):
        found = low.find(letter, found + 1)
    return found
