"""What a source file does with an argument: the words it is compared with, whether it is gone through like a list, what is read of it."""

import ast
import re
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Optional, Set, Tuple

_GONE_THROUGH = {"len", "zip", "enumerate", "reversed", "sum", "list", "tuple", "iter", "sorted", "max", "min"}
_GOOGLE = re.compile(r"^\s*(\w+)\s*(?:\([^)]*\))?\s*:\s+(.+)$")
_SPHINX = re.compile(r"^\s*:param\s+(?:[\w\[\], ]+\s+)?(\w+)\s*:\s*(.+)$")
_NUMPY = re.compile(r"^(\w+)\s*:\s*\S.*$")


@dataclass
class Usage:
    """``words``: texts it is compared with or looked up by. ``attributes`` and ``keys``: what is read of it, in order of appearance.
    ``is_sequence``: it is iterated, indexed or measured. ``is_called``: it is called, like a class."""

    words: List[str] = field(default_factory=list)
    attributes: List[str] = field(default_factory=list)
    keys: List[str] = field(default_factory=list)
    is_sequence: bool = False
    is_called: bool = False


def usages(source: str) -> Dict[str, Usage]:
    """By name: what the file does with every variable, argument or attribute of that name. Empty when it is not Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    reader = _Reader()
    for node in ast.walk(tree):
        reader.read(node)
    _hand_on(reader.found, _passed_on(tree))
    return reader.found


def _passed_on(tree: ast.Module) -> Set[Tuple[str, str]]:
    """Which name is handed to which argument of a function or class of the same file."""
    known: Dict[str, List[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            known.setdefault(node.name, names[1:] if names[:1] == ["self"] else names)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            inits = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
            if inits:
                known[node.name] = [argument.arg for argument in (*inits[0].args.args, *inits[0].args.kwonlyargs)][1:]
    pairs: Set[Tuple[str, str]] = set()
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            named = known.get(_name(call.func) or "", [])
            given = [*zip(call.args, named), *((each.value, each.arg) for each in call.keywords if each.arg in named)]
            pairs.update((name, str(argument)) for value, argument in given if (name := _name(value)) and name != argument)
    return pairs


def _hand_on(found: Dict[str, Usage], pairs: Set[Tuple[str, str]]) -> None:
    """What is done with an argument is done with what is handed to it."""
    for _ in range(3):
        for name, argument in pairs:
            if argument in found:
                here, there = found.setdefault(name, Usage()), found[argument]
                here.words += [word for word in there.words if word not in here.words]
                here.is_sequence |= there.is_sequence
                here.is_called |= there.is_called


class _Reader:
    def __init__(self) -> None:
        self.found: Dict[str, Usage] = {}

    def _of(self, node: ast.AST) -> Optional[Usage]:
        name = _name(node)
        return self.found.setdefault(name, Usage()) if name else None

    def read(self, node: ast.AST) -> None:
        """Note what one node does with names."""
        if isinstance(node, ast.Compare):
            self._compared([node.left, *node.comparators])
        elif isinstance(node, ast.Attribute):
            self._note(node.value, "attributes", node.attr)
        elif isinstance(node, ast.Subscript):
            self._subscripted(node)
        elif isinstance(node, (ast.For, ast.comprehension)):
            self._gone_through(node.iter)
        elif isinstance(node, ast.Starred):
            self._gone_through(node.value)
        elif isinstance(node, ast.keyword) and node.arg is None:
            self._note(node.value, "keys", "**")
        elif isinstance(node, ast.Call):
            self._called(node)
        elif isinstance(node, ast.Assign) and any(isinstance(target, (ast.Tuple, ast.List)) for target in node.targets):
            self._gone_through(node.value)
        elif type(node).__name__ == "Match":
            self._matched(node)

    def _note(self, node: ast.AST, what: str, text: str) -> None:
        usage = self._of(node)
        if usage is not None and text not in getattr(usage, what):
            getattr(usage, what).append(text)

    def _compared(self, sides: List[ast.expr]) -> None:
        words = [word for side in sides for word in _texts(side)]
        for side in sides:
            for word in words:
                self._note(side, "words", word)

    def _subscripted(self, node: ast.Subscript) -> None:
        for word in _texts(node.slice):
            self._note(node.value, "keys", word)
        if not _texts(node.slice):
            self._gone_through(node.value)
        if isinstance(node.value, ast.Dict):
            for key in node.value.keys:
                for word in _texts(key) if key is not None else ():
                    self._note(node.slice, "words", word)

    def _gone_through(self, node: ast.AST) -> None:
        usage = None if _is_own(node) else self._of(node)
        if usage is not None:
            usage.is_sequence = True

    def _called(self, node: ast.Call) -> None:
        function = node.func
        usage = self._of(function) if isinstance(function, ast.Name) else None
        if usage is not None:
            usage.is_called = True
        if isinstance(function, ast.Name) and function.id in _GONE_THROUGH:
            for argument in node.args:
                self._gone_through(argument)
        words = [word for argument in node.args for word in _texts(argument)]
        if isinstance(function, ast.Attribute) and function.attr == "get" and words:
            self._note(function.value, "keys", words[0])
        if isinstance(function, ast.Name) and function.id in ("getattr", "hasattr") and words and not _is_own(node.args[0]):
            self._note(node.args[0], "attributes", words[0])
            if len(words) > 1:
                self.found.setdefault(words[0], Usage()).words.append(words[1])

    def _matched(self, node: ast.AST) -> None:
        """A ``match``, of which Python 3.9 knows nothing."""
        for case in getattr(node, "cases", ()):
            for inner in ast.walk(case.pattern):
                for word in _texts(getattr(inner, "value", None)):
                    self._note(vars(node)["subject"], "words", word)


def _is_own(node: ast.AST) -> bool:
    """``self.layers`` is what was made of an argument, not the argument."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"


