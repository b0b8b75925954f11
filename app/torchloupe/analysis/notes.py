"""Notes and bookmarks that a person puts on modules, parameters and stored tensors: what they are, as a file, and as a report."""

from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, List

MODULE, PARAMETER, TENSOR = "module", "parameter", "tensor"
KINDS = (MODULE, PARAMETER, TENSOR)
BOOKMARK, NOTE = "★", "✎"
"""How they are said without colour."""


@dataclass(frozen=True)
class Note:
    """What is written about one thing. ``kind`` is one of ``KINDS``, ``name`` the module path or whole key ("" is the model itself)."""

    kind: str
    name: str
    text: str = ""
    marked: bool = False

    @property
    def says_something(self) -> bool:
        """There is a text or a bookmark."""
        return bool(self.text.strip()) or self.marked

    @property
    def sign(self) -> str:
        """``★✎``."""
        return (BOOKMARK if self.marked else "") + (NOTE if self.text.strip() else "")

    @property
    def first_line(self) -> str:
        """What a table shows of the text."""
        return " ".join(self.text.split())


def sign_words(sign: str) -> List[str]:
    """A sign for a screen reader."""
    return [word for glyph, word in ((BOOKMARK, "bookmark"), (NOTE, "note")) if glyph in sign]


def notes_object(about: str, notes: Iterable[Note]) -> Dict[str, Any]:
    """The notes on one file as plain JSON."""
    return {"schema": 1, "about": about, "notes": [asdict(note) for note in notes if note.says_something]}


def notes_of_object(plain: Any) -> List[Note]:
    """What ``notes_object`` made; what is no note in it is left out. Raises ``ValueError`` when it is no list of notes at all."""
    listed = plain.get("notes") if isinstance(plain, dict) else None
    if not isinstance(listed, list):
        raise ValueError("It holds no list of notes.")
    found = []
    for each in listed:
        if isinstance(each, dict) and each.get("kind") in KINDS and isinstance(each.get("name"), str):
            found.append(Note(each["kind"], each["name"], str(each.get("text") or ""), bool(each.get("marked"))))
    return found


def note_lines(notes: Iterable[Note]) -> List[str]:
    """One line of a report for each; what stands in backticks is a name."""
    told = (note for note in notes if note.says_something)
    return [
        f"{note.sign} `{note.name or '(model)'}` ({note.kind})" + (f": {note.first_line}" if note.first_line else "")
        for note in told
    ]
