"""What is typed into the target dialog, judged without widgets."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torchloupe.analysis import argument_sources
from torchloupe.analysis.argument_sources import SOURCE_WORDS
from torchloupe.analysis.argument_starts import leaf_values
from torchloupe.analysis.target_source import split_target
from torchloupe.gui.marks import Mark
from torchloupe.gui.plain_text import plain_text
from torchloupe.wire.arguments import ArgumentField, ArgumentForm, SolvedArgument
from torchloupe.wire.requests import TargetChoice, TargetChoices

SOURCE_MARKS = {
    "given": Mark("✎", SOURCE_WORDS["given"], "accent"),
    "stored": Mark("■", SOURCE_WORDS["stored"], "matched"),
    "shapes": Mark("✓", SOURCE_WORDS["shapes"], "matched"),
    "default": Mark("○", SOURCE_WORDS["default"], "muted"),
    "guess": Mark("▲", SOURCE_WORDS["guess"], "warning"),
}


def arguments_of(text: str) -> dict[str, Any] | None:
    """The constructor keywords of a JSON text, None for an empty one. Raises ``ValueError`` with a sentence."""
    if not text.strip():
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The arguments are not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ValueError('The arguments must be a JSON object, such as {"width": 64}.')
    return found


def place_trouble(text: str, is_remote: bool = False) -> str:
    """Why nothing can be opened from there, as a sentence; empty when something may. What lies elsewhere is not looked at."""
    if not text.strip():
        return "Give a Python file, or an import path such as package.module:Class."
    place, _name = split_target(text.strip())
    if place.endswith(".py") and not is_remote and not Path(place).expanduser().is_file():
        return f"There is no file {place}."
    return ""


def folders_of(text: str, is_remote: bool = False) -> tuple[str, ...]:
    """The folders of a line, as many as there are between the separators of paths; those of this machine whole."""
    parts = [part.strip() for part in text.split(os.pathsep) if part.strip()]
    return tuple(part if is_remote else os.path.abspath(os.path.expanduser(part)) for part in parts)


def folders_trouble(text: str) -> str:
    """What is wrong with them, as a sentence; empty when nothing is."""
    gone = next((folder for folder in folders_of(text) if not os.path.isdir(folder)), None)
    return f"There is no folder {gone}." if gone else ""


def target_of(place_text: str, name_text: str, is_remote: bool = False) -> str:
    """``file.py:Name`` or ``package.module:Name`` of the two fields; the place alone when no name is given. A path is whole."""
    place, name = split_target(place_text.strip())
    if place.endswith(".py") and not is_remote:
        place = str(Path(place).expanduser().absolute())
    name = name_text.strip() or name or ""
    return f"{place}:{name}" if name and place else place


def form_of_choice(target: str, choice: TargetChoice | None) -> ArgumentForm:
    """What the source of a class says without being run: the names of the arguments that must be given."""
    required = choice.required if choice else ()
    fields = tuple(ArgumentField(name, "other") for name in required)
    return ArgumentForm(target, target.rpartition(":")[2], fields, choice.summary if choice else "", takes_any=True)


def note_text(source: SolvedArgument) -> str:
    """The second column of a row: a glyph, and shortly from what."""
    return plain_text(f"{SOURCE_MARKS[source.source].glyph} {argument_sources.source_text(source)}")


def as_remembered(source: SolvedArgument, stored: Mapping[str, Any], remembered: Mapping[str, Any]) -> SolvedArgument:
    """What was taken from the last time and not from the checkpoint is said so."""
    leaf = source.name.rpartition(".")[2]
    known = leaf_values(stored)
    if source.source == "stored" and leaf in leaf_values(remembered) and known.get(leaf, _NOTHING) != source.value:
        return SolvedArgument(source.name, source.value, "given", "As the last time.")
    return source


_NOTHING = object()


def choice_text(choice: TargetChoice) -> str:
    """One line of the list of choices."""
    bases = f"({', '.join(choice.bases)})" if choice.bases else ""
    summary = f"  {choice.summary}" if choice.summary else ""
    return f"{choice.name}{bases}, {choice.kind} in line {choice.line}{summary}"


def named(choices: TargetChoices | None, name: str) -> TargetChoice | None:
    """The choice with this name."""
    return next((choice for choice in choices.choices if choice.name == name), None) if choices else None
