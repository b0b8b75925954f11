"""One line of the log panel."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LogLine:
    """``source`` is ``worker`` (our code and the interpreter there), ``user`` (what the user's code prints) or ``app``."""

    source: Literal["worker", "user", "app"]
    text: str
