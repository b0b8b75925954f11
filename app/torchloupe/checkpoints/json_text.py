"""JSON from strangers: how deep it is, asked before it is parsed, and objects in which no key stands twice."""

import json
import re
from typing import Any, Dict, List, Tuple

DEEPEST = 16
_BRACKETS_ONLY = bytes(set(range(256)) - set(b"{}[]"))
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class RepeatedKey(ValueError):
    """A key stands twice in one JSON object; the text is the key."""


def parsed(raw: bytes, deepest: int = DEEPEST) -> Any:
    """The value of the text; raises RepeatedKey, or ValueError with a reason, for what is too deep, no UTF-8 or no JSON."""
    if is_deep(raw, deepest):
        raise ValueError(f"nested more than {deepest} levels deep")
    try:
        return json.loads(str(raw, "utf-8").lstrip("\ufeff"), object_pairs_hook=unrepeated)
    except RecursionError:
        raise ValueError("nested too deep") from None


def unrepeated(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    """The object of these pairs; raises RepeatedKey."""
    made = dict(pairs)
    if len(made) < len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise RepeatedKey(key)
            seen.add(key)
    return made


def is_deep(raw: bytes, deepest: int = DEEPEST) -> bool:
    """True when brackets are nested deeper than ``deepest``. The JSON reader recurses, so this is asked first."""
    brackets = raw.translate(None, _BRACKETS_ONLY)
    for _ in range(deepest):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    if not brackets:
        return False
    # Brackets inside names spoil that shortcut; now without the texts.
    brackets = _TEXT.sub(b"", raw).translate(None, _BRACKETS_ONLY)
    for _ in range(deepest):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return brackets.count(b"[") + brackets.count(b"{") > deepest
