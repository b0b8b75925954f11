"""Facts about the classes of a model: methods that are nearly there, names of nn.Module that are taken, flags on modules."""

import ast
from types import FunctionType
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple, Type

from torch import nn

from ...analysis.registration.class_findings import DirectCall, FlaggedModule, ReservedName, WrittenMethod
from ...analysis.registration.source_facts import FunctionSource
from ..definitions import assignment_place
from ..module_facts import hooks_of
from ..places import Place
from . import raw
from .class_source import functions_naming, functions_of, is_users, is_users_file

_DROPOUTS = (nn.modules.dropout._DropoutNd,)
_NORMS = (nn.modules.batchnorm._NormBase,)
_RESERVED = frozenset(dir(nn.Module))
_TAKEN = _RESERVED.difference(vars(nn.Module()), ["__class__"])
Modules = Sequence[Tuple[str, nn.Module]]


def told_the_mode(modules: Modules) -> List[str]:
    """The classes, by module in training mode, that compute something else in eval mode: dropout that drops, norms with statistics."""
    found = []
    for _, module in modules:
        kind, attributes = type(module), raw.module_vars(module)
        drops = issubclass(kind, _DROPOUTS) and attributes.get("p", 0) != 0
        gathers = issubclass(kind, _NORMS) and attributes.get("track_running_stats") is True
        if attributes.get("training") is True and (drops or gathers):
            found.append(kind.__name__)
    return found


def first_of_classes(modules: Modules) -> Dict[Any, Tuple[str, nn.Module]]:
    """The first module of each class of the user's, with its path."""
    found: Dict[Any, Tuple[str, nn.Module]] = {}
    for path, module in modules:
        found.setdefault(type(module), (path, module))
    return {kind: first for kind, first in found.items() if functions_of(kind)}


def written_methods(kind: Type[Any], path: str = "") -> List[WrittenMethod]:
    """The methods that a class of the user's defines itself, and whether it has those that it must have."""
    members = raw.class_members(kind)
    bases = [base for base in raw.bases_of(kind) if base is not nn.Module and base is not object]
    has_init = any("__init__" in raw.class_members(base) for base in bases)
    has_forward = any("forward" in raw.class_members(base) for base in bases)
    if has_forward and "__init__" in members:
        return []
    found = []
    for member in list(members.values()):
        code = member.__code__ if isinstance(member, FunctionType) else None
        if code is None:
            continue
        calls_init = "__init__" in code.co_names
        found.append(
            WrittenMethod(
                class_name=kind.__name__,
                module=path,
                name=code.co_name,  # as written: Python calls `__init_` of a class by another name
                file=code.co_filename,
                line=code.co_firstlineno,
                calls_super_init=calls_init,
                has_real_init="__init__" in members or (has_init and not calls_init),
                has_real_forward=has_forward,
            )
        )
    return found


def reserved_names(modules: Modules) -> Iterator[ReservedName]:
    """Members that cannot be read back, and values in the place of methods; one of each class and name."""
    done = set()
    for path, module in modules:
        kind = type(module)
        own = raw.module_vars(module)
        for name in _TAKEN.intersection(own):
            if not callable(own[name]) and (kind, name) not in done:
                done.add((kind, name))
                yield _reserved(path, module, name, "value", f"a {type(own[name]).__name__}")
        for members, word in (("_modules", "module"), ("_parameters", "parameter"), ("_buffers", "buffer")):
            for name in _RESERVED.intersection(raw.registered(module, members)):
                if (kind, name) not in done:
                    done.add((kind, name))
                    yield _reserved(path, module, name, word, "")


def _reserved(path: str, module: nn.Module, name: str, kind: str, value: str) -> ReservedName:
    file, line = assignment_place(type(module), name) or (None, None)
    return ReservedName(
        path, type(module).__name__, name, kind, value, file, line, is_users_file(file) if file else is_users(type(module))
    )


