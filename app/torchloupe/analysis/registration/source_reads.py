"""What the lines of a project do with attributes: who reads which, who empties which, who calls ``.forward`` itself."""

import ast
from typing import Dict, Iterable, Iterator, List, Optional, Set, Tuple, Union

from ..source_edits import last_name

_Function = Union[ast.FunctionDef, ast.AsyncFunctionDef]
_CONSTRUCTING = ("__init__", "__post_init__", "_init_weights", "init_weights", "reset_parameters", "_reset_parameters")
_BY_NAME = ("_modules", "children", "named_children", "modules", "named_modules", "get_submodule", "__dict__")
_LIBRARIES = ("torch", "nn", "F", "np", "math", "functional")
_EMPTYING = ("clear", "pop", "popleft")


class SourceReads:
    """The sources of a project, read once. Attributes that only constructors touch count as read by nobody."""

    def __init__(self, trees: Iterable[ast.AST]) -> None:
        self._own: Dict[str, Set[str]] = {}
        self._by_name: Set[str] = set()
        self._others: Set[str] = set()
        self._emptied: Set[str] = set()
        self._true: Set[Tuple[int, str]] = set()
        self.calls_forward = False
        for tree in trees:
            self._read(tree)

    def reads(self, classes: Iterable[str], attribute: str) -> bool:
        """Whether a method of one of the classes may use its own ``attribute``, or any other line that of another object."""
        names = list(classes)
        return attribute in self._others or any(attribute in self._own.get(name, ()) or (name in self._by_name) for name in names)

    def empties(self, attribute: str) -> bool:
        """Whether some line outside of the constructors replaces ``attribute`` or takes out what is in it."""
        return attribute in self._emptied

    def says_true(self, line: Optional[int], keyword: str) -> bool:
        """Whether a call that reaches over ``line`` has ``keyword=True`` spelled out."""
        return (line or 0, keyword) in self._true

    def _read(self, tree: ast.AST) -> None:
        inside: Set[int] = set()
        for kind in ast.walk(tree):
            if isinstance(kind, ast.ClassDef):
                for method in kind.body:
                    if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
                        inside.update(id(node) for node in ast.walk(method))
                        self._read_method(kind.name, method)
        for node in ast.walk(tree):
            if id(node) not in inside:
                self._others.update(_read_of(node))
            if isinstance(node, ast.Call):
                self._read_call(node)

    def _read_method(self, class_name: str, method: _Function) -> None:
        own = self._own.setdefault(class_name, set())
        me = method.args.args[0].arg if method.args.args else ""
        if method.name in _CONSTRUCTING:
            own.update(_handed_on(method, me))
            return
        for node in ast.walk(method):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                self._emptied.add(node.attr)
            for name in _read_of(node):
                is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == me
                (own if is_own or isinstance(node, ast.Constant) else self._others).add(name)
                if name in _BY_NAME and is_own:
                    self._by_name.add(class_name)
            if _looks_up(node):
                self._by_name.add(class_name)

    def _read_call(self, call: ast.Call) -> None:
        function = call.func
        for keyword in call.keywords:
            if keyword.arg and isinstance(keyword.value, ast.Constant) and keyword.value.value is True:
                last = call.end_lineno or call.lineno
                self._true.update((line, keyword.arg) for line in range(call.lineno, last + 1))
        if not isinstance(function, ast.Attribute):
            return
        if function.attr == "forward" and not _is_super(function.value):
            self.calls_forward = True
        if function.attr in _EMPTYING and isinstance(function.value, ast.Attribute):
            self._emptied.add(function.value.attr)


def _read_of(node: ast.AST) -> List[str]:
    """The attribute that an expression reads, or the name that a text spells; not what a library is asked for."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return [] if isinstance(node.value, ast.Name) and node.value.id in _LIBRARIES else [node.attr]
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
        return [node.value]
    return []


def _looks_up(node: ast.AST) -> bool:
    """``getattr(self, name)`` with a name that is computed."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id in ("getattr", "vars") and (len(node.args) < 2 or not isinstance(node.args[1], ast.Constant))


def _handed_on(method: _Function, me: str) -> Iterator[str]:
    """Attributes of its own that a constructor puts somewhere else: into a list, into another module. Not what it initialises."""
    for node in ast.walk(method):
        parts: List[ast.expr] = []
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            parts = node.elts
        elif isinstance(node, ast.Dict):
            parts = node.values
        elif isinstance(node, ast.Call) and not _initialises(node.func):
            parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.Assign):
            parts = [node.value]
        for part in parts:
            if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == me:
                yield part.attr


def _initialises(function: ast.expr) -> bool:
    name = last_name(function)
    return name.endswith("_") or "init" in name


def _is_super(receiver: ast.expr) -> bool:
    return isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Name) and receiver.func.id == "super"
