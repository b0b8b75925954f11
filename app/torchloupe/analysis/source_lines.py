"""What stands in one line of a person's source where something was raised: a check, attributes, keys."""

import ast
from typing import Iterator, List, NamedTuple, Optional, Tuple

from .source_edits import Span, span_of_node


class Check(NamedTuple):
    """An ``assert``: what it tests, and the names in that."""

    test: str
    names: Tuple[str, ...]


class Named(NamedTuple):
    """``self.droput`` or ``self.heads["class"]``: the ``owner`` as it is written, the name or key, and where that stands."""

    owner: str
    name: str
    span: Span


def check_on(source: str, line: int) -> Optional[Check]:
    """The ``assert`` that a line belongs to."""
    found = [node for node in _nodes(source) if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or line)]
    if not found:
        return None
    test = found[-1].test
    names = sorted((node.lineno, node.col_offset, node.id) for node in ast.walk(test) if isinstance(node, ast.Name))
    return Check(ast.get_source_segment(source, test) or "", tuple(dict.fromkeys(name for _, _, name in names)))


def attributes_on(source: str, line: int) -> List[Named]:
    """The attributes that a line names, each with what it is of, the outermost first."""
    return list(_attributes(source, line))


def _attributes(source: str, line: int) -> Iterator[Named]:
    for node in _nodes(source):
        if isinstance(node, ast.Attribute) and node.end_lineno == line and node.end_col_offset is not None:
            start = node.end_col_offset - len(node.attr.encode())
            yield Named(ast.unparse(node.value), node.attr, Span(line, start, line, node.end_col_offset))


def keys_on(source: str, line: int) -> List[Named]:
    """The keys that a line looks up by a constant text."""
    found = [
        node for node in _nodes(source) if isinstance(node, ast.Subscript) and node.lineno <= line <= (node.end_lineno or line)
    ]
    return [
        Named(ast.unparse(node.value), node.slice.value, span_of_node(node.slice))
        for node in found
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
    ]


def _nodes(source: str) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(ast.parse(source))
    except (SyntaxError, ValueError):
        return
