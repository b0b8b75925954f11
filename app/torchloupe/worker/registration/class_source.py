"""The functions of a class and its bases, read from their files; only those that mention what is asked for."""

import ast
import inspect
import types
from functools import lru_cache
from typing import Any, List, Optional, Tuple, Union

from ...analysis.registration.source_facts import FunctionSource
from ..definitions import function_tree
from ..places import Place, is_foreign
from ..source_loader import parsed
from . import raw

_LIBRARIES = ("site-packages", "dist-packages")


def functions_naming(kind: Any, name: str) -> List[FunctionSource]:
    """The functions of a class and its bases, none of torch, whose code mentions a name; the class itself first."""
    sources = [function_source(class_name, code) for class_name, code in functions_of(kind) if _mentions(code, name)]
    return [source for source in sources if source is not None]


def constructors_of(kind: Any) -> List[FunctionSource]:
    """The ``__init__`` of a class and of its bases, none of torch."""
    sources = [function_source(class_name, code) for class_name, code in functions_of(kind) if code.co_name == "__init__"]
    return [source for source in sources if source is not None]


@lru_cache(maxsize=1024)
def functions_of(kind: Any) -> Tuple[Tuple[str, types.CodeType], ...]:
    """Name of the class and code, for each function that is written in the user's files."""
    found = []
    for base in raw.bases_of(kind):
        for member in list(raw.class_members(base).values()):
            member = _function_in(member)
            function = inspect.unwrap(member) if isinstance(member, types.FunctionType) else None
            if isinstance(function, types.FunctionType) and not is_foreign(function.__code__.co_filename):
                found.append((base.__name__, function.__code__))
    return tuple(dict.fromkeys(found))


def _function_in(member: Any) -> Any:
    """What a property or a class method runs; anything else as it is."""
    if type(member) is property:
        return member.fget
    return member.__func__ if type(member) in (classmethod, staticmethod) else member


@lru_cache(maxsize=2048)
def function_source(class_name: str, code: types.CodeType) -> Optional[FunctionSource]:
    """A function of a class, read; None where its file does not give it."""
    tree = function_tree(code)
    node = tree.body[0] if isinstance(tree, ast.Module) and tree.body else None
    return FunctionSource(code.co_filename, class_name, node) if isinstance(node, ast.FunctionDef) else None


def _mentions(code: types.CodeType, name: str) -> bool:
    if name in code.co_names or name in code.co_consts:
        return True
    return any(isinstance(constant, types.CodeType) and _mentions(constant, name) for constant in code.co_consts)


def functions_of_file(file: Optional[str]) -> List[FunctionSource]:
    """The functions of a file that are in no class, and what stands outside of functions as one without a name."""
    tree = parsed(file) if file else None
    if tree is None or file is None:
        return []
    found = [FunctionSource(file, "", node) for node in tree.body if isinstance(node, ast.FunctionDef)]
    outside = [node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    arguments = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    whole = ast.FunctionDef(name="", args=arguments, body=outside, decorator_list=[], lineno=1, col_offset=0)
    return [*found, FunctionSource(file, "", whole)]


def is_users(kind: Any) -> bool:
    """Whether a class stands in the user's own project, and not in an installed package."""
    return any(is_users_file(code.co_filename) for _, code in functions_of(kind)[:1])


def is_users_file(file: str) -> bool:
    """The same for a file, of which is known that it is neither torch's nor Python's."""
    return not any(library in file for library in _LIBRARIES)


def class_attribute_place(kind: Any, name: str) -> Optional[Place]:
    """File and line where the body of a class, or of one of its bases, assigns a name."""
    for base in raw.bases_of(kind):
        if name in raw.class_members(base):
            file = next((code.co_filename for _, code in functions_of(base)), None)
            tree = parsed(file) if file else None
            for node in ast.walk(tree) if tree is not None else ():
                if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                    lines = [
                        each.lineno for each in node.body if isinstance(each, (ast.Assign, ast.AnnAssign)) and _binds(each, name)
                    ]
                    return (str(file), lines[-1]) if lines else None
    return None


def _binds(statement: Union[ast.Assign, ast.AnnAssign], name: str) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)
