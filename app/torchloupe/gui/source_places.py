"""Where what is selected stands in the source: its own line first, then what else there is to see of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from torchloupe.analysis.source_notes import SourceNote, notes_at
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.modules import ModuleEntry, ParameterEntry
from torchloupe.wire.problems import Problem


@dataclass(frozen=True)
class SourcePlace:
    """A line of source and what stands there, with what is written over it."""

    what: str
    file: str
    line: int
    notes: tuple[SourceNote, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def place(what: str, file: str | None, line: int | None) -> tuple[SourcePlace, ...]:
    """One place, or none."""
    return (SourcePlace(what, file, line or 1),) if file else ()


def problem_places(problem: Problem) -> tuple[SourcePlace, ...]:
    """Where it shows, and where the module is made when that is another line."""
    places = place("Here", problem.file, problem.line)
    for kind in ("definition", "made"):
        line = problem.data.get(f"{kind}_line")
        made = place("Made here", problem.data.get(f"{kind}_file") or problem.file, line) if line else ()
        places += tuple(each for each in made if str(each) not in map(str, places))
    return tuple(replace(each, notes=notes_at(problem, each.file, each.line)) for each in places)


def class_places(module: ModuleEntry) -> tuple[SourcePlace, ...]:
    """Its class and its forward, where these are the user's."""
    forward = place("Its forward", module.forward_file, module.forward_line) if module.forward_line else ()
    return place("Its class", module.file, module.line) + forward


def assigned_place(entry: ModuleEntry | ParameterEntry) -> tuple[SourcePlace, ...]:
    """The line that assigns it."""
    file, line = (entry.defined_file, entry.defined_line) if isinstance(entry, ModuleEntry) else (entry.file, entry.line)
    return place("Assigned here", file, line) if line else ()


def source_places(workbench: Workbench) -> tuple[SourcePlace, ...]:
    """All places of what is selected, each once; none when it has none in the user's source."""
    unique: dict[str, SourcePlace] = {}
    for found in _all_places(workbench):
        unique.setdefault(str(found), found)
    return tuple(unique.values())


def _all_places(workbench: Workbench) -> Iterator[SourcePlace]:
    here = workbench.selection
    if here.problem:
        yield from problem_places(here.problem)
    if here.hidden:
        yield from place("Assigned here", here.hidden.file, here.hidden.line)
    operation = workbench.operations.found.get(here.operation) if here.operation is not None else None
    if operation:
        yield from place("Runs here", operation.file, operation.line)
    call = workbench.calls.get(here.call) if here.call is not None else None
    if call and here.parameter is None:
        yield from place("Called here", call.file, call.line)
    parameter = workbench.index.parameters.get(here.parameter) if here.parameter is not None else None
    if parameter:
        yield from assigned_place(parameter)
    module = workbench.index.modules.get(here.module) if here.module is not None else None
    if module:
        yield from (*class_places(module), *assigned_place(module))
