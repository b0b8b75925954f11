"""Why a target could not be imported, with the offer that mends it."""

import os
import re
import sys
import traceback
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Tuple

from ..analysis.package_names import package_of
from ..analysis.python_versions import gone_since, version_text, written_for
from ..wire.problems import Fix, Problem
from .error_words import words_of
from .explain import problem_of, said_by
from .import_folders import folders_with, holds_module
from .missing_gpu import gpu_change
from .places import Places, is_foreign

Change = Optional[Dict[str, Any]]
"""What is said in place of the plain problem."""

_NO_NAME = re.compile(r"cannot import name '([^']+)' from (partially initialized module )?'([^']+)'")
_PARTIAL = re.compile(r"partially initialized module '([^']+)'")


def import_problem(error: BaseException, file: str, places: Places) -> Problem:
    """The problem of a file whose import raised."""
    base = os.path.basename(file)
    problem = problem_of(error, "import-failed", f"Importing {base} failed", places)
    near = [os.path.dirname(file), os.getcwd()]
    for explain in _EXPLAIN:
        change = explain(error, base, near)
        if change:
            return replace(problem, **change)
    return problem


def _syntax(error: BaseException, base: str, _near: List[str]) -> Change:
    if not isinstance(error, SyntaxError):
        return None
    line = (error.text or "").rstrip()
    data: Dict[str, Any] = {"text": line.strip(), "column": error.offset}
    where = f"line {error.lineno} of {os.path.basename(error.filename or base)}"
    written = written_for(line)
    if written and written > sys.version_info[:2]:
        version, this = version_text(written), version_text(sys.version_info[:2])
        text = f"Choose an interpreter with Python {version} or newer."
        message = f"{where[0].upper()}{where[1:]} is written for Python {version}; this is Python {this}."
        return {"message": message, "hint": text, "fixes": (Fix("choose_interpreter", text, value=f">={version}"),), "data": data}
    shown = line.strip()
    if error.offset and shown:
        indent = len(line) - len(line.lstrip())
        data["caret"] = shown + "\n" + " " * max(0, error.offset - 1 - indent) + "^"
    return {
        "message": f"{base} is not valid Python: {type(error).__name__}: {error.msg}, {where}: {shown[:200]}".rstrip(": "),
        "data": data,
    }


def _circular(error: BaseException, base: str, _near: List[str]) -> Change:
    if not isinstance(error, (ImportError, AttributeError)):
        return None
    found = _PARTIAL.search(words_of(error))
    if found is None:
        return None
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not is_foreign(frame.filename)]
    places: Dict[str, int] = {}
    for frame in reversed(frames):
        if not places or frame.filename not in places:
            places[frame.filename] = frame.lineno or 1
        if len(places) == 2:
            break
    chain = [f"{os.path.basename(path)} (line {line})" for path, line in reversed(list(places.items()))] or [base]
    text = "Import inside the function that needs it, or move what both need into a third file."
    who = f"{' and '.join(chain)} import each other" if len(chain) > 1 else f"{chain[0]} imports itself"
    return {
        "message": f"Circular import: {who}, so `{found.group(1)}` is only half there: {said_by(error)}",
        "hint": text,
        "fixes": (Fix("edit_source", text),),
        "data": {"places": [[path, line] for path, line in places.items()]},
    }


def _missing_module(error: BaseException, base: str, near: List[str]) -> Change:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    name, first = error.name, error.name.partition(".")[0]
    folders = [folder for folder in folders_with(name, near) if folder not in sys.path]
    if folders:
        text = f"Import from {folders[0]}, too (--import-folder {folders[0]})."
        fixes = tuple(Fix("add_to_path", f"Import from {folder}, too.", value=folder) for folder in folders[:3])
        message = f"{base} imports `{name}`, which lies in {folders[0]}; Python does not look there."
        return {"message": message, "hint": text, "fixes": fixes, "data": {"module": name, "folders": folders[:3]}}
    gone = gone_since(first)
    if gone and gone <= sys.version_info[:2]:
        text = f"Choose an interpreter older than Python {version_text(gone)}."
        message = f"{base} imports `{first}`, which Python no longer has since {version_text(gone)}."
        return {"message": message, "hint": text, "fixes": (Fix("choose_interpreter", text, value=f"<{version_text(gone)}"),)}
    if (first != name and sys.modules.get(first) is not None) or any(
        holds_module(folder, first) for folder in sys.path if folder
    ):
        where = getattr(sys.modules.get(first), "__file__", None)
        message = f"{base} imports `{name}`, and `{first}`{f' of {where}' if where else ''} has no such part."
        return {"message": message, "hint": "Check the spelling, or the version that is installed.", "data": {"module": name}}
    return _not_installed(name, first)


