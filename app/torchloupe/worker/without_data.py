"""Shapes without data: tensors on the meta device or fake ones, and what a model cannot tell from them alone."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, Optional, Tuple

import torch

from ..wire.errors import UsageError
from ..wire.problems import INFO, Problem
from .error_words import words_of
from .input_values import SampleInput
from .nested import map_tensors

NEEDS_DATA = "shapes-need-data"
_MACHINERY = ("torch._subclasses", "torch.fx.experimental")
_MACHINERY_FILES = ("/torch/_subclasses/", "/torch/fx/experimental/", "/torch/_meta_registrations.py")


_META_REFUSALS = ("meta tensor", "meta device type tensor", "'meta' backend", "register_meta", "nestedtensorimpl doesn't support")


def without_data(given: SampleInput, device: Optional[torch.device] = None) -> Tuple[SampleInput, "AbstractContextManager[Any]"]:
    """The input without data, and the mode in which shapes flow and data does not.

    A model on the meta ``device`` needs no more than that what it makes lies there, too; for others there are fake tensors, which
    remember the device that they stand for and cost three times as much.
    """
    if device is not None and device.type == "meta":
        return given.on(device), torch.device("meta")
    try:
        from torch._subclasses.fake_tensor import FakeTensorMode
    except ImportError as error:
        raise UsageError("This torch cannot run without data.", "Run with data, or use torch 2.1 or newer.") from error
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    positional = map_tensors(given.positional, mode.from_tensor)
    return SampleInput(positional, map_tensors(given.keywords, mode.from_tensor), given.source), mode


def needs_data(error: BaseException) -> bool:
    """Whether the pass stopped because there are no values, which says nothing about the model.

    A branch on a value, an operation without a rule for shapes, a check of the rule itself that the operation does not make.
    """
    if type(error).__module__.startswith(_MACHINERY):
        return True
    if isinstance(error, (RuntimeError, TypeError)) and any(text in words_of(error).lower() for text in _META_REFUSALS):
        return True
    if "FakeTensor" in words_of(error) and isinstance(error, (RuntimeError, TypeError)):
        # A class of tensors of the user's that does not mix with this one.
        return True
    place = _innermost_file(error)
    kinds = (AssertionError, AttributeError, TypeError)
    return (isinstance(error, kinds) and any(part in place for part in _MACHINERY_FILES[:2])) or _is_of_one_kernel(error, place)


def _is_of_one_kernel(error: BaseException, place: str) -> bool:
    """The rule for shapes checks the dtype that one GPU kernel wants; other kernels take others."""
    return place.endswith(_MACHINERY_FILES[2]) and "Expected inputs of BF16 type" in words_of(error)


def _innermost_file(error: BaseException) -> str:
    traceback, file = error.__traceback__, ""
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename.replace("\\", "/")
        # The check itself is a helper's business; the rule that called it says whose it is.
        file = file if name.endswith("/torch/__init__.py") else name
        traceback = traceback.tb_next
    return file


def data_needed(failure: Problem, module: str) -> Problem:
    """What is said instead of the failure."""
    where = f" in `{module}`" if module else ""
    return replace(
        failure,
        code=NEEDS_DATA,
        severity=INFO,
        message=f"Shapes alone end here{where}: what follows depends on values. No mismatch was found before.",
        hint="Run it with data to see the rest.",
        fixes=(),
    )
