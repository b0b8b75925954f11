"""Which classes of a file are Modules: their bases followed through its imports and through the file itself."""

import ast
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

_NO_MODULES = {"Parameter", "Buffer", "UninitializedParameter", "UninitializedBuffer"}
# Bases that have a forward or none and are no Modules, though their names are imported.
_OTHER_BASES = {
    *("Function", "Protocol", "ABC", "Generic", "object", "Exception", "Enum", "NamedTuple", "TypedDict", "Dataset"),
    *("IterableDataset", "Optimizer", "Sampler", "DataLoader", "TorchFunctionMode", "TorchDispatchMode", "LightningDataModule"),
}


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
    """The Module classes of one file: ``listed`` by name, in source order."""

    def __init__(self, tree: ast.Module) -> None:
        self._imported = _imports(tree)
        self._classes = {node.name: node for node in top_statements(tree.body) if isinstance(node, ast.ClassDef)}
        self.listed: Dict[str, ast.ClassDef] = {
            name: node for name, node in self._classes.items() if self._is_module_node(node, set())
        }

    def is_module(self, name: str) -> bool:
        """Is this name, as the file writes it, that of a Module class?"""
        return bool(name) and (name in self.listed or is_module_class(self._full(name)))

    def required_arguments(self, node: ast.ClassDef) -> Tuple[str, ...]:
        """What the constructor needs: of ``__init__``, of a dataclass's fields, of a base in the same file, or nothing."""
        for each in self._lineage(node, set()):
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

    def _full(self, name: str) -> str:
        """The dotted name with the import behind its first part: ``nn.Linear`` gives ``torch.nn.Linear``."""
        first, dot, rest = name.partition(".")
        return self._imported.get(first, first) + dot + rest

    def _is_module_node(self, node: ast.ClassDef, seen: Set[str]) -> bool:
        if node.name in seen:
            return False
        seen.add(node.name)
        has_forward = any(isinstance(part, ast.FunctionDef) and part.name == "forward" for part in node.body)
        return any(self._is_module_base(dotted_name(base), has_forward, seen) for base in node.bases)

    def _is_module_base(self, name: str, has_forward: bool, seen: Set[str]) -> bool:
        if name in self._classes:
            return self._is_module_node(self._classes[name], seen)
        full = self._full(name)
        if is_module_class(full):
            return True
        # A base from another file, and a forward: what else should it be?
        return has_forward and name.partition(".")[0] in self._imported and full.rpartition(".")[2] not in _OTHER_BASES

    def _lineage(self, node: ast.ClassDef, seen: Set[str]) -> Iterator[ast.ClassDef]:
        """The class and its bases in this file, depth first."""
        if node.name in seen:
            return
        seen.add(node.name)
        yield node
        for base in node.bases:
            if dotted_name(base) in self._classes:
                yield from self._lineage(self._classes[dotted_name(base)], seen)


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


def _imports(tree: ast.Module) -> Dict[str, str]:
    """What the names of the file's imports stand for."""
    names: Dict[str, str] = {}
    imports: List[ast.stmt] = [node for node in top_statements(tree.body) if isinstance(node, (ast.Import, ast.ImportFrom))]
    for node in imports:
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = alias.name if alias.asname else alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"
    return names