def _name(node: ast.AST) -> Optional[str]:
    """``x``, ``self.x`` and ``config.x`` are all called ``x``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, (ast.Name, ast.Attribute)):
        return node.attr
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        words = [text for argument in node.args[:1] for text in _texts(argument)]
        if node.func.attr == "get" and words:
            return words[0]
        return _name(node.func.value) if node.func.attr in ("lower", "upper", "strip") else None
    if isinstance(node, ast.Subscript):
        return next(iter(_texts(node.slice)), None)
    return None


def _texts(node: Optional[ast.AST]) -> Tuple[str, ...]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return tuple(text for item in node.elts for text in _texts(item))
    return ()


def argument_summaries(docstring: Optional[str]) -> Dict[str, str]:
    """What a docstring says of each argument: Google, NumPy and Sphinx style, the first sentence of each."""
    found: Dict[str, str] = {}
    lines = (docstring or "").splitlines()
    for number, line in enumerate(lines):
        named = _SPHINX.match(line) or (_GOOGLE.match(line) if _inside_arguments(lines, number) else None)
        if named:
            found.setdefault(named.group(1), named.group(2).strip())
        elif _NUMPY.match(line.strip()) and number + 1 < len(lines) and _indent(lines[number + 1]) > _indent(line):
            found.setdefault(line.strip().partition(":")[0].strip(), lines[number + 1].strip())
    return found


def _inside_arguments(lines: List[str], number: int) -> bool:
    """Is this line below a heading such as ``Args:``, and indented more than it?"""
    for above in range(number - 1, -1, -1):
        heading = lines[above].strip().lower()
        if heading in ("args:", "arguments:", "parameters:", "attributes:"):
            return _indent(lines[number]) > _indent(lines[above])
        if heading.endswith(":") and " " not in heading:
            return False
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def names_read(usage: Usage) -> Iterator[str]:
    """Attributes, or keys when it is used like a dict; methods of dicts are none."""
    methods: Set[str] = {"get", "items", "keys", "values", "update", "pop", "copy", "setdefault"}
    yield from (name for name in usage.attributes if name not in methods and not name.startswith("__"))
    yield from (key for key in usage.keys if key not in usage.attributes and key != "**")
