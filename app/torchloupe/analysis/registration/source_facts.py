"""What the source of a method says about the attributes of ``self``: what is assigned, where, in which loop, and how it is read."""

import ast
from dataclasses import dataclass
from typing import Iterator, List, Optional, Sequence, Tuple, Union

from ..source_edits import last_name

_REGISTERING = ("add_module", "register_module", "register_parameter", "register_buffer")
_ADDING = ("append", "extend", "insert", "add", "appendleft", "update", "setdefault")
_COPYING = ("deepcopy", "copy", "clone")
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
Loop = Union[ast.For, ast.AsyncFor, ast.While]

ARGUMENT = "argument"
"""The value itself, or what it is filled with, came in as an argument."""
WRAPPED = "wrapped"
"""Arguments were put into a list or tuple that is written out: ``self.teacher = [teacher]``."""
COPIED = "copied"
AROUND = "around"
"""Stored past ``Module.__setattr__``: ``object.__setattr__(self, ...)``, ``self.__dict__[...] = ...``."""
MADE = "made"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class FunctionSource:
    """A function of a class, read: its file, the class, its tree with the line numbers of the file."""

    file: str
    class_name: str
    node: ast.FunctionDef

    @property
    def self_name(self) -> str:
        """What it calls its own object."""
        first = [*self.node.args.posonlyargs, *self.node.args.args][:1]
        return first[0].arg if first else ""

    @property
    def arguments(self) -> Tuple[str, ...]:
        """The names of its other arguments."""
        given = self.node.args
        several = [each.arg for each in (given.vararg, given.kwarg) if each is not None]
        return (*[each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)][1:], *several)

    def is_own(self, node: ast.AST, attribute: Optional[str] = None) -> bool:
        """Whether an expression is ``self.attribute``."""
        return (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == self.self_name
            and attribute in (None, node.attr)
        )


@dataclass(frozen=True)
class Assignment:
    """``self.attribute = value``, or a call that does the same. ``loop`` is the innermost loop around it, ``block`` the list of
    statements in which it stands (its number), ``around`` whether it goes past ``Module.__setattr__``."""

    attribute: str
    value: Optional[ast.expr]
    line: int
    function: FunctionSource
    loop: Optional[Loop] = None
    block: int = 0
    around: bool = False


def assignments_of(function: FunctionSource, attribute: Optional[str] = None) -> List[Assignment]:
    """All assignments to attributes of ``self`` in a function, in the order of its lines."""
    found = []
    for statement, loop, block in _statements(function.node.body, None):
        for name, value, around in _targets(function, statement):
            if attribute in (None, name):
                found.append(Assignment(name, value, statement.lineno, function, loop, block, around))
    return found


