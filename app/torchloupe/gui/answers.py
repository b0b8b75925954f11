"""Options of the window that open none: they do one thing, say one thing, and end."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any


def add_answers(parser: argparse.ArgumentParser) -> None:
    """Declare them."""
    for option, answer in (("--add-to-menu", _add_to_menu), ("--remove-from-menu", _remove_from_menu), ("--licences", _licences)):
        parser.add_argument(option, action=_Answer, answer=answer, help=answer.__doc__)


class _Answer(argparse.Action):
    """Prints what ``answer`` returns and ends; with status 2 where files cannot be written."""

    def __init__(self, option_strings: Sequence[str], answer: Callable[[], str], **options: Any) -> None:
        super().__init__(option_strings, **{**options, "dest": argparse.SUPPRESS, "default": argparse.SUPPRESS}, nargs=0)
        self._answer = answer

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        try:
            text = self._answer()
        except OSError as error:
            parser.exit(2, f"torchloupe: {error.strerror}: {error.filename}\nMake room, or get the right to write there.\n")
        try:
            print(text, flush=True)
        except BrokenPipeError:  # whoever reads it has enough, and nothing may be flushed at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        parser.exit()


def _add_to_menu() -> str:
    """put Torchloupe into the applications menu of this user, with its icon and file types (Linux)"""
    from torchloupe.gui.menu_entry import add_to_menu

    return add_to_menu()


def _remove_from_menu() -> str:
    """take it out of the menu again"""
    from torchloupe.gui.menu_entry import remove_from_menu

    return remove_from_menu()


def _licences() -> str:
    """print the licences of everything that is shipped"""
    from torchloupe.gui.licences import licences_text

    return licences_text()
