"""Parts that were put into a model from outside of their own class: ``model.fc = nn.Linear(512, 10)``, ``self.net.classifier[-1] = ...``.

The class that holds such a part says how it made another one, so its line is not the one to change.
"""

import ast
import inspect
import linecache
import weakref
from functools import lru_cache
from operator import itemgetter
from types import FunctionType
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from torch import nn

from .module_facts import members_of
from .places import is_foreign

Step = Union[str, int, None]
"""An attribute, an index, or an index that is only known when it runs."""
_REGISTERING = ("add_module", "register_module")
_OTHERWISE = {"bias", "kernel_size", "stride", "padding", "dilation", "device", "dtype"}
"""Arguments that a module keeps in another form."""
_PACKAGES = ("site-packages", "dist-packages")


class Put(NamedTuple):
    """``root.step.step = value`` in a file: in the function or class ``scope``, "" for the file itself."""

    scope: str
    root: str
    steps: Tuple[Step, ...]
    value: ast.expr


class Replaced(NamedTuple):
    """What was put at a path: the file, and the expression that made it."""

    file: str
    value: ast.expr


class _Maker:
    """What made a model, and what was found to be put into it: while it is as it was made, before repairs of it are tried."""

    def __init__(self, model: nn.Module, file: str, scopes: Tuple[str, ...]) -> None:
        self.model = weakref.ref(model)
        self.file, self.scopes = file, scopes
        self.found: Optional[Dict[str, Replaced]] = None


_last: List[_Maker] = []


def note_maker(model: nn.Module, maker: Any, file: Optional[str]) -> None:
    """What the model that was constructed last was made by: a function, a class, or (a finished one) a file."""
    _last[:] = [_Maker(model, file or "", tuple(_scopes(maker)) or ("",))]


def _scopes(maker: Any) -> List[str]:
    """The functions that a maker runs, as far as they are of its own file: itself first, then those that it names, and those that they
    name."""
    constructor = getattr(maker, "__init__", None) if isinstance(maker, type) else maker
    waiting = [constructor] if isinstance(constructor, FunctionType) else []
    found: List[FunctionType] = []
    while waiting:
        function = waiting.pop(0)
        if function not in found:
            found.append(function)
            named = (function.__globals__.get(name) for name in function.__code__.co_names)
            same_file = function.__code__.co_filename
            waiting += [each for each in named if isinstance(each, FunctionType) and each.__code__.co_filename == same_file]
    return [function.__qualname__ for function in found]


def replaced(modules: Sequence[Tuple[str, nn.Module]], wanted: Optional[str] = None) -> Dict[str, Replaced]:
    """By path what was put there, for the modules of a tree, parents first; with ``wanted`` only what is there or above. Once it was asked
    of the whole model that is constructed now, that is the answer."""
    maker = next((each for each in _last if modules and each.model() is modules[0][1]), None)
    if maker is not None and maker.found is not None:
        return maker.found
    found = _searched(modules, maker, wanted)
    if maker is not None and wanted is None:
        maker.found = found
    return found


def _searched(modules: Sequence[Tuple[str, nn.Module]], maker: Optional[_Maker], wanted: Optional[str]) -> Dict[str, Replaced]:
    found: Dict[str, Replaced] = {}
    paths = [path for path, _ in modules] if wanted is None else _above(wanted)
    there = dict(modules)
    for owner, module, file, puts in _with_puts(modules, maker):
        for is_own, put in reversed(puts):  # the last one of a function is what is left
            whole = _resolved(module, put.steps)
            if whole is not None:
                meant = [f"{owner}.{whole}" if owner else whole]
            else:
                meant = [path for path in paths if path.startswith(owner) and _ends_in(path.split("."), put)]
            for path in meant:
                if path in there and _could_be(put, there[path], is_own and whole is not None):
                    found.setdefault(path, Replaced(file, put.value))
    return found


def _with_puts(
    modules: Sequence[Tuple[str, nn.Module]], maker: Optional[_Maker]
) -> Iterator[Tuple[str, nn.Module, str, List[Tuple[bool, Put]]]]:
    """The modules in whose classes something is put into others, before them the file that made the whole; of each put whether it
    surely was made for this one."""
    if maker is not None and maker.file:
        outside = [put for put in _puts(_text(maker.file)) if put.root != "self" and put.scope in maker.scopes]
        yield "", modules[0][1], maker.file, sorted(((put.scope == maker.scopes[0], put) for put in outside), key=itemgetter(0))
    known: Dict[type, Tuple[str, List[Tuple[bool, Put]]]] = {}
    for path, module in modules:
        kind = type(module)
        if kind not in known:
            file = _own_file(kind)
            name = kind.__qualname__
            known[kind] = file, [(True, put) for put in _puts(_text(file)) if put.scope == name] if file else []
        file, puts = known[kind]
        if puts:
            yield path, module, file, puts


