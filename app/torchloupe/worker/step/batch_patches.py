"""Repairs of a batch that was lost on the way, as patches of the user's file."""

import ast
import linecache
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Callable, Optional

import torch
from torch import nn

from ...analysis.source_edits import call_at, span_of_node
from ..definitions import function_tree
from ..input_values import SampleInput
from ..patches import source_patch
from ..places import Places
from ..repairs import RUNS


class Passes:
    """Passes of a model that is put back after each, for repairs to be tried with."""

    reached = RUNS

    def __init__(self, model: nn.Module, given: SampleInput, put_back: Callable[[], None]) -> None:
        self.model = model
        self.given = given
        self._put_back = put_back

    def run(
        self,
        within: "Optional[AbstractContextManager[Any]]" = None,
        prepare: Callable[[], None] = lambda: None,
        given: Optional[SampleInput] = None,
    ) -> Optional[BaseException]:
        """One pass within a context, after ``prepare``; what it raised, or None."""
        given = given or self.given
        try:
            prepare()
            with torch.no_grad(), within or nullcontext():
                self.model(*given.positional, **given.keywords)
        except Exception as error:  # of the user's model, after a change that it was not made for
            return error
        finally:
            self._put_back()
        return None


def turned_patch(model: nn.Module, path: str, places: Places) -> str:
    """The patch that gives a layer its input with the first two axes the other way round; empty where several lines call it."""
    owner, _, name = path.rpartition(".")
    code = getattr(getattr(type(model.get_submodule(owner)), "forward", None), "__code__", None)
    tree = function_tree(code) if code is not None and places.is_project(code.co_filename) else None
    calls = [node for node in ast.walk(tree) if _is_call_of(node, name)] if tree is not None else []
    if len(calls) != 1 or code is None:
        return ""
    source = "".join(linecache.getlines(code.co_filename))
    written = call_at(source, span_of_node(calls[0]))
    if written is None or not written.operands:
        return ""
    return source_patch(code.co_filename, [written.operands[0].with_method("transpose(0, 1)")], places)


def _is_call_of(node: ast.AST, name: str) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    is_own = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "self"
    return is_own and isinstance(function, ast.Attribute) and function.attr == name
