"""What does not fit: told as soon as it is known, and repairs of it that a person wants to see made."""

from dataclasses import dataclass
from typing import Tuple

from .problems import Fix, Problem
from .requests import RunForward


@dataclass(frozen=True)
class MismatchSeen:
    """Event: why the pass failed that goes on to be looked at. The ``ForwardReport`` has it again, with repairs that were tried."""

    problem: Problem


@dataclass(frozen=True)
class TriedFix:
    """A repair to be made; ``input_shape`` is that of the input tensors that one of the input changes."""

    fix: Fix
    input_shape: Tuple[int, ...] = ()


@dataclass(frozen=True)
class TryFixes:
    """Run the open model as ``run`` says with these repairs, which are taken back after it. Events are those of ``RunForward``;
    answer: ``ForwardReport``."""

    run: RunForward
    fixes: Tuple[TriedFix, ...]
