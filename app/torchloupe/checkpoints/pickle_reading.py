"""From the bytes of one pickle to its tensors, values, names and what is odd about it."""

import gc
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, NamedTuple

from ..wire.contents import CheckpointContents
from ..wire.errors import CorruptFile
from ..wire.problems import INFO, WARNING, Problem
from .importable_names import name_problems
from .pickle_machine import PickleMachine
from .pickle_opcodes import HANDLERS
from .source import SourceFile
from .unfold import Unfolded, unfold

Progress = Callable[[int, int, str], None]
"""Called now and then with what is done, what there is to do, and a word for it."""

_FAULTS_SHOWN = 5
_MANY_OBJECTS = 20_000
BIG_ENDIAN = Problem("checkpoint-byte-order", "Its values are stored in big endian order.", INFO)
"""The remark on a file from a big endian machine."""


class Pickled(NamedTuple):
    """What one pickle holds. ``globals`` are the importable names in it with the offset of their first mention."""

    unfolded: Unfolded
    globals: Dict[str, int]
    problems: List[Problem]


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Hold the collector back: a parse makes a million objects that all stay, and each round would visit every one of them.

    When there are many they are set aside for good. The first round afterwards would take a tenth of a second, in which no other
    thread runs, a window's neither. They have no cycles, so they still go with the last reference.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if gc.get_count()[0] > _MANY_OBJECTS:
                gc.freeze()
            gc.enable()


def odd_file(remark: str) -> Problem:
    """A warning about a file that could be read in spite of what ``remark`` says."""
    return Problem("checkpoint-odd-file", remark, WARNING, "The contents are shown as far as they could be read.")


def with_change(source: SourceFile, contents: CheckpointContents) -> CheckpointContents:
    """The contents with the file's stamp, and with a warning when the file was written to since it was opened."""
    if not contents.stamps:
        contents = replace(contents, stamps=(source.stamp(),))
    if not source.changed():
        return contents
    remark = odd_file(f"{source.name} was written to while it was read; read it again.")
    return replace(contents, problems=(*contents.problems, remark))


def read_pickle(data: bytes, name: str, path: str, progress: Progress, may_break_off: bool = False) -> Pickled:
    """Run the inert machine over ``data``, called ``name`` in messages; all paths begin with ``path``. Raises CorruptFile, but not
    for data that end too soon where that is no news."""
    machine = PickleMachine(data, name)
    try:
        root = run(machine, progress)
    except CorruptFile:
        if not (machine.ran_out and may_break_off):
            raise
        root = machine.so_far()
    return pickled_from(machine, root, path)


def run(machine: PickleMachine, progress: Progress) -> Any:
    """What the machine's pickle describes, with the opcodes of all protocols. Raises CorruptFile."""
    return machine.run(HANDLERS, lambda done, total: progress(done, total, "reading keys"))


def pickled_from(machine: PickleMachine, root: Any, path: str) -> Pickled:
    """What ``root`` holds, which ``machine`` made."""
    name = machine.name
    unfolded = unfold(root, path)
    problems = [odd_file(f"{fault}.") for fault in machine.faults[:_FAULTS_SHOWN]]
    if len(machine.faults) > _FAULTS_SHOWN:
        problems.append(odd_file(f"There are {len(machine.faults) - _FAULTS_SHOWN} more faults of this kind in {name}."))
    problems.extend(name_problems(machine.globals))
    problems.extend(_about_modules(unfolded.modules))
    problems.extend(Problem("checkpoint-not-all-shown", remark, INFO) for remark in unfolded.remarks)
    return Pickled(unfolded, machine.globals, problems)


def _about_modules(modules: Dict[str, str]) -> List[Problem]:
    """One remark for each module that was pickled whole, not for the modules inside it."""
    outer: List[str] = []
    for path in modules:
        if not any(path.startswith(f"{above}.") or not above for above in outer[:100]):
            outer.append(path)
    return [
        Problem(
            "checkpoint-pickled-module",
            f"{'The file' if not path else repr(path)} is a whole pickled module of class {modules[path]}, not a state_dict.",
            INFO,
            "torch.load needs that class and weights_only=False for it; save model.state_dict() instead.",
            data={"path": path, "class": modules[path]},
        )
        for path in outer[:20]
    ]
