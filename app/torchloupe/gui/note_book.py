"""The notes and bookmarks on what is open: kept in one small file for each target and each checkpoint."""

import contextlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, SignalInstance

from torchloupe.analysis.notes import MODULE, PARAMETER, TENSOR, Note, notes_object, notes_of_object
from torchloupe.analysis.stored_names import full_key
from torchloupe.analysis.target_source import split_target
from torchloupe.gui.selecting import Selection
from torchloupe.gui.undoing import Undoing

KIND = "note"
_LONGEST = 60


class Notes(QObject):
    """Those on the open model and on the open checkpoint. Without a folder they last as long as the window."""

    changed = Signal()
    went_wrong = Signal(str)  # a sentence: a file could not be read or written

    def __init__(
        self,
        abouts: Callable[[], tuple[str, str]],
        selected: Callable[[], Selection],
        undoing: Undoing,
        opened: Sequence[SignalInstance],
        parent: QObject | None = None,
    ) -> None:
        """``abouts`` says which target and which checkpoint are open ("" is none), ``opened`` that others are."""
        super().__init__(parent)
        self._abouts, self._selected, self._undoing = abouts, selected, undoing
        self._folder: Path | None = None
        self._notes: dict[str, dict[tuple[str, str], Note]] = {}  # by what they are about
        self._unsaved: set[str] = set()  # about what there are notes that could not be written
        for signal in opened:
            signal.connect(self._opened)

    def keep_in(self, folder: Path | None) -> None:
        """From now on notes are kept in this folder."""
        self._folder = folder
        self._notes = {}
        self._opened()

    # what there is

    def listed(self) -> list[Note]:
        """All on what is open: those on the model first, by name."""
        abouts = [self._about(kind) for kind in (MODULE, TENSOR)]
        return [note for about in abouts if about for _, note in sorted(self._notes.get(about, {}).items())]

    def of(self, kind: str, name: str) -> Note:
        """The note on one thing; one that says nothing where there is none."""
        return self._notes.get(self._about(kind), {}).get((kind, name), Note(kind, name))

    def sign(self, kind: str, name: str) -> str:
        """What stands beside its name in a table: ``★``, ``✎``, both or nothing."""
        note = self._notes.get(self._about(kind), {}).get((kind, name)) if self._notes else None
        return note.sign if note else ""

    def of_selection(self) -> Note | None:
        """The note on what is selected; None when that is nothing that bears one."""
        place = place_of_selection(self._selected())
        return self.of(*place) if place and self._about(place[0]) else None

    # writing

    def write(self, note: Note, text: str) -> None:
        """Another text for it."""
        if text.strip() != note.text.strip():
            self._change(note, replace(note, text=text), self.tr("note on {0}") if text.strip() else self.tr("no note on {0}"))

    def toggle_mark(self, note: Note) -> None:
        """Put a bookmark, or take it away."""
        words = self.tr("remove bookmark of {0}") if note.marked else self.tr("bookmark {0}")
        self._change(note, replace(note, marked=not note.marked), words)

    def _change(self, before: Note, after: Note, words: str) -> None:
        about, name = self._about(before.kind), (before.name or self.tr("the model"))[-_LONGEST:]
        if about:  # else what it was about was closed meanwhile
            self._undoing.do(KIND, words.format(name), partial(self._put, about, after), partial(self._put, about, before))

    def _put(self, about: str, note: Note) -> None:
        notes = self._known(about)
        notes.pop((note.kind, note.name), None)
        if note.says_something:
            notes[note.kind, note.name] = note
        self._notes[about] = notes
        self._save(about)
        self.changed.emit()

    # files

    def _about(self, kind: str) -> str:
        """What a kind of note is kept for: the target without its arguments, or the checkpoint."""
        target, checkpoint = self._abouts()
        return checkpoint if kind == TENSOR else target

    def _file(self, about: str) -> Path | None:
        if self._folder is None:
            return None
        import hashlib  # after the first picture

        place, name = split_target(about)
        whole = os.path.abspath(place) if place.endswith(".py") else about
        key = hashlib.sha256(f"{whole}:{name or ''}".encode()).hexdigest()[:24]
        return self._folder / f"{key}.json"

    def _opened(self) -> None:
        for about in filter(None, (self._about(MODULE), self._about(TENSOR))):
            self._notes[about] = self._known(about)
        self.changed.emit()

    def _known(self, about: str) -> dict[tuple[str, str], Note]:
        """What is kept, for another window may have written since; where that could not be, what this one has."""
        own, kept = self._notes.get(about, {}), self._read(about)
        return own if kept is None else {**kept, **own} if about in self._unsaved else kept

    def _read(self, about: str) -> dict[tuple[str, str], Note] | None:
        """What is kept; None where nothing is, or nothing that can be read."""
        file = self._file(about)
        if file is None or not file.exists():
            return None
        try:
            return {(note.kind, note.name): note for note in notes_of_object(json.loads(file.read_text(encoding="utf-8")))}
        except (OSError, ValueError) as error:
            with contextlib.suppress(OSError):
                file.replace(file.with_suffix(".broken"))
            self.went_wrong.emit(self.tr("The notes on {0} cannot be read and were put aside: {1}").format(about, error))
            return None

    def _save(self, about: str) -> None:
        file = self._file(about)
        if file is None:
            return
        text = json.dumps(notes_object(about, self._notes[about].values()), indent=1)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            new = file.with_suffix(".new")
            new.write_text(text, encoding="utf-8")
            new.replace(file)
            self._unsaved.discard(about)
        except OSError as error:
            self._unsaved.add(about)
            self.went_wrong.emit(self.tr("The note is not kept for the next start: {0}").format(error))


def place_of_selection(selection: Selection) -> tuple[str, str] | None:
    """Kind and name of what is selected; a call and a problem stand for their module."""
    if selection.stored is not None:
        return TENSOR, full_key(selection.stored)
    if selection.parameter is not None:
        return PARAMETER, selection.parameter
    return (MODULE, selection.module) if selection.module is not None else None
