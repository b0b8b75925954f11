"""Which classes of a file are Modules: their bases followed through its imports and through the file itself."""

import ast
from functools import cached_property
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

_NO_MODULES = {"Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer"}
# Bases that have a forward or none and are no Modules, though their names are imported.
_OTHER_BASES = {
    *("Function", "Protocol", "ABC", "Generic", "object", "Exception", "Enum", "NamedTuple", "TypedDict", "Dataset"),
    *("IterableDataset", "Optimizer", "Sampler", "DataLoader", "TorchFunctionMode", "TorchDispatchMode", "LightningDataModule"),
}


class Imported(NamedTuple):
    """What an import names: ``level`` dots, then the dotted path (``from ..parts import Block`` gives 2 and ``parts.Block``)."""

    level: int
    path: str


class Elsewhere(NamedTuple):
    """Another file of the project, and what the import names in it."""

    file: "ModuleClasses"
    name: str


LookElsewhere = Callable[[Imported], Optional[Elsewhere]]
"""The file of the project that an import leads to; None when it leads out of the project."""

_DEEPEST = 8


def nowhere(_imported: Imported) -> Optional[Elsewhere]:
    """When other files are not looked at."""
    return None


def is_module_class(name: str) -> bool:
    """Is the full dotted name that of a Module class, as far as a name tells?"""
    last = name.rpartition(".")[2]
    if last in _OTHER_BASES or last in _NO_MODULES:
        return False
    if name.startswith(("torch.nn.", "torchvision.models.", "torch_geometric.nn.")):
        return last[:1].isupper()
    return last.endswith(("Module", "PreTrainedModel")) or (name.startswith("nn.") and last[:1].isupper())


