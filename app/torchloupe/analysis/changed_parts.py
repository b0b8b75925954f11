"""Which parts of a key the other side's key has not."""

from difflib import SequenceMatcher
from typing import List, Tuple

Spans = Tuple[Tuple[int, int], ...]
"""Start and end of each part."""


def changed_parts(key: str, other: str) -> Spans:
    """What ``key`` has and ``other`` has not, in whole parts between dots; nothing where there is no other."""
    if key == other or not other:
        return ()
    mine = key.split(".")
    starts = [0]
    for part in mine:
        starts.append(starts[-1] + len(part) + 1)
    spans: List[Tuple[int, int]] = []
    for what, begin, end, _, _ in SequenceMatcher(None, mine, other.split("."), autojunk=False).get_opcodes():
        if what in ("replace", "delete") and end > begin:
            # What is taken away goes with its dot; what is replaced leaves the dot to the other.
            spans.append((starts[begin], min(len(key), starts[end] - (what == "replace"))))
    return tuple(spans)
