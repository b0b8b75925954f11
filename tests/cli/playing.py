"""A command line with a scripted worker, and what it wrote."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torchloupe.cli.command import Desk
from torchloupe.cli.command_line import run_command_line
from torchloupe.cli.terminal import Terminal
from torchloupe.session.scripted import ScriptedSession
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.requests import OpenedTarget
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import ForwardReport, LayerCall


@dataclass
class Written:
    """What a command wrote, and its exit status."""

    status: int
    out: str
    err: str
    sessions: list[Any] = field(default_factory=list)

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        (line,) = self.out.splitlines()
        plain: dict[str, Any] = json.loads(line)
        return plain

    @property
    def json_lines(self) -> list[dict[str, Any]]:
        """An object per line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Play:
    """Runs command lines with scripted workers."""

    def __init__(self) -> None:
        self.script: dict[type, Any] = {}
        self.sessions: list[ScriptedSession] = []
        self.opened_with: list[tuple[str | None, bool]] = []

    def open_session(self, interpreter: str | None, spare: bool, _terminal: Terminal) -> ScriptedSession:
        """Stands in for a worker process."""
        self.opened_with.append((interpreter, spare))
        self.sessions.append(ScriptedSession(self.script))
        return self.sessions[-1]

    def __call__(self, *words: str, colour: bool = False, width: int = 0) -> Written:
        out, err = io.StringIO(), io.StringIO()
        desk = Desk(Terminal(out, err, colour, width), self.open_session)
        status = run_command_line(words, desk)
        return Written(status, out.getvalue(), err.getvalue(), self.sessions)

    def asked(self, kind: type) -> list[Any]:
        """The requests of a class that all sessions got."""
        return [request for session in self.sessions for request in session.asked if isinstance(request, kind)]


LINEAR: dict[str, Any] = {"bytes": 176, "total_bytes": 176, "trainable_numel": 33, "dtype": "float32", "device": "cpu"}
TREE = ModuleTree(
    (
        ModuleEntry("", "Net", 0, 0, 44, True, "", "model.py", 3, None, 16, 192, 33, "float32", "cpu, cuda:0"),
        ModuleEntry("fc", "Linear", 2, 44, 44, True, "in_features=3, out_features=11, bias=True", **LINEAR),
        ModuleEntry("act", "ReLU", 0, 0, 0, True, forward_file="activation.py", forward_line=8),
        ModuleEntry("again", "Linear", 2, 44, 44, True, same_as="fc", **LINEAR),
    ),
    (
        ParameterEntry("fc.weight", "fc", "parameter", (11, 3), "float32", "cpu", True, 33, 132, ("again.weight",)),
        ParameterEntry("fc.bias", "fc", "parameter", (11,), "float32", "cpu", False, 11, 44),
        ParameterEntry("mask", "", "buffer", (4, 4), "bool", "cuda:0", False, 16, 16, (), False),
    ),
)
INPUT = TensorMeta((2, 3), "float32", "cpu", "x")
OUTPUT = TensorMeta((2, 11), "float32")
STATS = TensorStats(22, 0.5, 0.25, 0.0, 1.0, 3, 0, 0, (1,) * 64)
BROKEN = TensorStats(22, None, None, None, None, 0, 20, 2)
# In the order in which they ended: the root last.
CALLS = (
    LayerCall(1, "fc", "Linear", 0, 1, (INPUT,), (OUTPUT,), (STATS,), 0.001),
    LayerCall(2, "fc", "Linear", 1, 1, (INPUT,), (OUTPUT,), (BROKEN,), 0.001),
    LayerCall(0, "", "Net", 0, 0, (INPUT,), (OUTPUT,), (STATS,), 0.004),
)
REPORT = ForwardReport((INPUT,), "file", (OUTPUT,), 3, 0.004, "cpu")


def opened(target: str, **changes: Any) -> OpenedTarget:
    """The answer for a target that could be opened."""
    values: dict[str, Any] = {"file": "/code/model.py", "name": "Net", "class_name": "Net", "arguments": {"width": 3}}
    values.update({"arguments_source": "default", "tree": TREE, **changes})
    return OpenedTarget(target, **values)


KeyListWriter = Callable[..., str]
"""Writes a saved key list from a name and shapes by key, and gives its path."""
