"""A line of the user's written otherwise, tried: the function it stands in runs with the code of the changed source for a while.

Nothing is imported again and no file is written: the functions of the model's classes are given other code, and their own back.
"""

import linecache
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType, FunctionType
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from torch import nn

from ..analysis.source_edits import Edit, Expression, Span, call_at, edited, expression_at
from .places import is_foreign


@dataclass(frozen=True)
class Spot:
    """Where an operation runs: the function's code and, where Python tells it, the very expression.

    ``is_direct``: the operation stands there, and not in a layer of torch that is called there.
    """

    code: CodeType
    line: int
    span: Optional[Span] = None
    is_direct: bool = True

    @property
    def file(self) -> str:
        """The file of that code."""
        return self.code.co_filename

    @property
    def source(self) -> str:
        """All of it, as it was when it was run."""
        return "".join(linecache.getlines(self.file))

    def expression(self, operation: str) -> Optional[Expression]:
        """What stands there, by the name of the operation."""
        return expression_at(self.source, self.line, operation, self.span) if self.is_direct else None

    def call(self) -> Optional[Expression]:
        """The call that stands there, whatever its name."""
        return call_at(self.source, self.span) if self.is_direct and self.span is not None else None


def spot_of(frame: Optional[FrameType]) -> Optional[Spot]:
    """The nearest line of the user's code, outwards from ``frame``."""
    is_direct = True
    while frame is not None and is_foreign(frame.f_code.co_filename):
        is_direct = is_direct and f"{os.sep}nn{os.sep}modules{os.sep}" not in frame.f_code.co_filename
        frame = frame.f_back
    if frame is None:
        return None
    return Spot(frame.f_code, frame.f_lineno, _span(frame.f_code, frame.f_lasti), is_direct)


def _span(code: CodeType, instruction: int) -> Optional[Span]:
    if not hasattr(code, "co_positions"):
        return None
    places: List[Tuple[Optional[int], ...]] = list(code.co_positions())
    first, last, start, end = places[instruction // 2]
    if first is None or last is None or start is None or end is None:
        return None
    return Span(first, start, last, end)


Changes = Sequence[Tuple[Spot, Sequence[Edit]]]


@contextmanager
def with_edits(model: nn.Module, changes: Changes) -> Iterator[bool]:
    """Inside, the functions of these places run as they would with the edits made; False where one of them cannot be had."""
    members = _functions_of(model) if changes else []
    wanted: Dict[CodeType, Tuple[Spot, List[Edit]]] = {}
    for spot, edits in changes:
        wanted.setdefault(_outermost(spot.code, members), (spot, []))[1].extend(edits)
    functions = {code: [each for each in members if each.__code__ is code] for code in wanted}
    known = [(code, spot, edits) for code, (spot, edits) in wanted.items() if _is_what_runs(code, spot.source)]
    tried = {code: _changed_code(code, edited(spot.source, edits)) for code, spot, edits in known}
    new = {code: other for code, other in tried.items() if other is not None and functions[code]}
    if len(new) < len(wanted):
        yield False
        return
    try:
        _give(functions, new)
        yield True
    finally:
        _give(functions, {code: code for code in wanted})


@contextmanager
def with_source(model: nn.Module, file: str, source: str) -> Iterator[bool]:
    """Inside, the functions of a file run as another source of it has them; False where none of them would run otherwise."""
    members = [each for each in _functions_of(model) if each.__code__.co_filename == file]
    codes = {each.__code__: _changed_code(each.__code__, source) for each in members}
    new = {code: other for code, other in codes.items() if other is not None and not _is_alike(code, other)}
    functions = {code: [each for each in members if each.__code__ is code] for code in new}
    try:
        _give(functions, new)
        yield bool(new)
    finally:
        _give(functions, {code: code for code in new})


def _is_alike(one: CodeType, other: CodeType) -> bool:
    return (one.co_code, one.co_names, one.co_varnames) == (other.co_code, other.co_names, other.co_varnames) and all(
        _is_alike(mine, theirs) if isinstance(mine, CodeType) and isinstance(theirs, CodeType) else repr(mine) == repr(theirs)
        for mine, theirs in zip(one.co_consts, other.co_consts)
    )


def files_of(model: nn.Module) -> List[str]:
    """The files that the functions of a model stand in."""
    return list(dict.fromkeys(each.__code__.co_filename for each in _functions_of(model)))


def _give(functions: Dict[CodeType, List[FunctionType]], codes: Mapping[CodeType, CodeType]) -> None:
    for code, those in functions.items():
        for function in those:
            function.__code__ = codes[code]


def _outermost(code: CodeType, members: Sequence[FunctionType]) -> CodeType:
    """The code of the function that it stands in: a comprehension, or a lambda, is made anew whenever that one runs."""
    if any(each.__code__ is code for each in members):
        return code
    return next((each.__code__ for each in members if code in _codes(each.__code__)), code)


def _is_what_runs(code: CodeType, source: str) -> bool:
    """Whether the file still says what was imported; it may have been saved since."""
    now = _changed_code(code, source)
    return now is not None and now.co_code == code.co_code


def _changed_code(wanted: CodeType, source: str) -> Optional[CodeType]:
    try:
        module = compile(source, wanted.co_filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    found = [code for code in _codes(module) if code.co_name == wanted.co_name and code.co_firstlineno == wanted.co_firstlineno]
    return found[0] if len(found) == 1 and found[0].co_freevars == wanted.co_freevars else None


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _functions_of(model: nn.Module) -> List[FunctionType]:
    """The methods of the model's classes, and the functions of their files."""
    kinds = {kind for module in model.modules() for kind in type(module).__mro__ if kind is not object}
    members: List[Any] = [member for kind in kinds for member in vars(kind).values()]
    for name in {kind.__module__ for kind in kinds if not kind.__module__.startswith("torch.")}:
        members += vars(sys.modules[name]).values() if name in sys.modules else ()
    members = [getattr(member, "__func__", getattr(member, "fget", member)) for member in members]
    members += [getattr(member, "__wrapped__", None) for member in members if isinstance(member, FunctionType)]
    return list({id(each): each for each in members if isinstance(each, FunctionType)}.values())
