"""The sample input: from specs that a person typed, from the target's own ``example_inputs()``, else worked out."""

from dataclasses import replace
from typing import Callable, Iterator, Optional, Tuple

import torch
from torch import nn

from ..analysis.input_specs import format_input_spec, parse_input_spec
from .explain import CouldNotRun, problem_of
from .input_values import SampleInput, input_of
from .nested import map_tensors
from .target import Target
from .worked_out_input import work_out_input

__all__ = ["SampleInput", "sample_input"]


def _within_table(given: SampleInput, model: nn.Module) -> SampleInput:
    """Bytes of a text as ids that the model's first table has."""
    table = next((each.num_embeddings for each in model.modules() if isinstance(each, nn.Embedding)), 256)

    def fold(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.remainder(table) if tensor.dtype is torch.int64 else tensor

    return replace(given, positional=map_tensors(given.positional, fold), keywords=map_tensors(given.keywords, fold))


def sample_input(
    target: Target,
    model: nn.Module,
    specs: Tuple[str, ...],
    seed: int,
    mode: Optional[str] = None,
    check: Callable[[], None] = lambda: None,
) -> SampleInput:
    """The input for ``model`` in ``mode``. ``check`` may raise to stop the search for one.

    Raises ``UsageError`` for a bad spec, ``CouldNotRun`` when the file's own function fails or no input was found that runs.
    """
    torch.manual_seed(seed)
    if specs:
        parsed = tuple(parse_input_spec(spec) for spec in specs)
        given = input_of(parsed, "given", specs)
        return _within_table(given, model) if any((spec.file or "").lower().endswith(".txt") for spec in parsed) else given
    function = target.function("example_inputs")
    if function is None:
        found = work_out_input(target, model, mode, check)
        torch.manual_seed(seed)
        return input_of(found, "worked_out", tuple(format_input_spec(spec) for spec in found))
    try:
        value = function()
        if isinstance(value, Iterator):
            value = tuple(value)
    except (Exception, SystemExit) as error:
        raise CouldNotRun(problem_of(error, "input-failed", "`example_inputs()` failed", target.places)) from error
    if isinstance(value, dict):
        return SampleInput((), dict(value), "file")
    return SampleInput(tuple(value) if isinstance(value, (tuple, list)) else (value,), {}, "file")
