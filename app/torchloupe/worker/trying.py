"""Repairs made for one run, and taken back after it: layers made anew, lines written otherwise, another input."""

import linecache
import os
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Iterator, List, Sequence

import torch
from torch import nn

from ..analysis.source_edits import patched
from ..wire.errors import UsageError
from ..wire.mismatches import TriedFix
from ..wire.problems import Problem
from .input_values import SampleInput
from .nested import map_tensors
from .repairs import changed_input, make_changes
from .source_trial import files_of, with_source


class Repairs:
    """What is tried in a run; nothing, in most."""

    def __init__(self, fixes: Sequence[TriedFix] = ()) -> None:
        self._fixes = list(fixes)

    def __bool__(self) -> bool:
        return bool(self._fixes)

    def given(self, given: SampleInput) -> SampleInput:
        """The input as the repairs want it."""
        for each in self._fixes:
            wanted = each.fix.value.get("shape") if isinstance(each.fix.value, dict) else None
            if wanted is not None:
                given = _of_shape(given, list(wanted))
            elif each.fix.kind in ("permute_input", "change_input"):
                about = Problem("", "", data={"input_shape": list(each.input_shape)})
                given = changed_input(each.fix, about, given) or given
        return replace(given, specs=()) if self._fixes else given

    @contextmanager
    def made(self, model: nn.Module) -> Iterator[None]:
        """Inside, the model is as the repairs have it. Raises ``UsageError`` for a patch of another source."""
        make_changes(model, [each.fix for each in self._fixes])
        with ExitStack() as inside:
            for file, source in self._sources(model).items():
                inside.enter_context(with_source(model, file, source))
            yield

    def _sources(self, model: nn.Module) -> "dict[str, str]":
        sources: "dict[str, str]" = {}
        for each in self._fixes:
            if each.fix.kind != "edit_source":
                continue
            file = _file_of(each.fix.patch, files_of(model))
            before = sources.get(file) or "".join(linecache.getlines(file))
            after = patched(before, each.fix.patch) if file else None
            if after is None:
                raise UsageError(
                    "The patch is for another version of the file.", "Run the model again, and try what is offered then."
                )
            sources[file] = after
        return sources


def _file_of(patch: str, files: List[str]) -> str:
    """The file that a patch is for, by the end of its path."""
    name = next((line[len("--- a/") :].strip() for line in patch.splitlines() if line.startswith("--- a/")), "")
    found = [file for file in files if os.path.realpath(file).replace(os.sep, "/").endswith(f"/{name}")]
    return found[0] if name and found else ""


def _of_shape(given: SampleInput, wanted: List[int]) -> SampleInput:
    """The input with its tensors of this rank cut or repeated to another shape."""

    def fit(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dim() != len(wanted):
            return tensor
        for axis, size in enumerate(wanted):
            times = -(-size // max(tensor.shape[axis], 1))
            tensor = torch.cat([tensor] * times, axis).narrow(axis, 0, size)
        return tensor

    return SampleInput(map_tensors(given.positional, fit), map_tensors(given.keywords, fit), given.source)
