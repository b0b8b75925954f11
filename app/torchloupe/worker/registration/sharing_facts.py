"""Facts about parts that are one or several: repeated instances, overwritten attributes, Parameters in one memory."""

import ast
from collections import Counter, defaultdict
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

import torch
from torch import nn

from ...analysis.registration.sharing_findings import BrokenTie, OverwrittenPart, RepeatedInstance
from ...analysis.registration.source_facts import (
    Assignment,
    FunctionSource,
    assignments_of,
    ends_early,
    is_read_in,
    name_of_call,
    repeated_list,
)
from ..places import Place
from . import raw
from .class_facts import Modules, first_of_classes
from .class_source import function_source, functions_naming, functions_of, is_users_file
from .watch_construction import ConstructionWatch, LostModule

_PLAIN = (nn.Parameter, torch.Tensor)
_LISTS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def repeated_instances(modules: Modules) -> List[RepeatedInstance]:
    """Containers with one module several times, where the source multiplies a list."""
    by_path = dict(modules)
    found = []
    for path, module in modules:
        if not isinstance(module, _LISTS):
            continue
        counts = Counter(map(id, raw.registered(module, "_modules").values()))
        most, times = counts.most_common(1)[0] if counts else (0, 1)
        if times > 1:
            child = next(each for each in raw.registered(module, "_modules").values() if id(each) == most)
            parameters = {
                id(each) for _, part in raw.modules_below(child) for each in raw.registered(part, "_parameters").values()
            }
            written = _product(by_path, path) if parameters else None
            if written is not None:
                owner, attribute, function, product = written
                item, count = _sides(function, product)
                found.append(
                    RepeatedInstance(
                        container=path,
                        attribute=attribute,
                        owner_class=type(owner).__name__,
                        class_name=type(child).__name__,
                        times=times,
                        parameter_count=len(parameters),
                        code=ast.unparse(product),
                        item=item,
                        count=count,
                        file=function.file,
                        line=product.lineno,
                    )
                )
    return found


def _product(by_path: Dict[str, nn.Module], path: str) -> Optional[Tuple[nn.Module, str, FunctionSource, ast.BinOp]]:
    """The ``[layer] * n`` that a container was made from, in the class that assigns it or something around it."""
    names = path.split(".") if path else []
    for depth in range(len(names) - 1, -1, -1):
        owner = by_path.get(".".join(names[:depth]))
        if owner is None:
            continue
        for function in functions_naming(type(owner), names[depth]):
            for assigned in assignments_of(function, names[depth]):
                product = repeated_list(function, assigned.value)
                if product is not None and is_users_file(function.file):
                    return owner, names[depth], function, product
    return None


def _sides(function: FunctionSource, product: ast.BinOp) -> Tuple[str, str]:
    """The layer as it is made, and how often: of ``[layer] * n``."""
    first, second = product.left, product.right
    items, count = (first, second) if isinstance(first, (ast.List, ast.Tuple)) else (second, first)
    item = items.elts[0] if isinstance(items, (ast.List, ast.Tuple)) else items
    if isinstance(item, ast.Name):
        calls = [
            node.value
            for node in ast.walk(function.node)
            if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [item.id]
        ]
        item = next((each for each in calls if isinstance(each, ast.Call)), item)
    return ast.unparse(item), ast.unparse(count)


def overwritten_parts(modules: Modules, watch: ConstructionWatch, reachable: Set[int]) -> List[OverwrittenPart]:
    """Attributes that a constructor assigned several times and of which the last value is left; read from the source, and for modules
    seen by the watch."""
    lost = watch.lost(reachable)
    kinds = Counter(each.kind for each in lost)
    found: Dict[Tuple[str, int], OverwrittenPart] = {}
    for kind, (path, module) in first_of_classes(modules).items():
        children, parameters = raw.registered(module, "_modules"), raw.registered(module, "_parameters")
        for assigned, earlier in _suspects(kind, {**children, **parameters}, bool(lost)):
            child = children.get(assigned.attribute)
            count = (_made_by(assigned, lost) or kinds[type(child)]) if child is not None else None
            if earlier is not None and not _made_by(earlier, lost):
                continue
            if child is not None and not count and earlier is None:
                continue
            part = OverwrittenPart(
                module=path,
                owner_class=kind.__name__,
                attribute=assigned.attribute,
                class_name=type(child).__name__ if child is not None else "Parameter",
                file=assigned.function.file,
                line=assigned.line,
                lost=count if earlier is None else None,
                in_loop=earlier is None,
                earlier_line=earlier.line if earlier else None,
            )
            found.setdefault((part.file, part.line), part)
    return list(found.values())


