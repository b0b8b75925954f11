"""Everything with a name that is open: problems, modules, what is not registered, parameters, tensors of the checkpoint, calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torchloupe.analysis.notes import MODULE, PARAMETER, TENSOR
from torchloupe.analysis.row_filter import haystack
from torchloupe.analysis.stored_names import full_key
from torchloupe.analysis.wording import shape_text
from torchloupe.gui.jobs import Progress
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.reaching import reach
from torchloupe.gui.text_table import Column, Row
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.traces import LayerCall

COLUMNS = (
    Column("Kind", 6),
    Column("Name", 22, stretch=True),
    Column("Class", 10),
    Column("Shape", 8),
    Column("Dtype", 6),
)
PROBLEM, HIDDEN, CALL = "problem", "not registered", "call"


class Found(NamedTuple):
    """One thing. ``number`` is that of a problem or a call."""

    kind: str
    name: str
    class_name: str = ""
    shape: str = ""
    dtype: str = ""
    number: int = -1

    @property
    def key(self) -> tuple[str, str, int]:
        """What its row stands for."""
        return self.kind, self.name, self.number


@dataclass(frozen=True)
class FindAll:
    """Job: list it. There may be 100,000 modules and as many tensors."""

    problems: Sequence[Problem]
    tree: ModuleTree
    tensors: Sequence[StoredTensor]
    calls: Sequence[LayerCall]

    def __call__(self, progress: Progress) -> list[Found]:
        progress(0, 0, "listing what is open")
        return list(self._all())

    def _all(self) -> Iterator[Found]:
        for number, problem in enumerate(self.problems):
            yield Found(PROBLEM, plain_text(problem.message), problem.severity, number=number)
        for module in self.tree.modules:
            yield Found(MODULE, module.path, module.class_name)
        for part in self.tree.hidden:
            yield Found(HIDDEN, part.path, part.class_name)
        for entry in self.tree.parameters:
            yield Found(PARAMETER, entry.key, entry.kind, shape_text(entry.shape), entry.dtype)
        for tensor in self.tensors:
            yield Found(TENSOR, full_key(tensor), tensor.container, shape_text(tensor.shape), tensor.dtype)
        for call in self.calls:
            shapes = " ".join(shape_text(meta.shape) for meta in call.outputs)
            dtypes = " ".join(dict.fromkeys(meta.dtype for meta in call.outputs))
            yield Found(CALL, call.module, call.class_name, shapes, dtypes, call.index)


def found_row(found: Found) -> Row:
    """How it is shown."""
    name = found.name or "(the model)"
    cells = (found.kind, f"{name} #{found.number}" if found.kind == CALL else name, found.class_name, found.shape, found.dtype)
    role = found.class_name if found.kind == PROBLEM and found.class_name in ("error", "warning", "info") else None
    return Row(cells, found.key, ("muted", role, "muted", None, "muted"), ("", found.name))


def found_haystack(found: Found) -> str:
    """What a filter looks into."""
    return haystack(found[:5])


def go_to(bench: Workbench, key: tuple[str, str, int]) -> None:
    """Select what a row stands for, as far as it is still there."""
    kind, name, number = key
    if kind == PROBLEM and number < len(bench.problems):
        bench.select_problem(bench.problems[number])
    elif kind == CALL and bench.call_at(number) is not None:
        bench.select_call(number)
    elif kind == HIDDEN:
        for part in bench.tree.hidden:
            if part.path == name:
                bench.select_hidden(part)
    else:
        reach(bench, kind, name)
