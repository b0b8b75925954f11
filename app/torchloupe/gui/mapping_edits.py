"""What a person has decided about the mapping of the open checkpoint to the open model."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Signal

from torchloupe.analysis.diff_rows import DiffRow, StateDictDiff
from torchloupe.gui.undoing import Undoing

KIND = "mapping"


class MappingEdits(QObject):
    """Holds ``locked``: by the checkpoint's key the model's, "" for a key that is to have none. Every change is solved again around
    it, by ``solve_again``, and can be undone."""

    changed = Signal()

    def __init__(self, solve_again: Callable[[], object], undoing: Undoing, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.locked: dict[str, str] = {}
        self._solve_again, self._undoing = solve_again, undoing
        self._about: object = None
        self._rows: tuple[StateDictDiff | None, dict[str, DiffRow], dict[str, DiffRow]] = (None, {}, {})

    def about(self, subject: object) -> None:
        """What is decided is about these two sides: where they are others, nothing is decided yet."""
        if subject != self._about:
            self._about = subject
            self._undoing.forget(KIND)
            if self.locked:
                self.locked = {}
                self.changed.emit()

    def decide(self, text: str, locked: dict[str, str]) -> None:
        """From now on this is decided; ``text`` says in words what was done."""
        if locked != self.locked:
            self._undoing.do(KIND, text, partial(self._use, locked), partial(self._use, self.locked))

    def pair(self, pairs: Sequence[tuple[str, str]]) -> None:
        """These keys of the checkpoint and of the model belong together."""
        from torchloupe.analysis.mapping_edits import mapped

        if pairs:
            (found, expected), more = pairs[0], len(pairs) - 1
            words = self.tr("pair {0} with {1}").format(found, expected) + _and_more(more)
            self.decide(words, mapped(self.locked, pairs))

    def leave_out(self, found: Sequence[str]) -> None:
        """These keys of the checkpoint have no home."""
        if found:
            words = self.tr("leave out {0}").format(found[0]) + _and_more(len(found) - 1)
            self.decide(words, {**self.locked, **dict.fromkeys(found, "")})

    def unlock(self, found: Sequence[str]) -> None:
        """What was decided of these keys of the checkpoint is to be solved again."""
        gone = [key for key in found if key in self.locked]
        if gone:
            words = self.tr("unlock {0}").format(gone[0]) + _and_more(len(gone) - 1)
            self.decide(words, {key: home for key, home in self.locked.items() if key not in set(gone)})

    def _use(self, locked: dict[str, str]) -> None:
        self.locked = locked
        self.changed.emit()
        self._solve_again()

    def row_of(self, diff: StateDictDiff | None, expected: str | None, found: str | None) -> DiffRow | None:
        """The row of a key of the model, or else of the checkpoint."""
        if self._rows[0] is not diff:
            rows: Iterable[DiffRow] = diff.rows if diff is not None else ()
            self._rows = diff, {r.expected.key: r for r in rows if r.expected}, {r.found.key: r for r in rows if r.found}
        return self._rows[1].get(expected or "") if expected is not None else self._rows[2].get(found or "")


def _and_more(count: int) -> str:
    return f" and {count:,} more" if count else ""
