"""Repairs as patches of the user's files: unified diffs with paths from the project's folder."""

import inspect
import linecache
import os
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

from torch import nn

from ..analysis.source_edits import Edit, edited, patch_text, with_argument
from ..wire.problems import Fix, Problem
from .definitions import definition_places
from .module_tree import walk_modules
from .places import Places


def source_patch(
    file: str, edits: Sequence[Edit], places: Places, model: Optional[nn.Module] = None, fixes: Sequence[Fix] = ()
) -> str:
    """The patch that makes these edits, and with them the changes of arguments that go along with them, where they are in the same file.

    Empty for a source that cannot be read.
    """
    source = "".join(linecache.getlines(file))
    where = _made_alone(model) if model is not None and fixes else {}
    found = [
        argument_edit(fix, model, where[fix.module or ""]) for fix in fixes if model is not None and (fix.module or "") in where
    ]
    along = [edit for edit, fix in zip(found, fixes) if edit is not None and where[fix.module or ""][0] == file]
    return patch_text(_name(file, places), source, edited(source, [*edits, *along])) if source else ""


def with_patches(problems: Sequence[Problem], model: nn.Module, places: Places) -> Tuple[Problem, ...]:
    """The problems, each verified change of a constructor's argument with its patch where the source says which call it is."""
    if not any(_is_wanted(fix) for problem in problems for fix in problem.fixes):
        return tuple(problems)
    where = _made_alone(model)

    def patched(fix: Fix) -> Fix:
        place = where.get(fix.module or "") if _is_wanted(fix) else None
        return fix if place is None else replace(fix, patch=_argument_patch(fix, model, place, places))

    return tuple(replace(problem, fixes=tuple(map(patched, problem.fixes))) for problem in problems)


def _made_alone(model: nn.Module) -> Dict[str, Tuple[str, int]]:
    """Where each module was made that no other of its kind shares the line with."""
    modules = list(walk_modules(model))
    kinds = {path: type(module).__name__ for path, module in modules}
    made: Dict[Tuple[str, int, str], List[str]] = {}
    for path, (file, line) in definition_places(modules).items():
        made.setdefault((file, line, kinds[path]), []).append(path)
    return {paths[0]: place[:2] for place, paths in made.items() if len(paths) == 1}


def argument_edit(fix: Fix, model: nn.Module, place: Tuple[str, int]) -> Optional[Edit]:
    """The change of a layer's constructor call at ``place``."""
    kind: Any = type(model.get_submodule(fix.module or ""))
    try:
        names = list(inspect.signature(kind.__init__).parameters)[1:]
    except (TypeError, ValueError):
        return None
    source = "".join(linecache.getlines(place[0]))
    return with_argument(source, place[1], kind.__name__, fix.argument or "", _value(fix.value), names)


def _argument_patch(fix: Fix, model: nn.Module, place: Tuple[str, int], places: Places) -> str:
    edit = argument_edit(fix, model, place) if places.is_project(place[0]) else None
    return source_patch(place[0], [edit], places) if edit is not None else ""


def _is_wanted(fix: Fix) -> bool:
    return fix.kind == "set_argument" and fix.verified and not fix.patch and bool(fix.module and fix.argument)


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _name(file: str, places: Places) -> str:
    """From the folder of the project, with the slashes of every patch."""
    path = os.path.realpath(file)
    root = places.root or os.path.dirname(path) + os.sep
    return (path[len(root) :] if path.startswith(root) else os.path.basename(path)).replace(os.sep, "/")