def additions_to(function: FunctionSource, attribute: str) -> Iterator[ast.expr]:
    """What is put into the container ``self.attribute``: appended, inserted, set under a key."""
    for node in ast.walk(function.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDING:
            if function.is_own(node.func.value, attribute) and node.args:
                yield node.args[-1]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and function.is_own(target.value, attribute):
                    yield node.value
        elif isinstance(node, ast.AugAssign) and function.is_own(node.target, attribute):
            yield node.value


def reads_only_first(functions: Sequence[FunctionSource], attribute: str) -> bool:
    """Whether ``self.attribute`` is read, and only as ``self.attribute[0]``: a list of one that only hides."""
    reads = 0
    for function in functions:
        firsts = {
            id(node.value)
            for node in ast.walk(function.node)
            if isinstance(node, ast.Subscript)
            and function.is_own(node.value, attribute)
            and ast.unparse(node.slice) in ("0", "-1")
        }
        for node in ast.walk(function.node):
            if function.is_own(node, attribute) and isinstance(getattr(node, "ctx", None), ast.Load):
                reads += 1
                if id(node) not in firsts:
                    return False
    return reads > 0


def way_of(functions: Sequence[FunctionSource], assignments: Sequence[Assignment]) -> str:
    """How the value of an attribute came to be, of all its assignments."""
    if any(assignment.around for assignment in assignments):
        return AROUND
    values = [(each.function, each.value) for each in assignments if each.value is not None and not _is_empty(each.value)]
    if assignments:
        name = assignments[0].attribute
        values += [(function, value) for function in functions for value in additions_to(function, name)]
    ways = {_way(function, value, 3) for function, value in values}
    return next((way for way in (MADE, ARGUMENT, COPIED, WRAPPED) if way in ways), UNKNOWN)


def is_list_of_one(value: Optional[ast.expr]) -> bool:
    """``[x]`` or ``(x,)``, written out."""
    return isinstance(value, (ast.List, ast.Tuple)) and len(value.elts) == 1 and not isinstance(value.elts[0], ast.Starred)


def repeated_list(function: FunctionSource, value: Optional[ast.expr]) -> Optional[ast.BinOp]:
    """The ``[layer] * n`` in an expression, or in what its local names stand for; not one of constants such as ``[64] * n``."""
    for node in _with_locals(function, value, 2):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            for side in (node.left, node.right):
                if isinstance(side, (ast.List, ast.Tuple)) and any(not isinstance(each, ast.Constant) for each in side.elts):
                    return node
    return None


def is_read_in(function: FunctionSource, attribute: str, loop: Loop) -> bool:
    """Whether ``self.attribute`` is read inside a loop."""
    return any(
        function.is_own(node, attribute) and isinstance(getattr(node, "ctx", None), ast.Load)
        for statement in loop.body
        for node in ast.walk(statement)
    )


def ends_early(loop: Loop) -> bool:
    """Whether a loop may be a search: it breaks, returns, or is a ``while``."""
    return isinstance(loop, ast.While) or any(isinstance(node, (ast.Break, ast.Return)) for node in ast.walk(loop))


def name_of_call(node: ast.AST) -> str:
    """``Parameter`` of ``nn.Parameter(...)``; empty for anything but a call of a name."""
    return last_name(node.func) if isinstance(node, ast.Call) else ""


def _statements(body: Sequence[ast.stmt], loop: Optional[Loop]) -> Iterator[Tuple[ast.stmt, Optional[Loop], int]]:
    for statement in body:
        yield statement, loop, id(body)
        if isinstance(statement, _SCOPES):
            continue
        inner = statement if isinstance(statement, _LOOPS) else loop
        for part in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, part, None) or [], inner)
        for handler in getattr(statement, "handlers", None) or []:
            yield from _statements(handler.body, inner)
        for case in getattr(statement, "cases", None) or []:
            yield from _statements(case.body, inner)


def _targets(function: FunctionSource, statement: ast.stmt) -> Iterator[Tuple[str, Optional[ast.expr], bool]]:
    """Attribute, value, and whether it goes around ``Module.__setattr__``, of one statement."""
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            yield from _unpacked(function, target, statement.value)
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield from _unpacked(function, statement.target, statement.value)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        yield from _setting_calls(function, statement.value)


def _unpacked(function: FunctionSource, target: ast.expr, value: ast.expr) -> Iterator[Tuple[str, Optional[ast.expr], bool]]:
    if isinstance(target, (ast.Tuple, ast.List)):
        values = value.elts if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts) else None
        for number, each in enumerate(target.elts):
            yield from _unpacked(function, each, values[number] if values else value)
    elif isinstance(target, ast.Attribute) and function.is_own(target):
        yield target.attr, value, False
    elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and _is_own_dict(function, target.value):
        yield str(target.slice.value), value, True


def _is_own_dict(function: FunctionSource, node: ast.expr) -> bool:
    return function.is_own(node, "__dict__") or (
        name_of_call(node) == "vars"
        and isinstance(node, ast.Call)
        and [ast.unparse(each) for each in node.args] == [function.self_name]
    )


def _setting_calls(function: FunctionSource, call: ast.Call) -> Iterator[Tuple[str, Optional[ast.expr], bool]]:
    name = name_of_call(call)
    if name == "update" and isinstance(call.func, ast.Attribute) and _is_own_dict(function, call.func.value):
        for keyword in call.keywords:
            yield keyword.arg or "", keyword.value, True
        return
    arguments = call.args
    if name in ("setattr", "__setattr__") and len(arguments) == 3:
        arguments = arguments[1:] if ast.unparse(arguments[0]) == function.self_name else []
    elif name not in (*_REGISTERING, "__setattr__") or not ast.unparse(call.func).startswith(
        (f"{function.self_name}.", "super()")
    ):
        return
    if len(arguments) == 2 and isinstance(arguments[0], ast.Constant) and isinstance(arguments[0].value, str):
        yield arguments[0].value, arguments[1], ast.unparse(call.func) == "object.__setattr__"


