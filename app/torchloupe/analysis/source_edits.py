"""Changes of a person's source: an expression found by its place, one of its operands written otherwise, and the patch of that."""

import ast
import difflib
from dataclasses import dataclass
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

_SIGNS = {"+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "matmul": ast.MatMult, "+=": ast.Add}
_PLAIN = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)


class Span(NamedTuple):
    """A piece of source as Python counts it: lines from 1, columns in bytes from 0."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Edit:
    """What stands at ``span`` becomes ``text``."""

    span: Span
    text: str


@dataclass(frozen=True)
class Piece:
    """An operand as it is written. ``is_sum``: it needs parentheses before a dot."""

    span: Span
    text: str
    is_sum: bool = False

    @property
    def whole(self) -> str:
        """As something that a dot may follow."""
        return f"({self.text})" if self.is_sum else self.text

    def with_method(self, call: str) -> Edit:
        """``x`` as ``x.call``."""
        return Edit(self.span, f"{self.whole}.{call}")


@dataclass(frozen=True)
class Expression:
    """An operation as it is written: ``operands`` are its tensors, ``arguments`` what follows them (``view(n, 4)``: ``n``, ``4``)."""

    span: Span
    operands: Tuple[Piece, ...]
    arguments: Tuple[Piece, ...] = ()
    function: str = ""


def expression_at(source: str, line: int, operation: str, span: Optional[Span] = None) -> Optional[Expression]:
    """The expression that stands for ``operation`` (``view``, ``+``) at this very ``span``, else the only one of its kind on the line."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    found = [node for node in ast.walk(tree) if _is_of_kind(node, operation) and _covers(node, line)]
    exact = [node for node in found if span is not None and span_of_node(node) == span]
    chosen = exact or ([] if span is not None and len(found) > 1 else found)
    return _expression(source, chosen[0], operation) if len(chosen) == 1 else None


def call_at(source: str, span: Span) -> Optional[Expression]:
    """The call at this very place, of a layer by whatever name."""
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and span_of_node(node) == span]
    except (SyntaxError, ValueError):
        return None
    if len(calls) != 1 or any(isinstance(each, ast.Starred) for each in calls[0].args):
        return None
    return Expression(span, _pieces(source, calls[0].args[:1]), _pieces(source, calls[0].args[1:]))


def sizes_read(source: str, line: int) -> Iterator[Tuple[Span, int]]:
    """Each whole number of ``x.size(1)`` and ``x.shape[1]`` in the function around a line."""
    for node in _around(source, line):
        number: Optional[ast.AST] = None
        if isinstance(node, ast.Call) and last_name(node.func) == "size" and len(node.args) == 1:
            number = node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            number = node.slice
        if isinstance(number, ast.Constant) and isinstance(number.value, int):
            yield span_of_node(number), number.value


def flattened_whole(source: str, line: int) -> Iterator[Tuple[Span, str]]:
    """Each call in the function around a line that makes one row of a tensor, the batch too; and the same with the batch kept."""
    for node in _around(source, line):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name, is_of_torch = node.func.attr, _is_of_torch(node.func.value)
        given = node.args[1:] if is_of_torch else node.args
        is_one_row = name in ("view", "reshape") and [ast.unparse(each) for each in given] == ["-1"]
        if (name == "flatten" and not given and not node.keywords) or is_one_row:
            tensor = _piece(source, node.args[0] if is_of_torch else node.func.value)
            yield span_of_node(node), f"{tensor.whole}.flatten(1)"


