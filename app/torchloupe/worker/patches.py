"""Repairs as patches of the user's files: unified diffs with paths from the project's folder."""

import ast
import inspect
import linecache
import os
from collections import Counter
from dataclasses import replace
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

from torch import nn
from torch.nn.utils import parametrize

from ..analysis.looped_arguments import element_of, looped_over
from ..analysis.parameter_shapes import shape_edits
from ..analysis.source_edits import (
    Edit,
    as_written,
    edited,
    given_argument,
    handed_on_name,
    last_name,
    patch_text,
    patched_with_all,
    span_of_node,
    with_argument,
)
from ..wire.problems import Fix, Problem
from .definitions import assignment, definition_calls, function_tree
from .module_tree import walk_modules
from .places import Places
from .repairs import RECURRENT, SET_SHAPE
from .source_trial import files_of


def source_patch(
    file: str, edits: Sequence[Edit], places: Places, model: Optional[nn.Module] = None, fixes: Sequence[Fix] = ()
) -> str:
    """The patch that makes these edits, and with them the changes of arguments that go along with them, where they are in the same file.

    Empty for a source that cannot be read.
    """
    source = _source(file)
    made = Made(model) if model is not None and fixes else None
    found = [made.edit(fix) for fix in fixes] if made is not None else []
    along = [edit[1] for edit in found if edit is not None and edit[0] == file]
    return _patch(file, places, source, edited(source, [*edits, *along])) if source else ""


def _patch(file: str, places: Places, before: str, after: str) -> str:
    """The patch as the file is written: what was imported has other ends of lines, and always one at its end."""
    try:
        with open(file, encoding="utf-8", errors="replace", newline="") as raw:
            before, after = as_written(raw.read(), before, after)
    except OSError:  # it is not there any more
        pass
    return patch_text(_name(file, places), before, after)


def patch_of_several(fixes: Sequence[Fix], model: nn.Module, places: Places) -> str:
    """The patch that makes changes of arguments which only help together; empty where one of them has no line, or another file."""
    made = Made(model)
    found = [edit for edit in map(made.edit, fixes) if edit is not None]
    files = {file for file, _ in found}
    if len(found) < len(fixes) or len(files) != 1 or not all(map(places.is_project, files)):
        return ""
    return source_patch(files.pop(), [edit for _, edit in found], places)


def with_patches(problems: Sequence[Problem], model: nn.Module, places: Places) -> Tuple[Problem, ...]:
    """The problems, each verified change of a constructor's argument with its patch where the source says which call it is."""
    if not any(_is_wanted(fix) for problem in problems for fix in problem.fixes):
        return tuple(problems)
    made = Made(model)

    def patched(fix: Fix, along: FrozenSet[str]) -> Fix:
        found = made.edit(fix, along) if _is_wanted(fix) else None
        if found is None or not places.is_project(found[0]):
            return fix
        return replace(fix, patch=source_patch(found[0], [found[1]], places))

    def with_fixes(problem: Problem) -> Problem:
        along = frozenset(row["module"] for row in problem.data.get("consequences", ()) if row["code"] == problem.code)
        return replace(problem, fixes=tuple(patched(fix, along) for fix in problem.fixes))

    return _with_patch_of_all(tuple(map(with_fixes, problems)), model, places)


def _with_patch_of_all(problems: Tuple[Problem, ...], model: nn.Module, places: Places) -> Tuple[Problem, ...]:
    """Where all first fixes together were tried with success, the first problem has the patch that makes them all, file by file."""
    firsts = [next((fix.patch for fix in problem.fixes if fix.verified), "") for problem in problems]
    if len(problems) < 2 or not problems[0].data.get("runs_with_all_fixes") or not all(firsts):
        return problems
    known = {
        *files_of(model),
        *(file for problem in problems for file in (problem.file, problem.data.get("definition_file")) if file),
    }
    files = {_name(file, places): file for file in known}
    named: Dict[str, List[str]] = {}
    for patch in firsts:
        named.setdefault(patch.partition("\n")[0][len("--- a/") :].strip(), []).append(patch)
    whole: List[str] = []
    for name, patches in named.items():
        before = _source(files[name]) if name in files else ""
        after = patched_with_all(before, patches)
        whole.append(_patch(files[name], places, before, after) if before and after is not None else "")
    first, *others = problems
    return (replace(first, data={**first.data, "patch_of_all": "".join(whole)}), *others) if all(whole) else problems


