"""How well a few typed letters fit a text: as a subsequence, where word starts and runs count."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def fuzzy_score(typed: str, text: str) -> int | None:
    """Higher is better; None when the letters do not occur in this order. Spaces in what was typed are ignored."""
    wanted = typed.lower().replace(" ", "")
    scores = [_score(wanted, text, by_words) for by_words in (True, False)]
    return max((score for score in scores if score is not None), default=None)


def best_matches(typed: str, items: Iterable[Item], text_of: Callable[[Item], str], limit: int = 200) -> list[Item]:
    """The items that fit, best first; all of them in their order while nothing is typed."""
    if not typed.strip():
        return list(items)[:limit]
    scored = [
        (score, number, item) for number, item in enumerate(items) if (score := fuzzy_score(typed, text_of(item))) is not None
    ]
    scored.sort(key=lambda entry: (-entry[0], entry[1]))
    return [item for _, _, item in scored[:limit]]


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
