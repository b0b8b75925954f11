"""Parts that are one where several were meant, and several where one was meant."""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

from ...wire.problems import ERROR, WARNING, Fix, Problem
from ..wording import counted, shape_text

_LONGEST = 100
_MOST_KEYS = 4


@dataclass(frozen=True)
class RepeatedInstance:
    """A container that holds one module several times, because its source multiplies a list. ``code`` is that product."""

    container: str
    attribute: str
    owner_class: str
    class_name: str
    times: int
    parameter_count: int
    code: str
    item: str
    count: str
    file: str
    line: int


@dataclass(frozen=True)
class OverwrittenPart:
    """An attribute that was assigned several times while only the last value is kept. ``lost`` counts those that are gone; None where
    nobody counted. ``in_loop``: by one statement in a loop, else by several, one after the other (``earlier_line``)."""

    module: str
    owner_class: str
    attribute: str
    class_name: str
    file: str
    line: int
    lost: Optional[int] = None
    in_loop: bool = True
    earlier_line: Optional[int] = None


@dataclass(frozen=True)
class BrokenTie:
    """Two Parameters in one memory. ``written`` and ``source`` are the two sides of the assignment that did it, when it was found."""

    keys: Tuple[str, ...]
    shape: Tuple[int, ...]
    file: Optional[str] = None
    line: Optional[int] = None


def repeated_problems(repeated: Sequence[RepeatedInstance]) -> List[Problem]:
    """``[layer] * n``: n layers with one set of weights."""
    found = []
    for each in repeated:
        item = each.item
        new = f"[{item} for _ in range({each.count})]"
        text = f"Write `{new}` instead of `{each.code}`."
        if len(new) > _LONGEST:
            text = f"Make each one anew: `[... for _ in range({each.count})]` instead of `{each.code}`."
        elif not item.endswith(")"):
            text = f"Make each one anew: `[copy.deepcopy({item}) for _ in range({each.count})]` instead of `{each.code}`."
        found.append(
            Problem(
                "shared-instance",
                f"`{each.owner_class}.{each.attribute}` holds the same {each.class_name} {each.times} times: {each.times} layers share one "
                f"set of weights ({counted(each.parameter_count, 'parameter')}).",
                WARNING,
                text,
                module=each.container,
                attribute=each.attribute,
                file=each.file,
                line=each.line,
                fixes=(Fix("edit_source", text, module=each.container),),
                data={"times": each.times, "code": each.code[:_LONGEST]},
            )
        )
    return found


def overwritten_problems(overwritten: Sequence[OverwrittenPart]) -> List[Problem]:
    """One name for several parts."""
    found = []
    for each in overwritten:
        name = f"`{each.owner_class}.{each.attribute}`"
        if each.in_loop:
            made = f": {each.lost + 1} {each.class_name} made, 1 kept" if each.lost is not None else ""
            times = counted(each.lost, "time") if each.lost is not None else "in every round of a loop"
            message = f"{name} is overwritten {times}{made}."
            text = f"Keep them all: `self.{each.attribute} = nn.ModuleList([... for ... in ...])` instead of the assignment in the loop."
            if each.class_name == "Parameter":
                text = text.replace("ModuleList", "ParameterList")
        else:
            message = (
                f"{name} is assigned at line {each.earlier_line} and again at line {each.line}: "
                f"the first {each.class_name} is thrown away unused."
            )
            text = f"Give the one of line {each.line} a name of its own, or delete line {each.earlier_line}."
        data = {"lost": each.lost, "earlier_line": each.earlier_line}
        found.append(
            Problem(
                "attribute-overwritten",
                message,
                ERROR if each.in_loop and each.lost else WARNING,
                text,
                module=each.module,
                attribute=each.attribute,
                file=each.file,
                line=each.line,
                fixes=(Fix("edit_source", text, module=each.module),),
                data={key: value for key, value in data.items() if value is not None},
            )
        )
    return found


def tie_problems(ties: Sequence[BrokenTie]) -> List[Problem]:
    """Tied through ``.data``: one memory, two Parameters, two steps of the optimizer. One problem for each statement."""
    found = []
    for tie in ties:
        first, second = tie.keys[:2]
        text = f"Make them one Parameter: `self.{second} = self.{first}`."
        times = "twice" if len(tie.keys) == 2 else f"{len(tie.keys)} times"
        names = ", ".join(f"`{key}`" for key in tie.keys[:_MOST_KEYS]) + (", ..." if len(tie.keys) > _MOST_KEYS else "")
        found.append(
            Problem(
                "broken-tie",
                f"{names} ({shape_text(tie.shape)}) share memory but are {len(tie.keys)} Parameters: the optimizer steps them {times}, "
                "and .to() or loading a checkpoint parts them.",
                ERROR,
                text,
                module=second.rpartition(".")[0],
                parameter=second,
                file=tie.file,
                line=tie.line,
                fixes=(Fix("edit_source", text, module=second.rpartition(".")[0]),),
                data={"parameters": list(tie.keys)},
            )
        )
    return found
