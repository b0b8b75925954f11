"""One line of the palette."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """``text`` is matched and shown, ``detail`` stands at the right (a shortcut, a shape), ``run`` is what it does."""

    text: str
    detail: str
    run: Callable[[], object]
