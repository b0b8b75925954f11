"""Mistakes in how the classes of a model are written: misspelled methods, names that belong to nn.Module, flags set on modules."""

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

from ...wire.problems import ERROR, INFO, WARNING, Fix, Problem
from ..wording import counted

_NEAR = 2
_REAL_NAMES = ("__int__", "__exit__", "__iter__", "__index__")
_VITAL = frozenset(
    (
        "add_module",
        "apply",
        "buffers",
        "children",
        "cpu",
        "cuda",
        "eval",
        "forward",
        "get_submodule",
        "load_state_dict",
        "modules",
    )
    + (
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_buffer",
        "register_parameter",
    )
    + ("requires_grad_", "state_dict", "to", "train", "zero_grad")
)


@dataclass(frozen=True)
class WrittenMethod:
    """A method of a class. ``calls_super_init``: it calls ``super().__init__()``; ``has_real``: the class has the real method, too."""

    class_name: str
    module: str
    name: str
    file: Optional[str]
    line: Optional[int]
    calls_super_init: bool = False
    has_real_init: bool = True
    has_real_forward: bool = True


@dataclass(frozen=True)
class ReservedName:
    """An attribute with the name of a method of nn.Module. ``kind`` is ``module``, ``parameter``, ``buffer`` or ``value``; ``refused``:
    torch would not register it."""

    module: str
    class_name: str
    name: str
    kind: str
    value: str
    file: Optional[str] = None
    line: Optional[int] = None
    is_users: bool = True
    refused: bool = False


@dataclass(frozen=True)
class FlaggedModule:
    """``requires_grad`` was set on a module. ``still`` counts the parameters in it that it did not change; ``is_own``: its class sets it
    on itself, as a setting."""

    module: str
    class_name: str
    value: bool
    still: int
    parameter_count: int
    written: str = ""
    file: Optional[str] = None
    line: Optional[int] = None
    is_own: bool = False


@dataclass(frozen=True)
class DirectCall:
    """``self.branch.forward(x)`` in the source. ``hooks`` are the kinds of hooks of what is called so."""

    owner: str
    owner_class: str
    receiver: str
    arguments: str
    path: str
    class_name: str
    hooks: Tuple[str, ...]
    file: str
    line: int
    is_users: bool = True


@dataclass(frozen=True)
class Wiped:
    """``Module.__init__`` ran again on a module and forgot what was registered in it."""

    class_name: str
    forgotten: Tuple[str, ...]
    file: Optional[str] = None
    line: Optional[int] = None


def misspelled_problems(methods: Sequence[WrittenMethod]) -> List[Problem]:
    """Methods that are nearly ``__init__`` or ``forward`` in a class that lacks the real one."""
    found = []
    for method in methods:
        real = misspelled(method)
        if real is not None:
            text = f"Rename `{method.name}` to `{real}`."
            found.append(
                Problem(
                    "misspelled-method",
                    f"`{method.class_name}` defines `{method.name}` and has no `{real}` of its own: did you mean `{real}`?",
                    hint=text,
                    module=method.module,
                    attribute=method.name,
                    file=method.file,
                    line=method.line,
                    fixes=(Fix("edit_source", text, module=method.module),),
                    data={"class": method.class_name, "found": method.name, "meant": real},
                )
            )
    return found


def misspelled(method: WrittenMethod) -> Optional[str]:
    """The method that was meant, None where the name stands for itself."""
    name = method.name
    if not method.has_real_init and name != "__init__" and _near(name.lower(), "__init__"):
        return "__init__" if method.calls_super_init or name not in _REAL_NAMES else None
    if not method.has_real_forward and "forward" not in name and _near(name.lower(), "forward"):
        return "forward"
    return None


def reserved_problems(names: Sequence[ReservedName]) -> List[Problem]:
    """Parts that cannot be read back, and values that take the place of a method of nn.Module."""
    return [problem for problem in map(_reserved, names) if problem is not None]


