"""Open a place of the user's source in the user's editor. Always a list of words, never a shell."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping

from torchloupe.session.environment import without_our_libraries

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

TERMINAL_EXAMPLE = "xterm -e vim +{line} {file}"
"""How such an editor is started all the same."""

started: "list[subprocess.Popen[bytes]]" = []
"""Editors that were started; those that have ended are let go with the next one."""

NAMES = {
    "code": "VS Code",
    "codium": "VSCodium",
    "cursor": "Cursor",
    "pycharm": "PyCharm",
    "subl": "Sublime Text",
    "idea": "IntelliJ IDEA",
}
"""What some of them are called."""


def editor_words(file: str, line: int | None, environment: Mapping[str, str] = os.environ, command: str = "") -> list[str] | None:
    """The command that shows this place: ``command``, when a person chose one; else ``$VISUAL`` or ``$EDITOR`` when it has a window,
    the terminal's own editor, or the first one that is installed. None when there is none."""
    if command.strip():
        return None if command_problem(command, environment) else _filled(command, file, line, environment)
    wanted = [environment.get("VISUAL", ""), environment.get("EDITOR", "")]
    if environment.get("TERM_PROGRAM") == "vscode":
        wanted.append("code")
    for text in [*wanted, *TEMPLATES]:
        words = _split(text)
        found = None if words and _name_of(words) in IN_TERMINAL else _filled(text, file, line, environment)
        if found:
            return found
    return None


def _filled(text: str, file: str, line: int | None, environment: Mapping[str, str]) -> list[str] | None:
    """The words of a command with the place in them, behind them when it does not say where."""
    words = _split(text)
    program = shutil.which(words[0], path=environment.get("PATH")) if words else None
    if program is None:
        return None
    template = words[1:]
    if not any("{file}" in word for word in template):
        template += TEMPLATES.get(_name_of(words), ["{file}"])
    numbered = (word.replace("{line}", str(line or 1)).replace("{column}", "1") for word in template)
    return [program, *(word.replace("{file}", file) for word in numbered)]


def command_problem(command: str, environment: Mapping[str, str] = os.environ) -> str:
    """Why a command that a person chose cannot be started, and what to do; empty when it can."""
    words = _split(command)
    if not words:
        return "A quote in the command is not closed. Add the one that is missing."
    if _name_of(words) in IN_TERMINAL:
        return f"{_name_of(words)} needs a terminal. Put one in front ({TERMINAL_EXAMPLE}), or choose an editor with a window."
    if shutil.which(words[0], path=environment.get("PATH")) is None:
        return f"There is no program {words[0]} here. Correct the name, or type its whole path."
    return ""


def _name_of(words: list[str]) -> str:
    return os.path.basename(words[0]).removesuffix(".exe")


def found_editors(environment: Mapping[str, str] = os.environ) -> list[tuple[str, str]]:
    """The editors that are installed: what each is called, and its command with ``{file}`` and ``{line}``."""
    found = []
    for program, template in TEMPLATES.items():
        if shutil.which(program, path=environment.get("PATH")):
            found.append((NAMES.get(program, program), " ".join([program, *template])))
    return found


def open_in_editor(file: str, line: int | None, command: str = "") -> bool:
    """Start the editor and do not wait for it. False when none was found or it did not start."""
    words = editor_words(file, line, command=command)
    if words is None:
        return False
    started[:] = [process for process in started if process.poll() is None]
    try:
        process = subprocess.Popen(
            words,
            env=without_our_libraries(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    started.append(process)
    return True


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text, posix=os.name != "nt")
    except ValueError:
        return []
