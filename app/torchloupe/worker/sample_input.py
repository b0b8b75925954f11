"""The sample input: from specs that a person typed, or from the target's own ``example_inputs()``."""

import importlib
import inspect
import os
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Tuple

import torch
from torch import nn

from ..analysis.input_specs import InputSpec, parse_input_spec
from ..wire.errors import UsageError
from ..wire.problems import Problem
from .explain import CouldNotRun, problem_of
from .nested import map_tensors
from .target import Target


def sample_input(target: Target, model: nn.Module, specs: Tuple[str, ...], seed: int) -> SampleInput:
    """The input for ``model``. Raises ``UsageError`` for a bad spec, ``CouldNotRun`` when the file's own function fails."""
    torch.manual_seed(seed)
    if specs:
        parsed = [parse_input_spec(spec) for spec in specs]
        positional = tuple(_tensor(spec) for spec in parsed if spec.keyword is None)
        return SampleInput(positional, {spec.keyword: _tensor(spec) for spec in parsed if spec.keyword is not None}, "given")
    function = target.function("example_inputs")
    if function is None:
        raise CouldNotRun(_no_input(target, model))
    try:
        value = function()
        if isinstance(value, Iterator):
            value = tuple(value)
    except (Exception, SystemExit) as error:
        raise CouldNotRun(problem_of(error, "input-failed", "`example_inputs()` failed", target.places)) from error
    if isinstance(value, dict):
        return SampleInput((), dict(value), "file")
    return SampleInput(tuple(value) if isinstance(value, (tuple, list)) else (value,), {}, "file")


def _no_input(target: Target, model: nn.Module) -> Problem:
    try:
        shown = f"forward{inspect.signature(model.forward)}"
    except (TypeError, ValueError):
        shown = "forward"
    return Problem(
        "input-failed",
        "There is no sample input: the target's file defines no `example_inputs()` and none was given.",
        hint=f"Give one for each argument of `{shown}`, such as float32[1,3,224,224] or int64[2,16]<1000.",
        file=target.file,
        module="",
    )
