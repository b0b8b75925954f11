"""Import what the user points at, without running more of it than an import runs."""

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Callable, List, Optional, Tuple

from ..analysis.target_source import PROVIDED, split_target, target_choices
from ..wire.errors import UsageError
from ..wire.problems import Problem
from ..wire.requests import TargetChoices
from .explain import CouldNotRun, problem_of
from .places import Places


@dataclass(frozen=True)
class Target:
    """An imported target: ``make`` is the class, factory or finished module that ``name`` stands for."""

    text: str
    module: ModuleType
    file: Optional[str]
    name: str
    make: Any
    places: Places

    def function(self, name: str) -> Optional[Callable[..., Any]]:
        """A function that the target's own file offers (``example_inputs``, ``loss_fn``), or None."""
        value = getattr(self.module, name, None)
        return value if callable(value) else None


def list_targets(text: str) -> TargetChoices:
    """What ``file.py`` or ``package.module`` offers, by reading its source. Raises ``UsageError`` or ``CouldNotRun``."""
    place, _ = split_target(text)
    file = place if place.endswith(".py") else _find_source(place)
    return _choices_in(file)


def import_target(text: str) -> Target:
    """Import ``file.py``, ``file.py:Name`` or ``package.module:Name``. Raises ``UsageError`` or ``CouldNotRun``."""
    place, name = split_target(text)
    is_file = place.endswith(".py") or os.path.sep in place
    file = os.path.abspath(os.path.expanduser(place)) if is_file else _find_source(place)
    if is_file and not os.path.isfile(file):
        raise UsageError(f"There is no file {file}.", "Check the path; a target is file.py, file.py:Name or package.module:Name.")
    name = name or _default_name(file)
    package_root, dotted = _package_of(file) if is_file else (os.getcwd(), place)
    places = Places(os.path.dirname(file))
    try:
        module = _load(file, package_root, dotted)
    except (Exception, SystemExit) as error:
        raise CouldNotRun(problem_of(error, "import-failed", f"Importing {os.path.basename(file)} failed", places)) from error
    return Target(text, module, file, name, _attribute(module, name, file), places)


def target_folder(text: str) -> str:
    """The folder that a target's own imports come from, found without importing or checking anything."""
    place, _ = split_target(text)
    if place.endswith(".py") or os.path.sep in place:
        return _package_of(os.path.abspath(os.path.expanduser(place)))[0]
    return os.getcwd()


def _find_source(dotted: str) -> str:
    """The source file of an importable module, found without importing the module itself."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        spec = importlib.util.find_spec(dotted)
    except (Exception, SystemExit) as error:
        raise CouldNotRun(problem_of(error, "import-failed", f"Looking for `{dotted}` failed", Places())) from error
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        raise UsageError(
            f"This Python ({sys.executable}) finds no source for `{dotted}`.",
            "Check the spelling, start in the folder it is imported from, or choose the interpreter that has it.",
        )
    return spec.origin


def _package_of(file: str) -> Tuple[str, str]:
    """The folder to import from and the dotted name, so that relative imports inside a package work."""
    folder, stem = os.path.split(os.path.splitext(file)[0])
    names: List[str] = [] if stem == "__init__" else [stem]
    while os.path.isfile(os.path.join(folder, "__init__.py")) and os.path.basename(folder).isidentifier():
        folder, name = os.path.split(folder)
        names.insert(0, name)
    return folder, ".".join(names)


def _load(file: str, root: str, dotted: str) -> ModuleType:
    if root not in sys.path:
        sys.path.insert(0, root)
    if "." in dotted or not os.path.samefile(os.path.dirname(file), root):
        return importlib.import_module(dotted)
    name = dotted if dotted.isidentifier() and dotted not in sys.modules else f"_torchloupe_target_{abs(hash(file))}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _choices_in(file: str) -> TargetChoices:
    try:
        with open(file, encoding="utf-8-sig") as stream:
            source = stream.read()
        return target_choices(source, file)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Check the path and its permissions.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text.", "Is it a Python file?") from error
    except SyntaxError as error:
        error.filename = error.filename or file
        message = f"{os.path.basename(file)} is not valid Python"
        raise CouldNotRun(problem_of(error, "import-failed", message, Places())) from error


def _default_name(file: str) -> str:
    choices = _choices_in(file)
    if choices.default is not None:
        return choices.default
    names = [choice.name for choice in choices.choices]
    base = os.path.basename(file)
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
