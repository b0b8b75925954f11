"""The sample input: from specs that a person typed, from the target's own ``example_inputs()``, else worked out."""

import os
from dataclasses import replace
from functools import partial
from typing import Callable, Iterator, Optional, Sequence, Tuple

import torch
from torch import nn

from ..analysis.input_specs import format_input_spec, parse_input_spec
from ..wire.problems import INFO, Problem
from .explain import CouldNotRun, problem_of
from .input_values import SampleInput, input_of
from .nested import map_tensors
from .picture_input import fit_pictures
from .pictures import ADAPTED
from .target import Target
from .worked_out_input import runs_on, work_out_input

__all__ = ["SampleInput", "sample_input"]


def _within_table(given: SampleInput, model: nn.Module, texts: Sequence[str]) -> SampleInput:
    """Bytes of texts as ids that the model's first table has, and the remark that they are no more than that."""
    table = next((each.num_embeddings for each in model.modules() if isinstance(each, nn.Embedding)), 256)

    def fold(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.remainder(table) if tensor.dtype is torch.int64 else tensor

    names = " and ".join(os.path.basename(text) for text in texts)
    ids = f"each of them modulo {table}, the rows of the first table" if table < 256 else "0 to 255"
    text = f"{names} is given as the ids of its bytes, {ids}: nothing tokenizes it here."
    hint = "For real ids, save the tensor that your tokenizer makes with torch.save, and give that file."
    positional, keywords = map_tensors(given.positional, fold), map_tensors(given.keywords, fold)
    return replace(given, positional=positional, keywords=keywords, notes=(Problem(ADAPTED, text, INFO, hint),))


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
        texts = [spec.file for spec in parsed if spec.file and spec.file.lower().endswith(".txt")]
        given = _within_table(given, model, texts) if texts else given
        work_out = partial(work_out_input, target, model, mode, check)
        return fit_pictures(parsed, given, model, lambda each: runs_on(model, each, mode), work_out)
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
