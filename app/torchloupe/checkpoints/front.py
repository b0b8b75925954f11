"""Pickles that stand one after another at the front of a file whose length says nothing about theirs."""

from typing import Any, Callable, NamedTuple

from ..wire.errors import CorruptFile
from .pickle_machine import PickleMachine
from .pickle_reading import Progress, run
from .source import SourceFile

_FIRST_WINDOW = 64 << 10
_LARGEST_WINDOW = 128 << 20
"""Room for the index of a million tensors."""
_GROWTH = 4


class Front(NamedTuple):
    """The value of one pickle, the machine that read it, and whether it was whole."""

    root: Any
    machine: PickleMachine
    whole: bool


class FrontReader:
    """Reads the pickles of a file from ``at`` on, one with each call, from as few bytes as they need."""

    def __init__(self, source: SourceFile, name: str, at: int = 0, end: int = -1) -> None:
        self.at = at
        self._source = source
        self._name = name
        self.end = source.size if end < 0 else min(end, source.size)
        self._window = b""
        self._begin = at

    def next(self, persistent: Callable[[Any], Any], progress: Progress) -> Front:
        """The pickle at ``at``; afterwards ``at`` is where it ended. A file that was cut off gives what is there of it. Raises
        CorruptFile when its opcodes make no sense."""
        while True:
            machine = PickleMachine(self._window, self._name, persistent, self.at - self._begin)
            try:
                root = run(machine, progress)
            except CorruptFile as error:
                if not machine.ran_out:
                    raise
                if self._grow():
                    continue
                machine.fault(f"the file ends inside it, what came before is shown ({error})")
                root = machine.so_far()
            if machine.ran_out and self._grow():
                continue
            self.at = self._begin + machine.pos
            return Front(root, machine, not machine.unfinished)

    def bytes(self, length: int) -> bytes:
        """The next ``length`` bytes, which are no pickle; fewer at the end."""
        data = self._source.at(self.at, min(length, self.end - self.at))
        self.at += len(data)
        return data

    def _grow(self) -> bool:
        """Read a longer window; false when the file, or what is read of it, ends. What lies before a jump is let go."""
        if self.at > self._begin + len(self._window):
            self._window, self._begin = b"", self.at
        kept, begin = self._window, self._begin
        have = begin + len(kept)
        wanted = min(max(_FIRST_WINDOW, len(kept) * _GROWTH), _LARGEST_WINDOW, self.end - begin)
        if wanted <= len(kept):
            return False
        more = self._source.at(have, wanted - len(kept))
        self._window = kept + more
        return bool(more)