def flagged_modules(modules: Modules, functions: Callable[[], Sequence[FunctionSource]]) -> List[FlaggedModule]:
    """The modules on which ``requires_grad`` was set, with the statement that did it."""
    found: List[FlaggedModule] = []
    for path, module in modules:
        value = raw.module_vars(module).get("requires_grad")
        if not isinstance(value, bool):
            continue
        if any(path.startswith(f"{other.module}.") or not other.module for other in found if other.value == value):
            continue  # a loop over all modules of one that is told already
        parameters = [each for _, part in raw.modules_below(module) for each in raw.registered(part, "_parameters").values()]
        still = sum(bool(each.requires_grad) != value for each in parameters)
        is_own = any(True for _ in _flags(functions_naming(type(module), "requires_grad"), True))
        written, place = _flag_statement(path, functions())
        file, line = place or (None, None)
        found.append(FlaggedModule(path, type(module).__name__, value, still, len(parameters), written, file, line, is_own))
    return found


def _flag_statement(path: str, functions: Sequence[FunctionSource]) -> Tuple[str, Optional[Place]]:
    """What was written before ``.requires_grad``, and where: the statement that names the module, else the only one there is."""
    found = list(_flags(functions, False))
    name = path.rpartition(".")[2]
    named = [each for each in found if each[0].rpartition(".")[2] == name] or found[:1]
    if not named:
        return "", None
    written, place = named[0]
    return (written if written.rpartition(".")[2] == name else ""), place


def _flags(functions: Sequence[FunctionSource], own_only: bool) -> Iterator[Tuple[str, Place]]:
    """``X.requires_grad = ...`` for any X, or only for ``self``."""
    for function in functions:
        for node in ast.walk(function.node):
            for target in node.targets if isinstance(node, ast.Assign) else ():
                if isinstance(target, ast.Attribute) and target.attr == "requires_grad":
                    name = ast.unparse(target.value)
                    if not own_only or name == function.self_name:
                        yield name, (function.file, target.lineno)


def direct_calls(modules: Modules) -> List[DirectCall]:
    """``self.part.forward(...)`` in the classes of the user's, where ``self.part`` is a module."""
    found = {}
    for kind, (path, module) in first_of_classes(modules).items():
        for function in functions_naming(kind, "forward"):
            for node in ast.walk(function.node):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "forward":
                    called = _receiver(function, module, node.func.value)
                    if called is not None:
                        found[function.file, node.lineno] = _direct_call(function, kind, path, node, *called)
    return list(found.values())


def _direct_call(
    function: FunctionSource, kind: Type[Any], path: str, node: ast.Call, name: str, module: nn.Module
) -> DirectCall:
    assert isinstance(node.func, ast.Attribute)
    return DirectCall(
        owner=path,
        owner_class=kind.__name__,
        receiver=ast.unparse(node.func.value),
        arguments=", ".join(ast.unparse(each) for each in node.args),
        path=f"{path}.{name}" if path else name,
        class_name=type(module).__name__,
        hooks=tuple(dict.fromkeys((*hooks_of(module), *_torch_hooks(module)))),
        file=function.file,
        line=node.lineno,
        is_users=is_users_file(function.file),
    )


def _torch_hooks(module: nn.Module) -> Tuple[str, ...]:
    """Those of ``torch.nn.utils``: spectral_norm, weight_norm, pruning."""
    hooks = raw.module_vars(module).get("_forward_pre_hooks") or {}
    return tuple(_words(type(hook).__name__) for hook in hooks.values() if type(hook).__module__.startswith("torch.nn.utils"))


def _words(name: str) -> str:
    """``spectral_norm`` for ``SpectralNorm``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")


def _receiver(function: FunctionSource, module: nn.Module, node: ast.expr) -> Optional[Tuple[str, nn.Module]]:
    """Path and module that ``self.a.b``, ``self.layers[0]``, or the variable of a loop over ``self.layers``, stand for."""
    if isinstance(node, ast.Name):
        for loop in ast.walk(function.node):
            if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and loop.target.id == node.id:
                found = _receiver(function, module, loop.iter)
                children = list(raw.registered(found[1], "_modules").items()) if found else []
                return (f"{found[0]}.{children[0][0]}", children[0][1]) if found and children else None
        return None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        above, name = _receiver(function, module, node.value), str(node.slice.value)
    elif isinstance(node, ast.Attribute) and function.is_own(node):
        above, name = ("", module), node.attr
    elif isinstance(node, ast.Attribute):
        above, name = _receiver(function, module, node.value), node.attr
    else:
        return None
    child = raw.registered(above[1], "_modules").get(name) if above is not None else None
    if above is None or child is None:
        return None
    return (f"{above[0]}.{name}" if above[0] else name), child
