"""Modules and Parameters that a model holds and PyTorch does not see: which of them are mistakes, and how each is repaired."""

import re
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ...wire.problems import ERROR, INFO, WARNING, Fix, Problem
from ...wire.registration import MODULE, PARAMETER, HiddenPart
from ..wording import counted, shape_text
from .source_facts import ARGUMENT, AROUND, COPIED, UNKNOWN, WRAPPED

_SEQUENCES = ("list", "tuple", "deque", "set", "frozenset")
_CONTAINERS = (*_SEQUENCES, "dict", "OrderedDict", "defaultdict")
_EMPTY = ("[]", "{}", "()", "list()", "dict()", "set()")
_LIBRARY_CLASSES = ("SimpleNamespace", "Namespace", "UserDict", "UserList")
_MOST_NAMES = 4
_LONGEST_CODE = 100
_UNREACHED = "parameters(), .to() and state_dict()"


@dataclass(frozen=True)
class HiddenCause:
    """What is hidden under one attribute of one class, wherever modules of that class stand (``owners``): one cause, one problem.

    ``contents`` counts the outermost hidden modules by class, ``parameter_names`` says where Parameters alone are, ``trainable``
    how many hidden Parameters need a gradient, ``modes`` the classes among them that ``eval()`` would have to reach. ``way`` is how the
    value came to be (``source_facts``), ``code`` the source of what is assigned, ``repaired`` the source that it should be.
    ``hides_one``: it is a list of one that is only read as ``[0]``. ``confirmed``: the source or the constructor's watch agrees with
    the walk. ``is_users``: the class stands in the user's own project. ``overrides`` are methods of the class that may well
    take care of the hidden parts. ``made_at`` is a line that made one of them.
    """

    owners: Tuple[str, ...]
    owner_class: str
    attribute: str
    held_by: str
    parts: Tuple[HiddenPart, ...]
    contents: Tuple[Tuple[str, int], ...] = ()
    parameter_count: int = 0
    numel: int = 0
    trainable: int = 0
    modes: Tuple[str, ...] = ()
    way: str = UNKNOWN
    code: str = ""
    repaired: str = ""
    has_text_keys: bool = True
    is_nested: bool = False
    hides_one: bool = False
    confirmed: bool = False
    is_users: bool = True
    overrides: Tuple[str, ...] = ()
    is_everything: bool = False
    file: Optional[str] = None
    line: Optional[int] = None
    made_at: Optional[Tuple[str, int]] = None

    @property
    def modules(self) -> List[HiddenPart]:
        """The hidden modules."""
        return [part for part in self.parts if part.kind == MODULE]

    @property
    def parameters(self) -> List[HiddenPart]:
        """The Parameters and tensors that need a gradient and stand alone."""
        return [part for part in self.parts if part.kind != MODULE]

    @property
    def name(self) -> str:
        """``DeepMLP.layers``."""
        return f"{self.owner_class}.{self.attribute}"


@dataclass(frozen=True)
class MovedParameter:
    """``self.weight = nn.Parameter(...).to(device)``: registered as long as that changes nothing. ``code`` and ``repaired`` are the source
    as it is and as it should be."""

    module: str
    owner_class: str
    attribute: str
    code: str
    repaired: str
    file: str
    line: int


def moved_parameter_problems(moved: Sequence[MovedParameter]) -> List[Problem]:
    """Parameters that are registered on this machine, and plain tensors where the device is another one."""
    found = []
    for each in moved:
        text = f"Write `self.{each.attribute} = {each.repaired or 'nn.Parameter(...)'}` (line {each.line})."
        found.append(
            Problem(
                "unregistered-parameter",
                f"`{each.owner_class}.{each.attribute}` is `{each.code}`: on another device or in another dtype that is a plain tensor, "
                f"and {_UNREACHED} do not see it.",
                WARNING,
                text,
                module=each.module,
                attribute=each.attribute,
                file=each.file,
                line=each.line,
                fixes=(Fix("edit_source", text, module=each.module),),
            )
        )
    return found


