"""Which arguments are modules though no annotation says so: a class keeps them under ``self`` and calls them once it is built."""

import ast
from typing import Dict, Iterator, List, Set, Tuple

Argument = Tuple[str, str]
"""A class or function, and the name of one of its arguments."""


def module_arguments(source: str) -> Set[Argument]:
    """Those of the classes of a file, and of what hands its own arguments on to them. Empty when it is not Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    methods = {id(each) for node in classes for each in node.body}
    makers = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and id(node) not in methods}
    found: Set[Argument] = set()
    parents: Dict[str, str] = {}
    for node in classes:
        own = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
        if "__init__" in own:
            makers[node.name] = own["__init__"]
            parents[node.name] = next((base.id for base in node.bases if isinstance(base, ast.Name)), "")
            found |= {(node.name, name) for name in _kept_and_called(own)}
    return _handed_on(found, makers, parents)


def _kept_and_called(methods: Dict[str, ast.FunctionDef]) -> Set[str]:
    begin = methods["__init__"]
    building = {"__init__", *_own_calls(begin)}
    called = {name for method in methods if method not in building for name in _own_calls(methods[method])}
    return {name for attribute, name in _kept(begin) if attribute in called} & set(_names(begin))


def _own_calls(function: ast.FunctionDef) -> Iterator[str]:
    """``encoder`` of ``self.encoder(x)``."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "self":
            yield node.func.attr


def _kept(function: ast.FunctionDef) -> Iterator[Tuple[str, str]]:
    """``self.encoder = encoder``, also where there is another one in place of None."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            value: ast.expr = node.value
            value = value.values[0] if isinstance(value, ast.BoolOp) else value
            sides = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            names = [side.id for side in sides if isinstance(side, ast.Name)]
            yield from ((target.attr, name) for target in node.targets if isinstance(target, ast.Attribute) for name in names)


def _handed_on(found: Set[Argument], makers: Dict[str, ast.FunctionDef], parents: Dict[str, str]) -> Set[Argument]:
    """``found``, and what a class or function hands on to one of them."""
    pairs = {
        ((name, own), (callee, argument))
        for name, function in makers.items()
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and (callee := _callee(call.func, parents.get(name, ""))) in makers
        for own, argument in _given(call, function, makers[callee])
    }
    for _ in range(3):
        found = found | {own for own, taken in pairs if taken in found}
    return found


def _callee(function: ast.expr, parent: str) -> str:
    if isinstance(function, ast.Attribute) and function.attr == "__init__":
        return parent if ast.unparse(function) == "super().__init__" else ""
    return function.id if isinstance(function, ast.Name) else ""


def _given(call: ast.Call, within: ast.FunctionDef, callee: ast.FunctionDef) -> Iterator[Tuple[str, str]]:
    """Which argument of ``within`` this call hands to which argument of ``callee``; ``**kwargs`` may hold any that is left."""
    own, taken = _names(within), _names(callee)
    given = [*zip(taken, call.args), *((each.arg, each.value) for each in call.keywords if each.arg)]
    yield from ((value.id, argument) for argument, value in given if isinstance(value, ast.Name) and value.id in own)
    caught = within.args.kwarg
    if caught is not None and any(each.arg is None and ast.unparse(each.value) == caught.arg for each in call.keywords):
        yield from ((argument, argument) for argument in taken if argument not in dict(given))


def _names(function: ast.FunctionDef) -> List[str]:
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    return names[1:] if names[:1] == ["self"] else names
