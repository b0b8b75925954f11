"""The Pythons of this machine as text."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .terminal import Terminal
from .text_columns import columns

if TYPE_CHECKING:
    from torchloupe.session.discovery import Interpreter


def interpreter_lines(found: "Sequence[Interpreter]", terminal: Terminal) -> list[str]:
    """A line for each."""
    if not found:
        return ["No Python was found."]
    has = ("has",) if any(each.modules for each in found) else ()
    rows = [("Interpreter", "Python", "torch", "devices", "found", *has)]
    rows += [
        (each.path, each.python, each.torch or each.trouble, device_text(each), each.origin, *(each.modules or ("",))[: len(has)])
        for each in found
    ]
    title, *lines = columns(rows, width=terminal.width, elastic=(0, 2))
    return [terminal.paint(title, "strong"), *lines]


def device_text(found: "Interpreter") -> str:
    """Its devices; before anybody asked for them, what its torch was made for."""
    return ", ".join(found.devices) or found.build