def hidden_problems(causes: Sequence[HiddenCause]) -> List[Problem]:
    """A problem for each cause that is worth one. What has neither weights nor modes works wherever it is kept."""
    return [_problem(cause) for cause in causes if cause.parameter_count or cause.modes or cause.trainable]


def _problem(cause: HiddenCause) -> Problem:
    severity = _severity(cause)
    fix = _repair(cause)
    if severity == INFO:
        message = f"{_what(cause)}: {_UNREACHED} do not reach it. It seems to be kept apart on purpose."
        hint = f"If it is to train, to move or to be saved with the model: {fix[0].lower()}{fix[1:]}"
    else:
        message, hint = f"{_what(cause)}: {_consequence(cause)}", fix
    return Problem(
        "unregistered-module" if cause.modules else "unregistered-parameter",
        message + _elsewhere(cause),
        severity,
        hint,
        module=cause.owners[0],
        attribute=cause.attribute,
        file=cause.file,
        line=cause.line,
        fixes=(Fix("edit_source", fix, module=cause.owners[0]),),
        data=_data(cause),
    )


def _data(cause: HiddenCause) -> Dict[str, Any]:
    data: Dict[str, Any] = {
        "held_by": cause.held_by,
        "names": [part.name for part in cause.parts[:48]],
        "parameter_count": cause.parameter_count,
        "numel": cause.numel,
        "owners": list(cause.owners[:48]),
        "confirmed": cause.confirmed,
        "way": cause.way,
    }
    if cause.modes:
        data["modes"] = list(cause.modes)
    if cause.made_at is not None:
        data["made_file"], data["made_line"] = cause.made_at
    return data


def _severity(cause: HiddenCause) -> str:
    """An error where walk and source agree that trainable weights are lost by mistake; information where it looks deliberate."""
    is_frozen = cause.parameter_count > 0 and cause.trainable == 0
    handed_over = cause.way == ARGUMENT and cause.held_by not in _CONTAINERS
    deliberate = cause.way in (AROUND, WRAPPED, COPIED) or is_frozen or handed_over or cause.hides_one
    if deliberate or not cause.is_users or cause.overrides:
        return INFO
    return ERROR if cause.confirmed else WARNING


def _what(cause: HiddenCause) -> str:
    modules, holder = cause.modules, cause.held_by
    size = _size(cause)
    if holder in _CONTAINERS:
        return f"`{cause.name}` is a Python {holder} of {_contents(cause)}{size}"
    if holder == "class":
        return f"`{cause.name}`, {_contents(cause)}{size}, is an attribute of the class and not of its objects"
    if holder in ("function", "partial", "method"):
        return f"`{cause.name}` is a {holder} that uses {_contents(cause)}{size}, registered nowhere"
    if holder and not (modules and not modules[0].held_by):
        return f"`{cause.name}` is a `{holder}`, not an nn.Module, and holds {_contents(cause)}{size}"
    if modules:
        return f"`{cause.name}`, {_contents(cause)}{size}, is no registered part of `{cause.owner_class}`"
    return _what_tensor(cause)


def _what_tensor(cause: HiddenCause) -> str:
    part = cause.parameters[0]
    shown = f"`{cause.name}`" + (f" ({shape_text(part.shape)})" if part.shape is not None else "")
    if part.from_parameter or (part.kind != PARAMETER and not part.requires_grad):
        made = f"`{cause.code}`" if 0 < len(cause.code) <= _LONGEST_CODE else "an operation on a Parameter"
        return f"{shown} is the result of {made}, a plain tensor"
    if part.kind == PARAMETER:
        return f"{shown} is a Parameter that is not registered"
    return f"{shown} requires a gradient and is no nn.Parameter"


def _contents(cause: HiddenCause) -> str:
    """``3 Linear and 2 Parameters``."""
    counts = cause.held_by in _CONTAINERS
    words = [f"{count} {name}" if counts or count > 1 else _a(name) for name, count in cause.contents[:_MOST_NAMES]]
    if len(cause.contents) > _MOST_NAMES:
        words.append(f"{len(cause.contents) - _MOST_NAMES} more kinds")
    alone = cause.parameters
    if alone:
        kind = "Parameter" if all(part.kind == PARAMETER for part in alone) else "tensor that requires a gradient"
        plural = "Parameters" if kind == "Parameter" else "tensors that require a gradient"
        words.append(counted(len(alone), kind, plural))
    return ", ".join(words[:-1]) + (" and " if words[:-1] else "") + words[-1]


