"""``torchloupe``: no arguments or files open the window, a sub-command is the command line."""

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

COMMAND_NAMES = ("show", "diff", "tree", "run", "check")


def main(words: Sequence[str] | None = None) -> int:
    """Run with the words of the command line (default: those of the process). The exit status."""
    words = list(sys.argv[1:] if words is None else words)
    if words and (words[0] in COMMAND_NAMES or words[0].startswith("-")):
        from torchloupe.cli.command_line import run_command_line

        return run_command_line(words)
    wrong = [word for word in words if not _can_be_opened(word)]
    if wrong:
        print(_not_a_file(wrong[0]), file=sys.stderr)
        return 2
    from torchloupe.gui.main import run_window

    return run_window([Path(word) for word in words])


def _can_be_opened(word: str) -> bool:
    """A file, a folder, or a target with a name behind its file."""
    return Path(word).exists() or Path(word.rpartition(":")[0]).is_file()


def _not_a_file(word: str) -> str:
    close = difflib.get_close_matches(word, COMMAND_NAMES, 1)
    hint = f"Did you mean torchloupe {close[0]}?" if close else "See torchloupe --help."
    return f"{word} is neither a command nor a file. {hint}"


if __name__ == "__main__":
    sys.exit(main())
