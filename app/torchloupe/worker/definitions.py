"""Where in the source a module or a tensor was made: the line of ``self.fc1 = nn.Linear(...)`` that a module path stands for."""

import ast
import inspect
import linecache
import textwrap
import tokenize
from functools import lru_cache
from types import CodeType
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from torch import nn

from ..analysis.source_edits import last_name
from .made_lines import call_at, function_around, line_of
from .module_facts import members_of
from .places import Place

_REGISTERING = ("add_module", "register_module", "register_buffer", "register_parameter")


class _Made(NamedTuple):
    """The expression that made something; ``divisible`` while its parts stand for what is below."""

    file: str
    value: ast.expr
    divisible: bool = True


def definition_place(model: nn.Module, path: str) -> Optional[Place]:
    """File and line that created the module at ``path``; None when the source does not tell."""
    above: List[Tuple[str, nn.Module]] = [("", model)]
    for name in path.split(".") if path else []:
        before, owner = above[-1]
        module = dict(members_of(owner, "_modules")).get(name)
        if module is None:
            return None
        above.append((f"{before}.{name}" if before else name, module))
    return _place(dict(_all_made(above)).get(path))


def definition_places(modules: Iterable[Tuple[str, nn.Module]]) -> Dict[str, Place]:
    """The same for all modules of a tree, parents first; those of which the source tells nothing are left out."""
    return {path: (made.file, made.value.lineno) for path, made in _all_made(modules)}


def definition_calls(modules: Iterable[Tuple[str, nn.Module]]) -> Dict[str, Tuple[str, ast.expr]]:
    """The same as file and expression, with lines and columns as they are in the file."""
    return {path: (made.file, made.value) for path, made in _all_made(modules)}


def _all_made(modules: Iterable[Tuple[str, nn.Module]]) -> Iterator[Tuple[str, _Made]]:
    made: Dict[str, Tuple[Any, Optional[_Made]]] = {}
    for path, module in modules:
        above, _, name = path.rpartition(".")
        found = _as_seen(_made(made[above][0], name, made[above][1]), module) if path else None
        made[path] = (type(module), found)
        if found is not None:
            yield path, found


def _as_seen(found: Optional[_Made], module: nn.Module) -> Optional[_Made]:
    """What its class says made it, unless another line was seen to do it."""
    seen = line_of(module)
    if seen is None:
        return found
    file, line = seen
    if found is not None:
        covers = found.file == file and found.value.lineno <= line <= (found.value.end_lineno or found.value.lineno)
        if covers or (isinstance(found.value, ast.Call) and last_name(found.value.func) == function_around(seen)):
            return found
    return _Made(file, call_at(seen, type(module).__name__))


def assignment_place(kind: Any, name: str) -> Optional[Place]:
    """File and line where a class or one of its bases, none of torch, assigns an attribute of itself."""
    return _place(_assigned(kind, name))


def assignment_text(kind: Any, name: str) -> str:
    """What a class assigns to an attribute of itself, as source; empty when the source does not tell."""
    made = _assigned(kind, name)
    return "" if made is None else ast.unparse(made.value)


def assignment(kind: Any, name: str) -> Optional[Tuple[str, ast.expr]]:
    """The same as file and expression."""
    made = _assigned(kind, name)
    return None if made is None else (made.file, made.value)


def _place(made: Optional[_Made]) -> Optional[Place]:
    return None if made is None else (made.file, made.value.lineno)


def _made(owner: Any, name: str, above: Optional[_Made]) -> Optional[_Made]:
    """What made the child ``name`` of a module of class ``owner``, which itself was made by ``above``."""
    assigned = _assigned(owner, name)
    if assigned is not None or above is None or not above.divisible:
        return assigned or above
    part = _part(above.value, name)
    return above._replace(divisible=False) if part is None else above._replace(value=part)


@lru_cache(maxsize=8192)
def _assigned(kind: Any, name: str) -> Optional[_Made]:
    for code in _functions(kind):
        if name in code.co_names or name in code.co_consts:  # only then is its source worth reading
            value = _assignments(code).get(name)
            if value is not None:
                return _Made(code.co_filename, value)
    return None


@lru_cache(maxsize=1024)
def _functions(kind: Any) -> Tuple[CodeType, ...]:
    """The functions of a class and its bases, the class itself first, its constructor before all."""
    found: List[CodeType] = []
    for base in kind.__mro__:
        if str(base.__module__).startswith("torch.") or base is object:
            continue
        members = [vars(base).get("__init__"), *vars(base).values()]
        unwrapped = [inspect.unwrap(member) for member in members if inspect.isfunction(member)]
        found += [function.__code__ for function in unwrapped if inspect.isfunction(function)]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=1024)
def function_tree(code: CodeType) -> Optional[ast.Module]:
    """The source of a function, with the lines and columns of its file; None when it cannot be read."""
    try:
        lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :]
        block = inspect.getblock(lines)
        text = textwrap.dedent("".join(block))
        tree = ast.parse(text)
    except (SyntaxError, ValueError, IndexError, tokenize.TokenError):
        return None
    ast.increment_lineno(tree, code.co_firstlineno - 1)
    cut = len(block[0].encode()) - len(text.partition("\n")[0].encode()) - 1 if block else 0
    for node in ast.walk(tree) if cut > 0 else ():
        if isinstance(node, (ast.expr, ast.stmt)):
            node.col_offset += cut
            node.end_col_offset = (node.end_col_offset or 0) + cut
    return tree


@lru_cache(maxsize=1024)
def _assignments(code: CodeType) -> Dict[str, ast.expr]:
    """Attribute name to assigned expression for each ``self.NAME = ...`` in a function."""
    tree = function_tree(code)
    found: Dict[str, ast.expr] = {}
    for node in ast.walk(tree) if tree is not None else ():
        for name, value in _self_assignments(node):
            found.setdefault(name, value)
    return found


def _self_assignments(node: ast.AST) -> Iterator[Tuple[str, ast.expr]]:
    targets: List[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _REGISTERING:
        constant = node.args[0] if node.args else None
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
            yield constant.value, node.args[1] if len(node.args) > 1 else node
    for target in targets:
        value = getattr(node, "value", None)
        if (
            value is not None
            and isinstance(target, ast.Attribute)
            and isinstance(target.value, ast.Name)
            and target.value.id == "self"
        ):
            yield target.attr, value


def _part(value: ast.expr, name: str) -> Optional[ast.expr]:
    """The part of a container expression (``nn.Sequential(a, b)``, ``nn.ModuleList([a, b])``) that a name leads to."""
    parts: List[ast.expr] = []
    if isinstance(value, ast.Call):
        parts = value.args
        if len(parts) == 1 and isinstance(parts[0], (ast.List, ast.Tuple)):
            parts = parts[0].elts
        elif len(parts) == 1 and isinstance(parts[0], ast.Call) and _is_named_dict(parts[0]):
            parts = parts[0].args[0].elts if parts[0].args and isinstance(parts[0].args[0], ast.List) else []
        each = parts[0].value if len(parts) == 1 and isinstance(parts[0], ast.Starred) else parts[0] if len(parts) == 1 else None
        if isinstance(each, (ast.ListComp, ast.GeneratorExp)):
            return each.elt
    for number, part in enumerate(parts):
        if isinstance(part, ast.Starred):
            return None
        if isinstance(part, ast.Tuple) and len(part.elts) == 2 and isinstance(part.elts[0], ast.Constant):
            if part.elts[0].value == name:
                return part.elts[1]
        elif str(number) == name:
            return part
    return None


def _is_named_dict(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "OrderedDict"
