"""Import what the user points at, without running more of it than an import runs."""

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Callable, Optional, Sequence, Tuple

from ..analysis.target_source import PROVIDED, split_target, target_choices
from ..wire.errors import UsageError
from ..wire.problems import Problem
from ..wire.requests import TargetChoices
from .explain import CouldNotRun, problem_of
from .import_failures import import_problem
from .import_folders import ImportFolders, import_folders
from .no_downloads import DownloadInsisted, no_downloads
from .places import Places
from .source_loader import load_module, parsed, read_text

_MODEL_FILES = (".pt", ".pth", ".pt2", ".bin", ".pkl", ".ckpt", ".ts")


@dataclass(frozen=True)
class Target:
    """An imported target: ``make`` is the class, factory or finished module that ``name`` stands for."""

    text: str
    module: ModuleType
    file: Optional[str]
    name: str
    make: Any
    places: Places
    problems: Tuple[Problem, ...] = ()

    def function(self, name: str) -> Optional[Callable[..., Any]]:
        """A function that the target's own file offers (``example_inputs``, ``loss_fn``), or None."""
        value = getattr(self.module, name, None)
        return value if callable(value) else None


def list_targets(text: str) -> TargetChoices:
    """What ``file.py`` or ``package.module`` offers, by reading its source. Raises ``UsageError`` or ``CouldNotRun``."""
    place, _ = split_target(text)
    file = place if place.endswith(".py") else _find_source(place)
    return _choices_in(file)


def import_target(text: str, folders: Sequence[str] = (), allow_downloads: bool = False) -> Target:
    """Import ``file.py``, ``file.py:Name`` or ``package.module:Name``. Raises ``UsageError`` or ``CouldNotRun``.

    ``folders`` are searched for its imports, too.
    """
    place, name = split_target(text)
    is_file = _is_file(place)
    file = _absolute(place) if is_file else _find_source(place)
    if is_file and not os.path.isfile(file):
        raise UsageError(f"There is no file {file}.", "Check the path; a target is file.py, file.py:Name or package.module:Name.")
    choices = _choices_in(file)
    name = name or _default_name(choices)
    where = import_folders(file, parsed(file)) if is_file else ImportFolders(os.getcwd(), place)
    where.apply(folders)
    sys.argv[:] = [file]  # as in a plain run of the script
    places = Places(os.path.dirname(file))
    with no_downloads(allow_downloads) as refusals:
        try:
            module = _load(file, where, is_file)
        except (Exception, SystemExit, DownloadInsisted) as error:
            refused = refusals.problem(error, "import-failed", os.path.basename(file), places)
            raise CouldNotRun(refused or import_problem(error, file, places)) from error
    return Target(text, module, file, name, _attribute(module, name, file), places, choices.problems)


def go_to(folder: Optional[str]) -> None:
    """Make a folder the current one, which relative paths start from. Raises ``UsageError``."""
    if folder:
        try:
            os.chdir(os.path.expanduser(folder))
        except OSError as error:
            raise UsageError(f"{folder} cannot be the working folder: {error.strerror}.", "Name a folder that exists.") from error


def target_folder(text: str) -> str:
    """The folder that a target's own imports come from, found without importing or checking anything."""
    place, _ = split_target(text)
    if _is_file(place):
        file = _absolute(place)
        return import_folders(file, parsed(file)).root
    return os.getcwd()


def _is_file(place: str) -> bool:
    return place.endswith((".py", *_MODEL_FILES)) or os.path.sep in place


def _absolute(place: str) -> str:
    return os.path.abspath(os.path.expanduser(place))


def _load(file: str, where: ImportFolders, is_file: bool) -> ModuleType:
    if not is_file:
        return importlib.import_module(where.dotted)
    return load_module(file, where.dotted, is_script=os.path.dirname(file) == where.root)


def _find_source(dotted: str) -> str:
    """The source file of an importable module, found without importing the module itself."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        spec = importlib.util.find_spec(dotted)
    except ModuleNotFoundError:
        spec = None
    except (Exception, SystemExit) as error:
        raise CouldNotRun(problem_of(error, "import-failed", f"Looking for `{dotted}` failed", Places())) from error
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise UsageError(
            f"This Python ({sys.executable}) finds no source for `{dotted}`.",
            "Check the spelling, start in the folder it is imported from, or choose the interpreter that has it.",
        )
    return spec.origin


def _choices_in(file: str) -> TargetChoices:
    try:
        with open(file, "rb") as stream:
            source = _decoded(stream.read(), file)
        return target_choices(source, file, read_text)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Check the path and its permissions.") from error
    except SyntaxError as error:
        error.filename = error.filename or file
        raise CouldNotRun(import_problem(error, file, Places())) from error
    except ValueError as error:
        raise UsageError(f"{file} cannot be read as Python: {error}.", "Is it a Python file?") from error


def _decoded(data: bytes, file: str) -> str:
    """The text of a source file, in the encoding that its first lines name."""
    try:
        return importlib.util.decode_source(data)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is not UTF-8 text, and names no other encoding.", "Is it a Python file?") from error


def _default_name(choices: TargetChoices) -> str:
    names = [choice.name for choice in choices.choices]
    if choices.default is not None or len(names) == 1:
        return choices.default or names[0]
    file, base = choices.file, os.path.basename(choices.file)
    if not names:
        raise UsageError(f"{base} defines no Module class and no factory.", f"Name one: {base}:Name.")
    raise CouldNotRun(
        Problem(
            "target-choice",
            f"{base} offers {len(names)} models: {', '.join(names[:12])}.",
            hint=f"Name one: {base}:{names[0]}.",
            file=file,
            data={"choices": names},
        )
    )


def _attribute(module: ModuleType, name: str, file: str) -> Any:
    value: Any = module
    for part in name.split("."):
        if not hasattr(value, part):
            offered = [choice.name for choice in _choices_in(file).choices]
            raise UsageError(
                f"{os.path.basename(file)} has no `{name}`.",
                f"It offers {', '.join(offered)}." if offered else "It defines no Module class and no factory.",
            )
        value = getattr(value, part)
    return value


def provided(target: Target) -> Tuple[str, ...]:
    """Which of the functions that Torchloupe uses the target's file defines."""
    return tuple(name for name in PROVIDED if target.function(name) is not None)
