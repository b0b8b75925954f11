"""The developers' commands as modules: their folder goes on the path, since it is no package."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in (ROOT / "packaging", ROOT / "packaging/bench", ROOT / "packaging/pictures"):
    sys.path.insert(0, str(folder))


class Programs:
    """Stands in for running programs: remembers their words, and does what a test has taught it."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.taught: list[tuple[str, Callable[[list[str]], str]]] = []

    def teach(self, word: str, behaviour: Callable[[list[str]], str]) -> None:
        """A command with ``word`` in it calls ``behaviour`` and returns its text."""
        self.taught.append((word, behaviour))

    def __call__(self, command: Sequence[str | Path], **_: object) -> str:
        words = [str(word) for word in command]
        self.calls.append(words)
        return next((behaviour(words) for word, behaviour in self.taught if word in words), "")

    def with_word(self, word: str) -> list[list[str]]:
        """The calls that had it."""
        return [words for words in self.calls if word in words]


@pytest.fixture
def programs() -> Programs:
    """No program is run."""
    return Programs()
