"""What a model raises that is no matter of shapes, told apart: its own check, a name that is not there, a value of the wrong kind."""

import inspect
import linecache
from dataclasses import replace
from difflib import get_close_matches
from types import FrameType
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn

from ..analysis.source_edits import Edit
from ..analysis.source_lines import Named, attributes_on, check_on, keys_on
from ..analysis.wording import shape_text
from ..wire.problems import Fix, Problem
from .error_words import words_of
from .explain import said_by
from .patches import source_patch
from .places import Places
from .registration import raw
from .repairs import RUNS
from .repetition import Repetition
from .source_trial import Spot, with_edits
from .trace import OpenFailure

_MOST_NAMES = 6
_MOST_LETTERS = 60


def told_apart(
    plain: Problem, error: BaseException, opened: Optional[OpenFailure], repetition: Repetition, places: Places
) -> Problem:
    """The problem in words of its own, where the exception is of a kind that is known; ``plain`` is what is said of any."""
    frame = _frame(error, plain)
    told = None
    if isinstance(error, AssertionError) and frame is not None:
        told = _own_check(plain, error, frame)
    elif isinstance(error, TypeError):
        told = _wrong_count(plain, repetition) if plain.file is None else _nested(plain, opened)
    elif isinstance(error, (AttributeError, KeyError)) and frame is not None:
        told = _missing(plain, error, frame, repetition, places)
    return told or plain


def _frame(error: BaseException, plain: Problem) -> Optional[FrameType]:
    """The frame of the line that the problem names."""
    trace, found = error.__traceback__, None
    while trace is not None:
        if (trace.tb_frame.f_code.co_filename, trace.tb_lineno) == (plain.file, plain.line):
            found = trace.tb_frame
        trace = trace.tb_next
    return found


def _own_check(plain: Problem, error: BaseException, frame: FrameType) -> Optional[Problem]:
    check = check_on(_source(plain), plain.line or 0)
    if check is None:
        return None
    facts = [(name, _fact(frame.f_locals[name])) for name in check.names if name in frame.f_locals]
    told = [f"`{name}` is {fact}" for name, fact in facts if fact][:_MOST_NAMES]
    text = f": {words_of(error)}" if words_of(error) else ""
    message = f"The model's own check `{check.test}` fails{text}." + (f" {', '.join(told)}." if told else "")
    hint = f"Give it what the check in line {plain.line} wants, or mend the check."
    return replace(plain, message=message, hint=hint, data={**plain.data, "kind": "own-check", "check": check.test})


def _fact(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return shape_text(tuple(value.shape))
    if isinstance(value, (int, float, str, bool)) or (isinstance(value, tuple) and all(isinstance(each, int) for each in value)):
        text = repr(value)
        return text if len(text) <= _MOST_LETTERS else ""
    return ""


def _nested(plain: Problem, opened: Optional[OpenFailure]) -> Optional[Problem]:
    """A layer of torch got a tuple: what a recurrent layer gives, say."""
    first = opened.call.inputs[0].name if opened is not None and opened.call.inputs else ""
    if opened is None or not first.endswith("]") or type(opened.module).__module__.partition(".")[0] != "torch":
        return None
    shapes = ", ".join(shape_text(each.shape) for each in opened.call.inputs)
    name = f"`{opened.call.module}`" if opened.call.module else "The model"
    message = f"{name} ({opened.call.class_name}) wants a tensor and gets several: {shapes}."
    hint = "Take the one that is meant: a recurrent layer gives its output and its state, `y, _ = self.rnn(x)`."
    return replace(plain, message=message, hint=hint, data={**plain.data, "kind": "wrong-type"})


def _wrong_count(plain: Problem, repetition: Repetition) -> Optional[Problem]:
    """The input has other values than forward takes."""
    forward, given = getattr(repetition.model, "forward", None), repetition.given
    try:
        signature = inspect.signature(forward) if forward is not None else None
    except (TypeError, ValueError):
        return None
    if signature is None:
        return None
    try:
        signature.bind(*given.positional, **given.keywords)
    except TypeError as refused:
        takes = ", ".join(f"`{name}`" for name in signature.parameters)
        count = len(given.positional) + len(given.keywords)
        message = f"The input does not fit the forward of `{type(repetition.model).__name__}`, which takes {takes}: {refused}."
        hint = f"It gives {count} now. Return as many from example_inputs(), or give each with --input."
        return replace(plain, message=message, hint=hint, data={**plain.data, "kind": "wrong-input"})
    return None


def _missing(plain: Problem, error: BaseException, frame: FrameType, repetition: Repetition, places: Places) -> Optional[Problem]:
    """A name or a key that is not there; one that is much like it is tried."""
    source, line = _source(plain), plain.line or 0
    look = attributes_on if isinstance(error, AttributeError) else keys_on
    for named in look(source, line):
        owner, known = _owner(named, frame)
        if owner is None or named.name in known:
            continue
        what = "attribute" if look is attributes_on else "key"
        if look is attributes_on and not isinstance(owner, nn.Module):
            continue
        kind = f"`{named.owner}` ({type(owner).__name__})"
        near = get_close_matches(named.name, known, 1, 0.6)
        has = f"; it has `{near[0]}`" if near else f"; it has {_listed(known)}" if known and what == "key" else ""
        message = f"{kind} has no {what} `{named.name}`{has}."
        told = replace(plain, message=message, data={**plain.data, "kind": f"missing-{what}", "name": named.name})
        return _with_near(told, named, near[0], frame, repetition, places) if near else told
    return None


def _owner(named: Named, frame: FrameType) -> Tuple[Any, List[str]]:
    """What is asked, by plain names alone, and what it has."""
    first, *rest = named.owner.split(".")
    owner = frame.f_locals.get(first)
    for name in rest:
        members = raw.module_vars(owner) if isinstance(owner, nn.Module) else {}
        owner = {**members, **_parts(owner)}.get(name) if isinstance(owner, nn.Module) else None
    if isinstance(owner, nn.ModuleDict):
        return owner, list(raw.registered(owner, "_modules"))
    if isinstance(owner, nn.Module):
        return owner, [name for name in {**raw.module_vars(owner), **_parts(owner)} if not name.startswith("_")] + dir(
            type(owner)
        )
    return (owner, [key for key in owner if isinstance(key, str)]) if type(owner) is dict else (None, [])


def _parts(owner: nn.Module) -> Dict[str, Any]:
    return {name: part for kind in ("_modules", "_parameters", "_buffers") for name, part in raw.registered(owner, kind).items()}


def _listed(names: List[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(f"`{name}`" for name in names[:_MOST_NAMES]) + more


def _with_near(told: Problem, named: Named, near: str, frame: FrameType, repetition: Repetition, places: Places) -> Problem:
    """The name that was likely meant, tried in its place."""
    spot = Spot(frame.f_code, named.span.line)
    edit = Edit(named.span, near if told.data["kind"] == "missing-attribute" else repr(near))
    hint = f"Write `{near}` in line {named.span.line}."
    with with_edits(repetition.model, [(spot, [edit])]) as is_made:
        error = repetition.run() if is_made else None
    if not is_made:
        return replace(told, hint=hint)
    outcome = RUNS if error is None else f"this line is passed, then {said_by(error)}"
    patch = source_patch(spot.file, [edit], places)
    fix = Fix("edit_source", hint, module=told.module, value=near, verified=error is None, outcome=outcome, patch=patch)
    return replace(told, hint=hint, fixes=(fix,))


def _source(plain: Problem) -> str:
    return "".join(linecache.getlines(plain.file or ""))
