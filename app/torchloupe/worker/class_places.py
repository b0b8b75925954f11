"""File and line of a class and of its forward. Each file is parsed once for all of its classes, which ``inspect`` does for each anew."""

import ast
import inspect
import linecache
from functools import lru_cache
from typing import Any, Dict, Iterator, Optional, Tuple

from torch import nn

from ..analysis.notebook_source import plain_source
from .places import Place, is_foreign


def class_place(module: nn.Module) -> Optional[Place]:
    """File and line of the class of a module of the user's; None for classes of torch."""
    kind: Any = type(module)
    return _place_of(kind)


@lru_cache(maxsize=2048)
def _place_of(kind: Any) -> Optional[Place]:
    try:
        file = inspect.getsourcefile(kind)
    except (OSError, TypeError):
        return None
    if file is None or is_foreign(file):
        return None
    line = _class_lines("".join(linecache.getlines(file))).get(kind.__qualname__)
    return None if line is None else (file, line)


@lru_cache(maxsize=16)
def _class_lines(source: str) -> Dict[str, int]:
    """Where the classes of a file begin, by their qualified names."""
    found: Dict[str, int] = {}
    try:
        for name, line in _classes(_parsed(source), ""):
            found.setdefault(name, line)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    return found


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse(plain_source(source).text)


def _classes(node: ast.AST, prefix: str) -> Iterator[Tuple[str, int]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield prefix + child.name, (child.decorator_list[0] if child.decorator_list else child).lineno
            yield from _classes(child, f"{prefix}{child.name}.")
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _classes(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, (ast.stmt, ast.ExceptHandler)):
            yield from _classes(child, prefix)


@lru_cache(maxsize=2048)
def forward_place(kind: Any) -> Optional[Place]:
    """File and line where the forward of a class begins, whoever wrote it; None when it has none in Python."""
    try:
        code = inspect.unwrap(kind.forward).__code__
    except (AttributeError, ValueError):
        return None
    unwritten = code.co_name == "_forward_unimplemented" or code.co_filename.startswith("<")
    return None if unwritten else (code.co_filename, code.co_firstlineno)
