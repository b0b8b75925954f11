"""``torchloupe``: no arguments or files open the window, a sub-command is the command line."""

import sys
from collections.abc import Sequence
from pathlib import Path

COMMAND_NAMES = ("show", "diff", "rank", "tree", "run", "step", "check", "convert", "interpreters")
HELP = ("-h", "--help")


def main(words: Sequence[str] | None = None) -> int:
    """Run with the words of the command line (default: those of the process). The exit status."""
    words = list(sys.argv[1:] if words is None else words)
    if words and words[0] in (*COMMAND_NAMES, *HELP, "--version"):
        from torchloupe.cli.command_line import run_command_line

        status = run_command_line(words)
        if words[0] in HELP:
            from torchloupe.gui.main import window_parser

            print("\n" + window_parser().format_help(), end="")
        return status
    if words and not words[0].startswith("-") and not _can_be_opened(words[0]):
        print(_not_a_file(words[0]), file=sys.stderr)
        return 2
    from torchloupe.gui.main import window_main

    return window_main(words)


def _can_be_opened(word: str) -> bool:
    """A file, a folder, a tensor in a file (``model.pt::key``), a target with a name behind its file, or an import path with a name."""
    if Path(word.rpartition("::")[0]).is_file():
        return True
    place, colon, name = word.rpartition(":")
    return Path(word).exists() or Path(place).is_file() or (bool(colon) and name.isidentifier() and "/" not in place)


def _not_a_file(word: str) -> str:
    import difflib

    close = difflib.get_close_matches(word, COMMAND_NAMES, 1)
    hint = f"Did you mean torchloupe {close[0]}?" if close else "See torchloupe --help."
    return f"{word} is neither a command nor a file. {hint}"


if __name__ == "__main__":
    sys.exit(main())
