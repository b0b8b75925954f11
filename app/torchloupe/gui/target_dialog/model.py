"""What is typed into the target dialog, judged without widgets."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torchloupe.analysis.target_source import split_target
from torchloupe.wire.requests import TargetChoice, TargetChoices


@dataclass(frozen=True)
class Typed:
    """What the fields hold: ``place`` is a file or an import path, ``name`` a class or factory, ``arguments`` JSON text."""

    place: str
    name: str
    arguments: str


def arguments_of(text: str) -> dict[str, Any] | None:
    """The constructor keywords of a JSON text, None for an empty one. Raises ``ValueError`` with a sentence."""
    if not text.strip():
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"The arguments are not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise ValueError('The arguments must be a JSON object, such as {"width": 64}.')
    return found


def trouble(typed: Typed, choice: TargetChoice | None) -> str:
    """Why this cannot be opened yet, as a sentence; empty when it can."""
    if not typed.place.strip():
        return "Give a Python file, or an import path such as package.module:Class."
    place, _name = split_target(typed.place.strip())
    if place.endswith(".py") and not Path(place).expanduser().is_file():
        return f"There is no file {place}."
    if choice and choice.required and typed.arguments == skeleton(choice):
        return f"Fill in {', '.join(choice.required)}."
    try:
        given = arguments_of(typed.arguments) or {}
    except ValueError as error:
        return str(error)
    lacking = [name for name in choice.required if name not in given] if choice else []
    if lacking:
        return f"{typed.name} needs {', '.join(lacking)}."
    return ""


def skeleton(choice: TargetChoice | None) -> str:
    """JSON with the required arguments, their values to be filled in."""
    return "{" + ", ".join(f'"{name}": ' for name in choice.required) + "}" if choice and choice.required else ""


def choice_text(choice: TargetChoice) -> str:
    """One line of the list of choices."""
    bases = f"({', '.join(choice.bases)})" if choice.bases else ""
    summary = f"  {choice.summary}" if choice.summary else ""
    return f"{choice.name}{bases}, {choice.kind} in line {choice.line}{summary}"


def named(choices: TargetChoices | None, name: str) -> TargetChoice | None:
    """The choice with this name."""
    return next((choice for choice in choices.choices if choice.name == name), None) if choices else None