def _not_installed(name: str, first: str) -> Dict[str, Any]:
    package = package_of(first)
    called = f" (the package is {package})" if package != first else ""
    choose = f"Choose an interpreter that has {first}."
    command = f"{sys.executable} -m pip install {package}"
    return {
        "message": f"`{first}` is not installed in this Python ({sys.executable}){called}.",
        "hint": f"Install `{package}` in this interpreter ({command}), or choose the one that has it (--python).",
        "fixes": (
            Fix("choose_interpreter", choose, value=first),
            Fix("install_package", f"Install it: {command}", value=package),
        ),
        "data": {"module": name, "package": package, "interpreter": sys.executable},
    }


def _missing_name(error: BaseException, base: str, _near: List[str]) -> Change:
    found = _NO_NAME.search(words_of(error)) if isinstance(error, ImportError) else None
    if found is None:
        return None
    name, _, module = found.groups()
    file = getattr(sys.modules.get(module), "__file__", None)
    version = getattr(sys.modules.get(module.partition(".")[0]), "__version__", None)
    said = f" ({module.partition('.')[0]} {version})" if version else ""
    message = f"{base} imports `{name}`, which `{module}`{said} does not have."
    hint = (
        f"It was taken from {file}: is that the one that is meant, and its version?" if file else "Check the installed version."
    )
    return {"message": message, "hint": hint, "data": {"module": module, "name": name}}


def _missing_file(error: BaseException, base: str, near: List[str]) -> Change:
    if not isinstance(error, FileNotFoundError) or not isinstance(error.filename, (str, bytes)):
        return None
    wanted = os.fsdecode(error.filename)
    if os.path.isabs(wanted):
        text = f"It is an absolute path: put {wanted} there, or correct the path."
        return {"message": f"{base} reads {wanted} when it is imported, and there is no such file.", "hint": text}
    here = os.getcwd()
    folder = next((each for each in _upwards(near[0]) if os.path.exists(os.path.join(each, wanted))), None)
    message = f"{base} reads {wanted} when it is imported; there is none in {here}, where it runs."
    if folder is None:
        return {
            "message": message,
            "hint": f"Start in the folder that holds {wanted}, or correct the path.",
            "data": {"missing": wanted},
        }
    text = f"Run it in {folder}, where {wanted} is found."
    hint = f"{text[:-1]} (--working-folder {folder})."
    return {
        "message": message,
        "hint": hint,
        "fixes": (Fix("set_working_folder", text, value=folder),),
        "data": {"missing": wanted, "folder": folder},
    }


def _upwards(folder: str) -> List[str]:
    folders = [folder]
    while os.path.dirname(folders[-1]) != folders[-1] and len(folders) < 6:
        folders.append(os.path.dirname(folders[-1]))
    return folders


def _left_at_once(error: BaseException, base: str, _near: List[str]) -> Change:
    if not isinstance(error, SystemExit):
        return None
    names = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if not any(os.path.basename(name) == "argparse.py" for name in names):
        return None
    return {
        "message": f"{base} reads its command line when it is imported, and wants options that are not there.",
        "hint": 'Parse the arguments under `if __name__ == "__main__":`, or give them defaults. What it wants stands in the log.',
    }


def _no_gpu(error: BaseException, base: str, _near: List[str]) -> Change:
    return gpu_change(error, f"Importing {base}")


_EXPLAIN: Tuple[Callable[[BaseException, str, List[str]], Change], ...] = (
    _syntax, _circular, _missing_module, _no_gpu, _missing_name, _missing_file, _left_at_once,
)  # fmt: skip