def _own_file(kind: Any) -> str:
    """The file of a class of the user's; empty for those of libraries."""
    code = getattr(vars(kind).get("__init__"), "__code__", None)
    file = code.co_filename if code is not None else ""
    return "" if not file or is_foreign(file) or any(part in file for part in _PACKAGES) else file


def _resolved(module: nn.Module, steps: Sequence[Step]) -> Optional[str]:
    """The path that the steps lead to from a module; None where they lead nowhere."""
    names = []
    for step in steps:
        children = dict(members_of(module, "_modules"))
        if isinstance(step, int):
            step = list(children)[step] if -len(children) <= step < len(children) else None
        child = children.get(step) if step is not None else None
        if step is None or child is None:
            return None
        names.append(step)
        module = child
    return ".".join(names)


def _ends_in(parts: Sequence[str], put: Put) -> bool:
    """Whether a path ends in these steps: the name before them may stand for any part of the model."""
    if len(parts) < len(put.steps) or put.root == "self":
        return False
    pairs = zip(reversed(parts), reversed(put.steps))
    return all(
        part == step if isinstance(step, str) else part.isdigit() and (step is None or step < 0 or part == str(step))
        for part, step in pairs
    )


def _could_be(put: Put, module: nn.Module, is_sure: bool) -> bool:
    """A constructor is of the class of what is there, with its settings; what another expression gives is only known to be it where the
    place ``is_sure``."""
    call, kind = put.value, type(module).__name__
    if not isinstance(call, ast.Call):
        return is_sure and not isinstance(call, ast.Constant)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else call.func.id if isinstance(call.func, ast.Name) else ""
    return (name == kind and _has_settings(module, call)) or (is_sure and not name[:1].isupper())


def _has_settings(module: nn.Module, call: ast.Call) -> bool:
    """Whether the numbers and words that a constructor is given are those that the module has."""
    try:
        names = list(inspect.signature(type(module).__init__).parameters)[1:]
    except (TypeError, ValueError):
        return True
    given = [*zip(names, call.args), *((each.arg, each.value) for each in call.keywords)]
    return all(
        getattr(module, name, node.value) == node.value
        for name, node in given
        if name and isinstance(node, ast.Constant) and name not in _OTHERWISE
    )


def _above(path: str) -> List[str]:
    parts = path.split(".")
    return [".".join(parts[: depth + 1]) for depth in range(len(parts))]


def _text(file: str) -> str:
    return "".join(linecache.getlines(file)) if file else ""


@lru_cache(maxsize=64)
def _puts(source: str) -> Tuple[Put, ...]:
    """All that a file puts somewhere, in its order."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    found: List[Put] = []
    waiting: List[Tuple[str, bool, Sequence[ast.stmt]]] = [("", False, tree.body)]
    while waiting:
        scope, is_class, body = waiting.pop()
        for statement in body:
            if isinstance(statement, ast.ClassDef):
                waiting.append((f"{scope}.{statement.name}" if is_class else statement.name, True, statement.body))
            elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                waiting.append((scope if is_class else statement.name, False, statement.body))
            else:
                found += [Put(scope, *each) for each in _put_by(statement)]
                for name in ("body", "orelse", "finalbody"):
                    inner = getattr(statement, name, None)
                    if isinstance(inner, list):
                        waiting.append((scope, is_class, inner))
    return tuple(sorted(found, key=lambda put: put.value.lineno))


def _put_by(statement: ast.stmt) -> Iterator[Tuple[str, Tuple[Step, ...], ast.expr]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from _led(target, (), statement.value)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        is_method = isinstance(call.func, ast.Attribute) and call.func.attr in _REGISTERING and len(call.args) == 2
        if is_method and isinstance(call.func, ast.Attribute) and isinstance(call.args[0], ast.Constant):
            yield from _led(call.func.value, (str(call.args[0].value),), call.args[1])
        elif isinstance(call.func, ast.Name) and call.func.id == "setattr" and len(call.args) == 3:
            name = call.args[1]
            if isinstance(name, ast.Constant):
                yield from _led(call.args[0], (str(name.value),), call.args[2])


def _led(place: ast.expr, below: Tuple[Step, ...], value: ast.expr) -> Iterator[Tuple[str, Tuple[Step, ...], ast.expr]]:
    """The name and the steps of ``model.layers[1].fc``; nothing for a plain name, nor for an attribute of ``self``."""
    steps = list(below)
    while not isinstance(place, ast.Name):
        if isinstance(place, ast.Attribute):
            steps.insert(0, place.attr)
            place = place.value
        elif isinstance(place, ast.Subscript):
            steps.insert(0, _index(place.slice))
            place = place.value
        else:
            return
    if steps and (place.id != "self" or len(steps) > 1) and isinstance(steps[0], str):
        yield place.id, tuple(steps), value


def _index(node: ast.expr) -> Step:
    """A number or a name that is written down."""
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        sign, node = -1, node.operand
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, str):
        return value
    return sign * value if isinstance(value, int) and not isinstance(value, bool) else None
