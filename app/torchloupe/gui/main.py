"""Start the window: checks that have to come first, then the window, and what is slow only after its first picture."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from torchloupe.gui.answers import add_answers
from torchloupe.gui.display import has_display, missing_library, why_no_display, why_qt_does_not_load

BAD_PYSIDE = (
    "torchloupe: PySide6 {0} crashes Python {1}.\n"
    "Install a good pair: pip install 'PySide6-Essentials<6.12', or use Python 3.12 or newer."
)


def add_window_options(parser: argparse.ArgumentParser) -> None:
    """The options of the window, for whoever parses the command line."""
    parser.add_argument("paths", nargs="*", metavar="FILE", help="checkpoints, and .py files that define a model")
    parser.add_argument("--python", metavar="INTERPRETER", help="the Python that runs the model")
    parser.add_argument("--theme", choices=("light", "dark", "system"), help="colours of the window")
    parser.add_argument("--fresh", action="store_true", help="start without what was remembered, and remember nothing")
    parser.add_argument("--trust", action="store_true", help="run model files without asking for their folder")
    parser.add_argument(
        "--compare", action="store_true", help="put two checkpoints beside each other, or one beside that of the open window"
    )
    parser.add_argument(
        "--goto", metavar="NAME", default="", help="select this module, parameter or tensor; also: FILE::NAME[0, :]"
    )
    parser.add_argument("--new-window", action="store_true", help="open a window of its own, also where one is open")
    parser.add_argument("--log", metavar="FILE", help="write what is said to this file, too")
    parser.add_argument("--screenshot", metavar="FILE", help="open the files, save one picture of the window, quit")
    parser.add_argument("--screenshots", metavar="FOLDER", help="open the files, run, save pictures of the window, quit")


def window_main(arguments: Sequence[str]) -> int:
    """``torchloupe [FILES...]`` with the options of the window. Exit status 0, or 2 when there can be no window."""
    return run_window(**vars(window_parser().parse_args(arguments)))


def window_parser() -> argparse.ArgumentParser:
    """The parser of the words that open a window."""
    parser = argparse.ArgumentParser(prog="torchloupe", description="Opens the window.")
    add_window_options(parser)
    add_answers(parser)
    return parser


def run_window(
    paths: Sequence[str | Path] = (),
    *,
    python: str | None = None,
    theme: str | None = None,
    fresh: bool = False,
    trust: bool = False,
    compare: bool = False,
    goto: str = "",
    new_window: bool = False,
    log: str | None = None,
    screenshot: str | None = None,
    screenshots: str | None = None,
) -> int:
    """Open the window on these files and return when it is closed. Status 2 with a sentence when there can be no window."""
    headless = bool(screenshots or screenshot)
    trouble = why_no_window(headless) or why_qt_does_not_load(headless)
    if trouble:
        print(trouble, file=sys.stderr)
        return 2
    if headless and not has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    gc.disable()  # the window has a search of its own; this one would go through its modules again and again while they are loaded
    from torchloupe.gui.start_up import StartOptions, show_window
    from torchloupe.gui.wish import wish_of_words

    more = {"goto": goto, "compare": compare, "new_window": new_window, "python": python or "", "theme": theme or ""}
    wish = wish_of_words(list(map(str, paths)), Path.cwd(), token=os.environ.get("XDG_ACTIVATION_TOKEN", ""), **more)
    return show_window(wish, StartOptions(fresh, trust, screenshots, screenshot, log))


def why_no_window(headless: bool = False) -> str:
    """The reason why no window can be opened here, with what to do; empty when it can."""
    bad = bad_pyside(_pyside_version(), sys.version_info[:2])
    if bad:
        return bad
    return "" if headless else why_no_display() or missing_library()


def bad_pyside(pyside: str, python: tuple[int, ...]) -> str:
    """PySide6 6.12 loses a reference to None at every call; Python before 3.12 dies of it."""
    if pyside.split(".")[:2] == ["6", "12"] and tuple(python) < (3, 12):
        return BAD_PYSIDE.format(pyside, ".".join(map(str, python)))
    return ""


def _pyside_version() -> str:
    """The installed version, without loading Qt."""
    import PySide6

    return str(PySide6.__version__)