def _is_empty(value: ast.expr) -> bool:
    """``[]``, ``{}``, ``None``, ``list()``, ``deque(maxlen=3)``: nothing in it yet."""
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        return not value.elts
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.Call):
        return name_of_call(value) in ("list", "dict", "set", "deque", "OrderedDict", "defaultdict") and not value.args
    return isinstance(value, ast.Constant)


def _way(function: FunctionSource, value: ast.expr, depth: int) -> str:
    if isinstance(value, ast.Name):
        return _way_of_name(function, value.id, depth)
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)) and value.elts:
        ways = {_way(function, each, depth) for each in value.elts}
        return WRAPPED if ways == {ARGUMENT} else next((way for way in (MADE, COPIED) if way in ways), UNKNOWN)
    if isinstance(value, ast.Call):
        if name_of_call(value) in _COPYING:
            return COPIED
        if name_of_call(value) in ("list", "tuple", "set", "dict") and len(value.args) == 1 and not value.keywords:
            return _way(function, value.args[0], depth)
        return MADE
    if isinstance(value, (ast.Attribute, ast.Subscript)):
        return _way(function, value.value, depth)
    if isinstance(value, ast.Starred):
        return _way(function, value.value, depth)
    if isinstance(value, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        return _way_of_comprehension(function, value.elt, value.generators, depth)
    if isinstance(value, ast.DictComp):
        return _way_of_comprehension(function, value.value, value.generators, depth)
    if isinstance(value, ast.Dict):
        ways = {_way(function, each, depth) for each in value.values}
        return WRAPPED if ways == {ARGUMENT} else MADE
    if isinstance(value, ast.Lambda):
        return _way_of_lambda(function, value, depth)
    return MADE if isinstance(value, (ast.BinOp, ast.IfExp, ast.BoolOp)) else UNKNOWN


def _way_of_name(function: FunctionSource, name: str, depth: int) -> str:
    if name in function.arguments:
        return ARGUMENT
    if depth <= 0:
        return UNKNOWN
    ways = {_way(function, value, depth - 1) for value in _local_values(function, name) if not _is_empty(value)}
    return next((way for way in (MADE, ARGUMENT, WRAPPED, COPIED) if way in ways), UNKNOWN)


def _way_of_comprehension(function: FunctionSource, part: ast.expr, generators: List[ast.comprehension], depth: int) -> str:
    if isinstance(part, ast.Name):
        sources = [
            each.iter
            for each in generators
            if part.id in {node.id for node in ast.walk(each.target) if isinstance(node, ast.Name)}
        ]
        return _way(function, sources[0], depth) if sources else _way(function, part, depth)
    return _way(function, part, depth)


def _way_of_lambda(function: FunctionSource, value: ast.Lambda, depth: int) -> str:
    names = {node.id for node in ast.walk(value.body) if isinstance(node, ast.Name)} - {each.arg for each in value.args.args}
    ways = {_way_of_name(function, name, depth) for name in names} | {_way(function, each, depth) for each in value.args.defaults}
    return next((way for way in (MADE, ARGUMENT) if way in ways), UNKNOWN)


def _local_values(function: FunctionSource, name: str) -> Iterator[ast.expr]:
    """What a local name is assigned, looped over, or filled with."""
    for node in ast.walk(function.node):
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
            yield node.value
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            if any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node.target)):
                yield node.iter
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {f"{name}.{adding}" for adding in _ADDING}:
            yield from node.args[-1:]


def _with_locals(function: FunctionSource, value: Optional[ast.expr], depth: int) -> Iterator[ast.AST]:
    for node in ast.walk(value) if value is not None else ():
        yield node
        if depth and isinstance(node, ast.Name):
            for local in _local_values(function, node.id):
                yield from _with_locals(function, local, depth - 1)
