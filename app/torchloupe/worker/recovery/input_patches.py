"""Repairs of the input as patches of ``example_inputs`` in the user's file."""

import linecache
from dataclasses import replace
from types import FunctionType
from typing import Any, Iterator, List, Optional, Sequence, Tuple

import torch

from ...analysis.operation_ways import permuting
from ...analysis.source_edits import returned_pieces
from ...wire.problems import Fix, Problem
from ..input_values import SampleInput
from ..patches import source_patch
from ..places import Places

_CASTS = {"float32": "float()", "float64": "double()", "float16": "half()", "int64": "long()"}


def with_input_patches(problems: Sequence[Problem], function: Any, given: SampleInput, places: Places) -> Tuple[Problem, ...]:
    """The problems, each verified change of an input that ``function`` of the user's file returns with its patch."""
    if not isinstance(function, FunctionType) or given.source != "file":
        return tuple(problems)
    return tuple(replace(problem, fixes=tuple(_patched(problem, function, given, places))) for problem in problems)


def _patched(problem: Problem, function: FunctionType, given: SampleInput, places: Places) -> Iterator[Fix]:
    for fix in problem.fixes:
        method = _method(fix) if fix.verified and not fix.patch else None
        keys = [key for key, value in _values(given) if _is_meant(value, problem, fix)]
        code = function.__code__
        if method is None or len(keys) != 1 or not places.is_project(code.co_filename):
            yield fix
            continue
        source = "".join(linecache.getlines(code.co_filename))
        piece = returned_pieces(source, code.co_name, code.co_firstlineno).get(keys[0])
        yield fix if piece is None else replace(fix, patch=source_patch(code.co_filename, [piece.with_method(method)], places))


def _values(given: SampleInput) -> Iterator[Tuple[object, Any]]:
    yield from enumerate(given.positional)
    yield from given.keywords.items()


def _is_meant(value: Any, problem: Problem, fix: Fix) -> bool:
    if not isinstance(value, torch.Tensor):
        return False
    wanted = _wanted(fix)
    if wanted:
        return list(value.shape) == [1, *wanted[1:]]
    return list(value.shape) == list(problem.data.get("input_shape", ()))


def _wanted(fix: Fix) -> List[int]:
    """The shape of an input of two samples in place of one."""
    wanted = fix.value.get("shape", []) if isinstance(fix.value, dict) else []
    return list(wanted) if wanted[:1] == [2] else []


def _method(fix: Fix) -> Optional[str]:
    if fix.kind == "permute_input" and isinstance(fix.value, list):
        return permuting(fix.value)
    if fix.kind != "change_input" or not isinstance(fix.value, dict):
        return None
    if "unsqueeze" in fix.value:
        return f"unsqueeze({fix.value['unsqueeze']})"
    if _wanted(fix):
        return f"repeat({', '.join(['2', *('1' for _ in _wanted(fix)[1:])])})"
    dtype = fix.value.get("dtype")
    return _CASTS.get(dtype, f"to(torch.{dtype})") if dtype else None