def dotted_name(node: Optional[ast.AST]) -> str:
    """``nn.Module`` of an attribute chain, of ``Base[T]`` the ``Base``; empty for anything else."""
    if isinstance(node, ast.Subscript):
        return dotted_name(node.value)
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted_name(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def top_statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a file's top level, also those under ``if`` and ``try``, but not under ``if __name__ == "__main__"``."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "__name__" not in ast.dump(node.test):
            yield from top_statements([*node.body, *node.orelse])
        elif isinstance(node, ast.Try):
            handlers = [each for handler in node.handlers for each in handler.body]
            yield from top_statements([*node.body, *handlers, *node.orelse, *node.finalbody])
        elif isinstance(node, ast.With):
            yield from top_statements(node.body)


class ModuleClasses:
    """The Module classes of one file: ``listed`` by name, in source order. Bases of other files are looked up ``elsewhere``."""

    def __init__(self, tree: ast.Module, elsewhere: LookElsewhere = nowhere) -> None:
        self._elsewhere = elsewhere
        self._imported = _imports(tree)
        self._stars = [each for node in _import_statements(tree) for each in _star_import(node)]
        self._classes = {node.name: node for node in _runtime_classes(tree.body)}
        self._known: Dict[str, bool] = {}

    @cached_property
    def listed(self) -> Dict[str, ast.ClassDef]:
        """The Module classes that this file itself defines."""
        return {name: node for name, node in self._classes.items() if self._is_module_node(node)}

    def is_module(self, name: str) -> bool:
        """Is this name, as the file writes it, that of a Module class?"""
        if not name or name in self._classes:
            return name in self._classes and self._is_module_node(self._classes[name])
        if name not in self._known:
            self._known[name] = False  # files that import from each other come here again
            found = self._look_elsewhere(name)
            self._known[name] = found.file.is_module(found.name) if found else is_module_class(self._full(name))
        return self._known[name]

    def class_named(self, name: str, deepest: int = _DEEPEST) -> "Optional[Tuple[ModuleClasses, ast.ClassDef]]":
        """A class that this file defines or imports from the project, and the file that defines it."""
        if name in self._classes:
            return self, self._classes[name]
        found = self._look_elsewhere(name) if name and deepest else None
        return found.file.class_named(found.name, deepest - 1) if found else None

    def required_arguments(self, node: ast.ClassDef) -> Tuple[str, ...]:
        """What the constructor needs: of ``__init__``, of a dataclass's fields, of a base in the project, or nothing."""
        for each in self.lineage(node, set()):
            init = next((part for part in each.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"), None)
            if init is not None:
                return _required(init.args)
            if any(dotted_name(_called(decorator)).endswith("dataclass") for decorator in each.decorator_list):
                return tuple(
                    part.target.id
                    for part in each.body
                    if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name) and part.value is None
                    if "ClassVar" not in ast.dump(part.annotation)
                )
        return ()

    def _is_module_node(self, node: ast.ClassDef) -> bool:
        """Does this class, which stands in this file, come from Module?"""
        if node.name not in self._known:
            self._known[node.name] = False  # one that names itself as its base comes here again
            has_forward = any(isinstance(part, ast.FunctionDef) and part.name == "forward" for part in node.body)
            self._known[node.name] = any(self._is_module_base(dotted_name(base), has_forward) for base in node.bases)
        return self._known[node.name]

    def lineage(self, node: ast.ClassDef, seen: Set[int]) -> Iterator[ast.ClassDef]:
        """The class and its bases in the project, depth first."""
        if id(node) in seen:
            return
        seen.add(id(node))
        yield node
        for base in node.bases:
            found = self.class_named(dotted_name(base))
            if found is not None:
                yield from found[0].lineage(found[1], seen)

    def _full(self, name: str) -> str:
        """The dotted name with the import behind its first part: ``nn.Linear`` gives ``torch.nn.Linear``."""
        first, dot, rest = name.partition(".")
        imported = self._imported.get(first)
        return (imported.path if imported else first) + dot + rest

    def _look_elsewhere(self, name: str) -> Optional[Elsewhere]:
        first, dot, rest = name.partition(".")
        imported = self._imported.get(first)
        if imported is not None:
            return self._elsewhere(Imported(imported.level, imported.path + dot + rest))
        for star in self._stars:
            found = self._elsewhere(Imported(star.level, f"{star.path}.{name}".lstrip(".")))
            if found is not None and found.file.is_module(found.name):
                return found
        return None

    def _is_module_base(self, name: str, has_forward: bool) -> bool:
        if self.is_module(name):
            return True
        if not name or name in self._classes or self._look_elsewhere(name):
            return False
        # A base from a file that is not at hand, and a forward: what else should it be?
        return (
            has_forward and name.partition(".")[0] in self._imported and self._full(name).rpartition(".")[2] not in _OTHER_BASES
        )


def required_arguments(arguments: ast.arguments) -> Tuple[str, ...]:
    """The names of the arguments that have no default."""
    positional = arguments.posonlyargs + arguments.args
    names = [argument.arg for argument in positional[: len(positional) - len(arguments.defaults)]]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults)
    return tuple(names + [argument.arg for argument, default in keywords if default is None])


def _required(arguments: ast.arguments) -> Tuple[str, ...]:
    """Those of a method: without ``self``."""
    names, positional = required_arguments(arguments), arguments.posonlyargs + arguments.args
    return names[1:] if positional and names[:1] == (positional[0].arg,) else names


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _runtime_classes(body: Sequence[ast.stmt]) -> Iterator[ast.ClassDef]:
    """The classes that are there when the file runs: not those for type checkers alone."""
    unreal = {
        id(each)
        for node in top_statements(body)
        if isinstance(node, ast.If) and _is_for_type_checkers(node)
        for each in top_statements(node.body)
    }
    return (node for node in top_statements(body) if isinstance(node, ast.ClassDef) and id(node) not in unreal)


def _is_for_type_checkers(node: ast.If) -> bool:
    return dotted_name(node.test).rpartition(".")[2] == "TYPE_CHECKING"


def _import_statements(tree: ast.Module) -> Iterator[ast.stmt]:
    return (node for node in top_statements(tree.body) if isinstance(node, (ast.Import, ast.ImportFrom)))


def _imports(tree: ast.Module) -> Dict[str, Imported]:
    """What the names of the file's imports stand for."""
    names: Dict[str, Imported] = {}
    for node in _import_statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                names[alias.asname or first] = Imported(0, alias.name if alias.asname else first)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                path = f"{node.module}.{alias.name}" if node.module else alias.name
                names[alias.asname or alias.name] = Imported(node.level, path)
    return names


def _star_import(node: ast.stmt) -> List[Imported]:
    is_star = isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    return [Imported(node.level, node.module or "")] if is_star and isinstance(node, ast.ImportFrom) else []