def _reserved(found: ReservedName) -> Optional[Problem]:
    text = f"Rename it: `self.{found.name}_ = ...`, or a word of your own."
    if found.refused:
        severity = ERROR
        message = f"`{found.class_name}` cannot have a {found.kind} named `{found.name}`: that is a method of nn.Module."
    elif found.kind != "value":
        severity = ERROR
        message = f"`{found.class_name}.{found.name}` is a {found.kind} that cannot be read back: `{found.name}` is a method of nn.Module."
    elif found.name in _VITAL:
        severity = WARNING
        name = f"{found.class_name}.{found.name}"
        message = f"`{name}` ({found.value}) takes the place of nn.Module's method: calling `{found.name}()` fails."
    else:
        return None
    return Problem(
        "reserved-attribute",
        message,
        severity if found.is_users else INFO,
        text,
        module=found.module,
        attribute=found.name,
        file=found.file,
        line=found.line,
        fixes=(Fix("edit_source", text, module=found.module),),
        data={"kind": found.kind},
    )


def flagged_problems(flagged: Sequence[FlaggedModule]) -> List[Problem]:
    """``requires_grad`` on modules: freezes nothing, unfreezes nothing."""
    found = []
    for each in flagged:
        name = each.written or each.module or each.class_name
        text = f"Write `{name}.requires_grad_({each.value})`."
        effect = "freezes nothing" if not each.value else "changes nothing"
        others = counted(each.still, "parameter")
        state = f"{others} in it still {'requires' if each.still == 1 else 'require'} {'a' if not each.value else 'no'} gradient"
        found.append(
            Problem(
                "requires-grad-set-on-module",
                f"`{name}.requires_grad = {each.value}` {effect}: it is an attribute of a {each.class_name}"
                + (f", and {state}." if each.still else "."),
                WARNING if each.still and not each.is_own else INFO,
                text,
                module=each.module,
                attribute="requires_grad",
                file=each.file,
                line=each.line,
                fixes=(Fix("edit_source", text, module=each.module),),
                data={"value": each.value, "parameter_count": each.parameter_count, "still": each.still},
            )
        )
    return found


def direct_call_problems(calls: Sequence[DirectCall]) -> List[Problem]:
    """``.forward(...)`` where the module itself should be called; grave where it has hooks."""
    found = []
    for call in calls:
        text = f"Call `{call.receiver}({call.arguments})`."
        hooks = f": `{call.path}` has a {' and a '.join(call.hooks)} hook, which never runs" if call.hooks else " of the module"
        found.append(
            Problem(
                "forward-called-directly",
                f"`{call.receiver}.forward(...)` in `{call.owner_class}` skips the hooks{hooks}.",
                INFO if not call.is_users else ERROR if call.hooks else WARNING,
                text,
                module=call.path,
                file=call.file,
                line=call.line,
                fixes=(Fix("edit_source", text, module=call.path),),
                data={"hooks": list(call.hooks), "owner": call.owner},
            )
        )
    return found


def wiped_problems(wiped: Sequence[Wiped]) -> List[Problem]:
    """``super().__init__()`` after parts were registered, or once too often."""
    text = "Call `super().__init__()` once, first in `__init__`."
    found = []
    for each in wiped:
        names = ", ".join(f"`{name}`" for name in each.forgotten[:6])
        found.append(
            Problem(
                "missing-super-init",
                f"`{each.class_name}` runs `Module.__init__` again at line {each.line}, which forgets what was registered: {names}.",
                hint=text,
                module="",
                file=each.file,
                line=each.line,
                fixes=(Fix("edit_source", text),),
                data={"forgotten": list(each.forgotten[:48])},
            )
        )
    return found


def no_parameters_problem(class_name: str, file: Optional[str], line: Optional[int], made: Sequence[Tuple[str, int]]) -> Problem:
    """A model without a single parameter, for which nothing else was found to blame."""
    shown = ", ".join(f"{count} {name}" for name, count in made[:6])
    where = f" Its constructor made {shown}, and the model holds none of it." if made else ""
    data: Any = {"made": [list(each) for each in made[:48]]}
    return Problem(
        "no-parameters",
        f"`{class_name}` has no parameters: there is nothing to train and nothing to save.{where}",
        WARNING if made else INFO,
        "If it should learn, assign its layers to attributes in `__init__`, after `super().__init__()`.",
        module="",
        file=file,
        line=line,
        data=data,
    )


def _near(name: str, real: str) -> bool:
    """At most two letters dropped, added, changed or swapped."""
    if abs(len(name) - len(real)) > _NEAR:
        return False
    before: List[int] = []
    row = list(range(len(real) + 1))
    for i, letter in enumerate(name, 1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(real, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == real[j - 2] and name[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1] <= _NEAR
