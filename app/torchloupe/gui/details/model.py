"""Everything about the one selection, decided before it is drawn: a title, sentences, facts in sections, a source place, fixes."""

from dataclasses import dataclass, field, replace

from torchloupe.analysis.notes import Note
from torchloupe.gui.marks import Mark
from torchloupe.gui.source_places import SourcePlace
from torchloupe.wire.problems import Fix


@dataclass(frozen=True)
class Fact:
    """One line: ``role`` colours the value; ``link`` leads there: ``module:encoder.fc1``, ``call:7``, ``parameter:``, ``stored:``,
    ``problem:0``."""

    name: str
    value: str
    role: str = ""
    link: str = ""


@dataclass(frozen=True)
class Section:
    """Facts under a heading; the first section of most things has none."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Details:
    """What the panel shows. ``sentences`` are the hint and the like, ``folded`` is what a person unfolds."""

    title: str
    subtitle: str = ""
    mark: Mark | None = None
    sentences: tuple[str, ...] = ()
    sections: tuple[Section, ...] = field(default=())
    places: tuple[SourcePlace, ...] = ()
    fixes: tuple[Fix, ...] = ()
    folded: str = ""

    def as_text(self) -> str:
        """All of it as tab-separated text."""
        lines = [
            " ".join(part for part in (self.mark.text if self.mark else "", self.title, self.subtitle) if part),
            *self.sentences,
        ]
        lines += [f"fix\t{fix.text}" for fix in self.fixes]
        for section in self.sections:
            lines += [section.title] if section.title else []
            lines += [f"{fact.name}\t{fact.value}" for fact in section.facts]
        lines += [f"{place.what}\t{place}" for place in self.places]
        return "\n".join(lines)


def with_note(details: Details | None, note: Note | None) -> Details | None:
    """What a person wrote about it comes before the facts."""
    if details is None or note is None or not note.says_something:
        return details
    kind = "bookmark" if note.marked and not note.text.strip() else "note"
    section = Section("", (Fact(f"{note.sign} {kind}", note.text.strip() or "marked", "accent"),))
    return replace(details, sections=(section, *details.sections))