def _a(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOU' else 'a'} {name}"


def _size(cause: HiddenCause) -> str:
    if not cause.numel:
        return ""
    if not cause.modules:
        return f" ({cause.numel:,} values)"
    return f" ({counted(cause.parameter_count, 'parameter')}, {cause.numel:,} values)"


def _consequence(cause: HiddenCause) -> str:
    if cause.parameter_count or cause.trainable:
        it = "them" if _is_several(cause) else "it"
        text = f"{_UNREACHED} do not see {it}, and no optimizer trains {it}."
    else:
        text = "train() and eval() do not reach what is in it."
    if cause.is_everything:
        text += " The model has no other parameter."
    if cause.modes:
        shown = ", ".join(f"`{name}`" for name in cause.modes[:_MOST_NAMES])
        text += f" eval() does not reach {shown}."
    return text


def _is_several(cause: HiddenCause) -> bool:
    return len(cause.parts) > 1 or cause.parameter_count > 1


def _elsewhere(cause: HiddenCause) -> str:
    others = len(cause.owners) - 1
    return f" So it is in {others:,} other `{cause.owner_class}`, too." if others else ""


def _repair(cause: HiddenCause) -> str:
    """One sentence: the line as it should be, or what to do."""
    where = f" (line {cause.line})" if cause.line else ""
    if cause.repaired:
        return f"Write `self.{cause.attribute} = {cause.repaired}`{where}."
    if cause.held_by in _CONTAINERS:
        return _container_repair(cause) + where + "."
    if cause.held_by == "class":
        return f"Make one for each object: `self.{cause.attribute} = ...` in `__init__`, after `super().__init__()`."
    if cause.held_by in ("function", "partial", "method"):
        inner = re.sub(r"\W+", "_", cause.parts[0].name.rpartition(".")[2].rpartition("[")[2]).strip("_")
        inner = "module" if inner in ("self", "func", "args") or inner.isdigit() else inner
        return f"Assign it as well: `self.{inner or 'module'} = ...`, and use it from `forward`{where}."
    if cause.held_by in _LIBRARY_CLASSES:
        return f"Keep them in an `nn.ModuleDict`, or in a class of your own that is an nn.Module{where}."
    if cause.held_by and cause.way != AROUND and not (cause.modules and not cause.modules[0].held_by):
        return f"Make it `class {cause.held_by}(nn.Module)`, with `super().__init__()` first in its `__init__`."
    if cause.modules:
        return f"Assign it as `self.{cause.attribute} = ...`{where}."
    return f"Wrap it: `self.{cause.attribute} = nn.Parameter(...)`{where}."


def _container_repair(cause: HiddenCause) -> str:
    kind = "Module" if cause.modules else "Parameter"
    if cause.modules and cause.parameters:
        return (
            f"Put the modules of `self.{cause.attribute}` into an `nn.ModuleList` and its Parameters into an `nn.ParameterList`"
        )
    is_mapping = cause.held_by not in _SEQUENCES
    wanted = f"nn.{kind}{'Dict' if is_mapping else 'List'}"
    if cause.is_nested:
        return f"Make `self.{cause.attribute}` an `{wanted}`, and each list or dict in it an `nn.{kind}List` or `nn.{kind}Dict`"
    if is_mapping and not cause.has_text_keys:
        return f"Make `self.{cause.attribute}` an `{wanted}` with text for keys: `{wanted}({{str(key): value ...}})`"
    is_whole = all(part.name.endswith(("]", "}")) for part in cause.parts)  # and no method or part of one
    inner = cause.code if is_whole and len(cause.code) <= _LONGEST_CODE else ""
    inner = "" if cause.code in _EMPTY else inner or "..."
    return f"Write `self.{cause.attribute} = {wanted}({inner})`"
