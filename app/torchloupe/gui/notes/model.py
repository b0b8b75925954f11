"""Rows of the Notes panel."""

from collections.abc import Sequence

from torchloupe.analysis.notes import BOOKMARK, NOTE, Note, sign_words
from torchloupe.gui.text_table import Row

NAMELESS = "(the model)"


def note_rows(notes: Sequence[Note]) -> list[Row]:
    """One row for each; the key is kind and name."""
    return [_row(note) for note in notes]


def _row(note: Note) -> Row:
    words = ", ".join(sign_words(note.sign))
    return Row(
        cells=(note.sign, note.name or NAMELESS, note.kind, note.first_line),
        key=(note.kind, note.name),
        roles=("accent", None, "muted", None),
        tips=(words, note.name, note.kind, note.text),
        order=(words, note.name, note.kind, note.first_line),
    )


EMPTY = f"No notes yet. {BOOKMARK} marks what is selected (Ctrl+F2), {NOTE} writes about it (Ctrl+Shift+M); both are kept with the file."