def _suspects(kind: Any, members: Dict[str, Any], any_lost: bool) -> Iterator[Tuple[Assignment, Optional[Assignment]]]:
    """Assignments of a registered name inside a loop, or after another one in the same block, with nothing reading it in between."""
    for class_name, code in functions_of(kind):
        if not is_users_file(code.co_filename):
            continue
        names = [name for name in members if name in code.co_names or name in code.co_consts]
        if not names or not (any_lost or any(isinstance(members[name], torch.Tensor) for name in names)):
            continue
        function = function_source(class_name, code)
        by_name: Dict[str, List[Assignment]] = defaultdict(list)
        for assigned in assignments_of(function) if function is not None else ():
            if assigned.attribute in members:
                by_name[assigned.attribute].append(assigned)
        for name, assignments in by_name.items():
            yield from _of_one_name(assignments[0].function, name, assignments)


def _of_one_name(
    function: FunctionSource, name: str, assignments: List[Assignment]
) -> Iterator[Tuple[Assignment, Optional[Assignment]]]:
    for assigned in assignments:
        loop = assigned.loop
        if (
            loop is not None
            and isinstance(assigned.value, ast.Call)
            and not ends_early(loop)
            and not is_read_in(function, name, loop)
        ):
            yield assigned, None
    for earlier, later in zip(assignments, assignments[1:]):
        both_made = (
            isinstance(earlier.value, ast.Call) and isinstance(later.value, ast.Call) and not _is_placeholder(earlier.value)
        )
        if (
            both_made
            and earlier.block == later.block
            and earlier.loop is None
            and not _reads_between(function, name, earlier, later)
        ):
            yield later, earlier


def _is_placeholder(value: ast.Call) -> bool:
    """An empty container, there until the real one is."""
    return not value.args and name_of_call(value) in ("Sequential", "ModuleList", "ModuleDict", "Identity")


def _reads_between(function: FunctionSource, name: str, earlier: Assignment, later: Assignment) -> bool:
    last = later.value.end_lineno if later.value is not None else later.line
    return any(
        function.is_own(node, name)
        and isinstance(getattr(node, "ctx", None), ast.Load)
        and earlier.line <= node.lineno <= (last or later.line)
        for node in ast.walk(function.node)
        if isinstance(node, ast.Attribute)
    )


def _made_by(assigned: Assignment, lost: Sequence[LostModule]) -> int:
    """How many of the lost modules the statement itself made, what is inside of them aside."""
    end = (assigned.value.end_lineno if assigned.value is not None else None) or assigned.line
    file, name = assigned.function.file, name_of_call(assigned.value) if assigned.value is not None else ""
    places = [each.place for each in lost if each.kind.__name__ == name and each.place is not None]
    return sum(place[0] == file and assigned.line <= place[1] <= end for place in places)


def broken_ties(modules: Modules, functions: Callable[[], Sequence[FunctionSource]]) -> List[BrokenTie]:
    """Parameters that begin at one address with as many elements. Parts of one flat buffer begin at different ones."""
    by_address: Dict[Any, Dict[int, Tuple[str, Any]]] = defaultdict(dict)
    for path, module in modules:
        prefix = f"{path}." if path else ""
        for name, parameter in raw.registered(module, "_parameters").items():
            address = _address(parameter)
            if address is not None:
                by_address[address].setdefault(id(parameter), (prefix + name, parameter))
    ties: Dict[Optional[Place], List[BrokenTie]] = defaultdict(list)
    for tied in by_address.values():
        if len(tied) > 1:
            keys = tuple(key for key, _ in tied.values())
            shape = tuple(next(iter(tied.values()))[1].shape)
            place = _tie_statement(keys, functions())
            ties[place].append(BrokenTie(keys, shape, *(place or (None, None))))
    return [tie for place, each in ties.items() for tie in (each[:1] if place else each)]


def _address(parameter: torch.Tensor) -> Any:
    """Device, address and size; None where there is none to compare."""
    if type(parameter) not in _PLAIN or parameter.layout != torch.strided or parameter.device.type == "meta":
        return None
    address = parameter.data_ptr()
    return (parameter.device, address, parameter.numel()) if address and parameter.numel() else None


def _tie_statement(keys: Sequence[str], functions: Sequence[FunctionSource]) -> Optional[Place]:
    """The assignment of one of the keys, or of its ``.data``."""
    for function in functions:
        for node in ast.walk(function.node):
            for target in node.targets if isinstance(node, ast.Assign) else ():
                if isinstance(node, ast.Assign) and isinstance(target, ast.Attribute):
                    written = ast.unparse(target.value if target.attr == "data" else target)
                    made = target.attr == "data" or name_of_call(node.value) == "Parameter"
                    name = written.partition(".")[2]
                    if made and name and any(key == name or key.endswith(f".{name}") for key in keys):
                        return function.file, node.lineno
    return None
