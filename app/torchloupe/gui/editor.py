"""Open a place of the user's source in the user's editor. Always a list of words, never a shell."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping

TEMPLATES = {
    "code": ["--goto", "{file}:{line}"],
    "codium": ["--goto", "{file}:{line}"],
    "cursor": ["--goto", "{file}:{line}"],
    "pycharm": ["--line", "{line}", "{file}"],
    "subl": ["{file}:{line}"],
    "zed": ["{file}:{line}"],
    "kate": ["--line", "{line}", "{file}"],
    "gedit": ["+{line}", "{file}"],
    "mousepad": ["--line={line}", "{file}"],
    "gvim": ["+{line}", "{file}"],
    "emacs": ["+{line}", "{file}"],
    "emacsclient": ["--no-wait", "+{line}", "{file}"],
    "idea": ["--line", "{line}", "{file}"],
}
"""What each editor wants to hear; the order is the order in which they are looked for."""

IN_TERMINAL = {"vi", "vim", "nvim", "nano", "micro", "ed", "ex", "joe", "pico", "helix", "hx"}
"""Editors that need a terminal, which the window has not."""

FOREIGN = ("LD_LIBRARY_PATH", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH")
"""What a frozen app sets for itself and an editor must not inherit."""


def editor_words(file: str, line: int | None, environment: Mapping[str, str] = os.environ) -> list[str] | None:
    """The command that shows this place: ``$VISUAL`` or ``$EDITOR`` when it has a window, the terminal's own editor, else the first
    one that is installed. None when there is none."""
    wanted = [environment.get("VISUAL", ""), environment.get("EDITOR", "")]
    if environment.get("TERM_PROGRAM") == "vscode":
        wanted.append("code")
    for text in [*wanted, *TEMPLATES]:
        words = _split(text)
        name = os.path.basename(words[0]).removesuffix(".exe") if words else ""
        program = shutil.which(words[0], path=environment.get("PATH")) if words and name not in IN_TERMINAL else None
        if program:
            template = TEMPLATES.get(name, ["{file}"])
            return [program, *words[1:], *(part.format(file=file, line=line or 1) for part in template)]
    return None


def open_in_editor(file: str, line: int | None) -> bool:
    """Start the editor and do not wait for it. False when none was found or it did not start."""
    words = editor_words(file, line)
    if words is None:
        return False
    environment = {key: value for key, value in os.environ.items() if key not in FOREIGN and not key.startswith(("_PYI", "_MEI"))}
    try:
        subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    return True


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, posix=os.name != "nt")
    except ValueError:
        return []