def _around(source: str, line: int) -> Iterator[ast.AST]:
    """The nodes of the innermost function that a line is in."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and _covers(node, line)]
    if functions:
        yield from ast.walk(max(functions, key=lambda function: function.lineno))


def edited(source: str, edits: Sequence[Edit]) -> str:
    """The source with the edits made; they do not overlap."""
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        start, end = _offset(source, edit.span.line, edit.span.column), _offset(source, edit.span.end_line, edit.span.end_column)
        source = source[:start] + edit.text + source[end:]
    return source


def text_of(source: str, span: Span, edits: Sequence[Edit]) -> str:
    """What stands at ``span`` once the edits inside it are made."""
    behind = len(source) - _offset(source, span.end_line, span.end_column)
    changed = edited(source, edits)
    return changed[_offset(source, span.line, span.column) : len(changed) - behind]


def patch_text(name: str, before: str, after: str) -> str:
    """A unified diff of one file, as ``git apply`` and ``patch -p1`` take it; empty where nothing changes."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    lines = list(difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"))
    ended = [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    return "".join(ended)


def as_written(raw: str, before: str, after: str) -> Tuple[str, str]:
    """A source and what becomes of it with the ends of lines of its file, of which ``raw`` is the text; as they are for another text."""
    raw_lines, old, new = _lines(raw), _lines(before), _lines(after)
    if [line.rstrip("\r\n") for line in raw_lines] != [line.rstrip("\n") for line in old]:
        return before, after
    found: List[str] = []
    for what, first, last, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found += raw_lines[first:last]
        else:
            beside = raw_lines[min(first, len(raw_lines) - 1)]
            found += [line.rstrip("\n") + beside[len(beside.rstrip("\r\n")) :] for line in new[start:end]]
    return raw, "".join(found)


def _lines(text: str) -> List[str]:
    *whole, rest = text.split("\n")
    return [f"{line}\n" for line in whole] + ([rest] if rest else [])


def patched(source: str, patch: str) -> Optional[str]:
    """The source with a patch of ``patch_text`` made; None where it is another source."""
    lines, found, at = source.splitlines(keepends=True), [], 0
    for line in patch.splitlines(keepends=True):
        if line.startswith(("---", "+++", "\\")):
            continue
        if line.startswith("@@"):
            start = int(line.split()[1].partition(",")[0][1:]) - 1
            found += lines[at:start]
            at = start
        elif line[:1] == "+":
            found.append(line[1:].replace("\r\n", "\n"))
        else:
            # What stands around may have been changed by another patch; what is taken away may not.
            if at >= len(lines) or (line[:1] == "-" and lines[at].rstrip("\r\n") != line[1:].rstrip("\r\n")):
                return None
            found += [lines[at]] if line[:1] == " " else []
            at += 1
    return "".join(found + lines[at:])


def patched_with_all(source: str, patches: Sequence[str]) -> Optional[str]:
    """The source with all of them made, also those of neighbouring lines, which ``git apply`` does not take one after the other. None where
    two of them change the same line."""
    after: Optional[str] = source
    for patch in sorted(dict.fromkeys(patches), key=_first_change, reverse=True):  # so that no line is moved before its turn
        after = patched(after, patch) if after is not None else None
    return after


def _first_change(patch: str) -> Tuple[int, bool]:
    """The line, and whether that is taken away: what is put before it comes later."""
    at = 0
    for line in patch.splitlines()[2:]:
        if line.startswith("@@"):
            at = int(line.split()[1].partition(",")[0][1:])
        elif line[:1] in ("-", "+"):
            return at, line[0] == "-"
        else:
            at += 1
    return at, False


def with_argument(
    source: str,
    line: int,
    class_name: str,
    argument: str,
    value: object,
    names: Sequence[str],
    column: Optional[int] = None,
) -> Optional[Edit]:
    """A constructor call that begins on ``line``, with one argument of another value. ``names`` are those of its parameters, in order.

    None where the source does not say which call it is, or hands its arguments on with a star; ``column`` says it where a line has several.
    """
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.lineno == line]
    except (SyntaxError, ValueError):
        return None
    calls = [call for call in calls if column is None or call.col_offset == column]
    made = [call for call in calls if last_name(call.func) == class_name]
    if len(made) != 1 or any(isinstance(each, ast.Starred) for each in made[0].args):
        return None
    call = made[0]
    keyword = next((each.value for each in call.keywords if each.arg == argument), None)
    at = names.index(argument) if argument in names else len(call.args)
    old = keyword if keyword is not None else call.args[at] if at < len(call.args) else None
    if old is not None:
        return Edit(span_of_node(old), repr(value))
    if any(each.arg is None for each in call.keywords):
        return None
    end = Span(call.end_lineno or line, (call.end_col_offset or 1) - 1, call.end_lineno or line, (call.end_col_offset or 1) - 1)
    return Edit(end, f"{', ' if call.args or call.keywords else ''}{argument}={value!r}")