class Made:
    """The calls that made the modules of a model, as they are written."""

    def __init__(self, model: nn.Module) -> None:
        self._kinds: Dict[str, Any] = {path: _written_kind(module) for path, module in walk_modules(model)}
        self._calls = definition_calls(walk_modules(model))
        outer = [path for path in self._calls if not self._is_inside(path)]
        spots = Counter(map(self._spot, outer))
        self._alone = {path for path in outer if spots[self._spot(path)] == 1}

    def _is_inside(self, path: str) -> bool:
        """Whether it came along with what is around it: the parametrizations of a layer."""
        around = path.rpartition(".")[0]
        while around and around not in self._calls:
            around = around.rpartition(".")[0]
        return bool(around) and self._spot(around) == self._spot(path)

    def edit(self, fix: Fix, along: FrozenSet[str] = frozenset()) -> Optional[Tuple[str, Edit]]:
        """The change of an argument, with its file: where the module is made, alone or with others that want it ``along``, else where a
        part of the model hands the argument on to it alone."""
        if fix.kind == SET_SHAPE:
            return self._reshaped(fix)
        path, value = fix.module or "", tuple(fix.value) if isinstance(fix.value, list) else fix.value
        beside = {each for each in self._calls if path in self._calls and self._spot(each) == self._spot(path)} - {path}
        edit = self._edit_here(path, fix.argument or "", value) if beside and beside <= along else None
        return (self._calls[path][0], edit) if edit is not None else self._edit(path, fix.argument or "", value)

    def _reshaped(self, fix: Fix) -> Optional[Tuple[str, Edit]]:
        """The change of the sizes with which a parameter is made, where one of them alone is another."""
        kind = self._kinds[fix.module or ""]
        if sum(each is kind for each in self._kinds.values()) > 1:  # the line makes that of others, too
            return None
        made = assignment(kind, fix.argument or "")
        edits = shape_edits(made[1], fix.value) if made is not None else ()
        return (made[0], edits[0]) if made is not None and len(edits) == 1 else None

    def argument_at(self, fix: Fix) -> Optional[Tuple[str, Edit]]:
        """The same in the line that makes the module, however many others it makes."""
        found = self._edit_here(fix.module or "", fix.argument or "", fix.value)
        return (self._calls[fix.module or ""][0], found) if found is not None else None

    def _edit(self, path: str, argument: str, value: Any) -> Optional[Tuple[str, Edit]]:
        edit = self._edit_here(path, argument, value)
        if edit is not None and path in self._alone:
            return self._calls[path][0], edit
        owner, call = path.rpartition(".")[0], self._calls.get(path)
        handed_on = handed_on_name(call[1], argument, _names(self._kinds[path])) if call is not None else None
        if handed_on is None:
            return None
        if not owner or not _is_used_once(self._kinds[owner], handed_on):
            return self._edit_listed(path, handed_on, value)
        return self._edit(owner, handed_on, value)

    def _edit_listed(self, path: str, name: str, value: Any) -> Optional[Tuple[str, Edit]]:
        """The change of one number in the list that a comprehension makes ``path`` and others of."""
        call, owner = self._calls[path][1], self._maker(path)
        tree = _constructor_tree(self._kinds[owner]) if owner is not None else None
        looped = looped_over(tree, call, name) if tree is not None else None
        if owner is None or looped is None:
            return None
        made = [each for each in self._calls if self._spot(each) == self._spot(path) and self._maker(each) == owner]
        places, listed, file = (made.index(path), *looped.within), looped.listed, self._calls[path][0]
        while True:
            element = element_of(listed, places)
            if element is not None:
                return file, Edit(span_of_node(element), repr(value))
            kind = self._kinds[owner]
            if not isinstance(listed, ast.Name) or owner not in self._alone or not _is_used_once(kind, listed.id):
                return None
            given = given_argument(self._calls[owner][1], listed.id, _names(kind))
            above = self._maker(owner)
            if given is None or above is None:
                return None
            listed, file, owner = given, self._calls[owner][0], above

    def _maker(self, path: str) -> Optional[str]:
        """The part of the model whose constructor says how ``path`` is made."""
        _, call = self._calls[path]
        while path:
            path = path.rpartition(".")[0]
            tree = _constructor_tree(self._kinds[path])
            if tree is not None and call in ast.walk(tree):
                return path
        return None

    def _edit_here(self, path: str, argument: str, value: Any) -> Optional[Edit]:
        kind, found = self._kinds.get(path), self._calls.get(path)
        if kind is None or found is None:
            return None
        file, call = found
        call = _constructor_in(call, kind.__name__)
        return with_argument(_source(file), call.lineno, kind.__name__, argument, value, _names(kind), call.col_offset)

    def _spot(self, path: str) -> Tuple[str, int, int]:
        file, call = self._calls[path]
        return file, call.lineno, call.col_offset


def _written_kind(module: nn.Module) -> Any:
    """The class as it stands in the source: torch makes one of its own for a parametrized module."""
    kind = type(module)
    return kind.__bases__[0] if parametrize.is_parametrized(module) and kind.__name__.startswith("Parametrized") else kind


def _constructor_in(made: ast.expr, name: str) -> ast.expr:
    """The call of the class inside of what made the module: ``weight_norm(nn.Linear(4, 2))``."""
    calls = [node for node in ast.walk(made) if isinstance(node, ast.Call)]
    of_class = [call for call in calls if last_name(call.func) == name]
    return of_class[0] if len(of_class) == 1 else made


def _names(kind: Any) -> List[str]:
    """The parameters of a constructor in their order; those of the recurrent layers are hidden behind stars."""
    if issubclass(kind, nn.RNNBase):
        return list(RECURRENT)
    try:
        return list(inspect.signature(kind.__init__).parameters)[1:]
    except (TypeError, ValueError):
        return []


def _constructor_tree(kind: Any) -> Optional[ast.AST]:
    code = getattr(getattr(kind, "__init__", None), "__code__", None)
    return function_tree(code) if code is not None else None


def _is_used_once(kind: Any, name: str) -> bool:
    """Whether a constructor has this parameter and reads it in one place."""
    tree = _constructor_tree(kind) if name in _names(kind) else None
    return tree is not None and sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree)) == 1


def _source(file: str) -> str:
    return "".join(linecache.getlines(file))


def _is_wanted(fix: Fix) -> bool:
    is_named = bool(fix.argument) and (bool(fix.module) or fix.kind == SET_SHAPE)
    return fix.kind in ("set_argument", SET_SHAPE) and fix.verified and not fix.patch and is_named


def _name(file: str, places: Places) -> str:
    """From the folder of the project, with the slashes of every patch."""
    path = os.path.realpath(file)
    root = places.root or os.path.dirname(path) + os.sep
    return (path[len(root) :] if path.startswith(root) else os.path.basename(path)).replace(os.sep, "/")