def returned_pieces(source: str, function: str, line: int) -> Dict[object, Piece]:
    """What a function that begins on ``line`` returns, as it is written: by position in a tuple, by key in a dict, else by 0."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return {}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == function]
    here = [node for node in found if min([node.lineno, *(each.lineno for each in node.decorator_list)]) == line]
    returns = [node.value for each in here for node in ast.walk(each) if isinstance(node, ast.Return) and node.value is not None]
    if len(returns) != 1:
        return {}
    value = returns[0]
    if isinstance(value, (ast.Tuple, ast.List)):
        return {at: _side(source, each) for at, each in enumerate(value.elts) if not isinstance(each, ast.Starred)}
    if isinstance(value, ast.Dict):
        return {key.value: _piece(source, each) for key, each in zip(value.keys, value.values) if isinstance(key, ast.Constant)}
    return {0: _piece(source, value)}


def listed_pieces(source: str, line: int, name: str) -> Tuple[Piece, ...]:
    """The parts of the list that a name stands for on this line, where it was written last before it in the same function."""
    value = _assigned(source, line, name)
    if not isinstance(value, (ast.List, ast.Tuple)) or any(isinstance(each, ast.Starred) for each in value.elts):
        return ()
    return tuple(_side(source, each) for each in value.elts)


def _assigned(source: str, line: int, name: str) -> Optional[ast.expr]:
    assigned = [
        node
        for node in _around(source, line)
        if isinstance(node, ast.Assign) and node.lineno < line and [last_name(each) for each in node.targets] == [name]
    ]
    return max(assigned, key=lambda node: node.lineno).value if assigned else None


def numbers_given(source: str, line: int, name: str) -> Iterator[Tuple[Span, int]]:
    """Each whole number in the call that a name stands for on this line, where it was written last before it in the same function."""
    value = _assigned(source, line, name)
    for node in ast.walk(value) if isinstance(value, ast.Call) else ():
        if isinstance(node, ast.Constant) and type(node.value) is int:
            yield span_of_node(node), node.value


def handed_on_name(call: ast.expr, argument: str, names: Sequence[str]) -> Optional[str]:
    """The name that stands for an argument of a call, as ``width`` in ``nn.Linear(width, 4)`` and in ``nn.Linear(width or 3, 4)``."""
    value = given_argument(call, argument, names)
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        value = value.values[0]
    return value.id if isinstance(value, ast.Name) else None


def given_argument(call: ast.expr, argument: str, names: Sequence[str]) -> Optional[ast.expr]:
    """What a call gives for one of the parameters ``names``; None where it gives nothing, or hands it on with a star."""
    if not isinstance(call, ast.Call) or any(isinstance(each, ast.Starred) for each in call.args) or argument not in names:
        return None
    keyword = next((each.value for each in call.keywords if each.arg == argument), None)
    at = names.index(argument)
    return keyword if keyword is not None else call.args[at] if at < len(call.args) else None


def _is_of_kind(node: ast.AST, operation: str) -> bool:
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and operation in _SIGNS:
        is_sum = isinstance(node, ast.AugAssign) == operation.endswith("=")
        return isinstance(node.op, _SIGNS[operation]) and (is_sum or operation == "matmul")
    return isinstance(node, ast.Call) and last_name(node.func) == operation


def last_name(function: ast.expr) -> str:
    """``Linear`` of ``nn.Linear``, and of ``Linear``; empty for anything but a name."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _covers(node: ast.AST, line: int) -> bool:
    first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
    return bool(first <= line <= last)


def _expression(source: str, node: ast.AST, operation: str) -> Expression:
    span = span_of_node(node)
    if isinstance(node, ast.BinOp):
        return Expression(span, (_side(source, node.left), _side(source, node.right)))
    if isinstance(node, ast.AugAssign):
        return Expression(span, (_piece(source, node.target), _piece(source, node.value)))
    assert isinstance(node, ast.Call)
    function = ast.get_source_segment(source, node.func) or ""
    keywords = [keyword.value for keyword in node.keywords if keyword.arg in ("dim", "axis")]
    given: List[ast.expr] = list(node.args)
    if isinstance(node.func, ast.Attribute) and not _is_of_torch(node.func.value) and not _is_layer(node.func):
        given.insert(0, node.func.value)
    if given and isinstance(given[0], (ast.List, ast.Tuple)):
        return Expression(
            span, tuple(_side(source, each) for each in given[0].elts), _pieces(source, [*given[1:], *keywords]), function
        )
    count = 2 if operation in ("matmul", "bmm", "mm", "linear", "add", "sub", "mul", "div") else 1
    rest = given[count:]
    if len(rest) == 1 and isinstance(rest[0], (ast.List, ast.Tuple)):
        rest = rest[0].elts
    return Expression(span, _pieces(source, given[:count]), _pieces(source, [*rest, *keywords]), function)


def _is_layer(function: ast.Attribute) -> bool:
    """``self.fc``, ``self.blocks[0].norm``: what is called is an attribute, and the tensor is its argument."""
    node: ast.expr = function
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Name) and node.id == "self" and not _is_method_of_a_tensor(function.attr)


def _is_method_of_a_tensor(name: str) -> bool:
    return name in ("view", "reshape", "flatten", "matmul", "bmm", "mm", "add", "sub", "mul", "div", "unflatten")


def _is_of_torch(node: ast.expr) -> bool:
    return ast.unparse(node) in ("torch", "F", "functional", "nn.functional", "torch.nn.functional")


def _pieces(source: str, nodes: Sequence[ast.expr]) -> Tuple[Piece, ...]:
    return tuple(_piece(source, node) for node in nodes)


def _piece(source: str, node: ast.expr) -> Piece:
    text = ast.get_source_segment(source, node) or ""
    return Piece(span_of_node(node), text, not isinstance(node, _PLAIN))


def _side(source: str, node: ast.expr) -> Piece:
    """An operand of a sign, or a part of a list: with the parentheses around it, which are its own."""
    piece, span = _piece(source, node), span_of_node(node)
    around = span._replace(column=span.column - 1, end_column=span.end_column + 1)
    if not piece.is_sum or span.column == 0:
        return piece
    with_parentheses = text_of(source, around, ())
    return Piece(around, with_parentheses) if with_parentheses[:1] + with_parentheses[-1:] == "()" else piece


def span_of_node(node: ast.AST) -> Span:
    """Where a node stands."""
    places: Iterator[int] = (getattr(node, name, 0) or 0 for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"))
    return Span(*places)


def _offset(source: str, line: int, column: int) -> int:
    """The characters before a place."""
    lines = source.split("\n")
    return sum(map(len, lines[: line - 1])) + line - 1 + len(lines[line - 1].encode()[:column].decode())
