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


@dataclass(frozen=True)
class SampleInput:
    """What the model is called with, and where it came from: ``given`` or ``file``."""

    positional: Tuple[Any, ...]
    keywords: Dict[str, Any]
    source: str

    def on(self, device: torch.device) -> "SampleInput":
        """The same with every tensor on ``device``. Raises ``CouldNotRun`` for tensors without values."""
        try:
            return SampleInput(
                map_tensors(self.positional, lambda tensor: tensor.to(device)),
                map_tensors(self.keywords, lambda tensor: tensor.to(device)),
                self.source,
            )
        except RuntimeError as error:
            if "meta tensor" not in str(error):
                raise
            hint = "Make it with `device='cpu'`, or without a default device that has no data."
            what = f"The sample input cannot be moved to {device}"
            raise CouldNotRun(Problem("input-failed", f"{what}: it is on the meta device, without values.", hint=hint)) from error


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


def _tensor(spec: InputSpec) -> torch.Tensor:
    if spec.file is not None:
        return _from_file(spec.file)
    dtype = getattr(torch, spec.dtype, None)
    if not isinstance(dtype, torch.dtype):
        raise UsageError(f"This torch has no dtype `{spec.dtype}`.", "Use float32, float16, bfloat16, int64, bool ...")
    shape: List[int] = list(spec.shape)
    if dtype is torch.bool:
        return torch.randint(0, 2, shape).bool()
    if dtype.is_floating_point or dtype.is_complex:
        if spec.low is None and spec.high is None:
            return torch.randn(shape).to(dtype)
        low, high = spec.low or 0, 1 if spec.high is None else spec.high
        return (torch.rand(shape) * (high - low) + low).to(dtype)
    # Without a bound only 0 and 1 are sure to be valid indices everywhere.
    return torch.randint(int(spec.low or 0), int(2 if spec.high is None else spec.high), shape).to(dtype)


def _from_file(file: str) -> torch.Tensor:
    path = os.path.expanduser(file)
    if not os.path.isfile(path):
        raise UsageError(f"There is no input file {file}.", "Check the path, or give a spec such as float32[1,3,224,224].")
    ending = os.path.splitext(path)[1].lower()
    try:
        value = _from_numpy(path) if ending == ".npy" else _from_torch(path) if ending in (".pt", ".pth") else _from_image(path)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{file} cannot be read as an input: {error}", "Is it a .npy, .pt or image file?") from error
    if not isinstance(value, torch.Tensor):
        raise UsageError(f"{file} holds a {type(value).__name__}, not one tensor.", "Save the tensor alone with torch.save.")
    return value


def _from_torch(path: str) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def _from_numpy(path: str) -> torch.Tensor:
    try:
        import numpy
    except ImportError as error:
        raise UsageError("A .npy input needs numpy in this interpreter.", "Install numpy there, or save a .pt file.") from error
    return torch.from_numpy(numpy.load(path, allow_pickle=False))


def _from_image(path: str) -> torch.Tensor:
    """An image as float32 [1, 3, height, width] between 0 and 1."""
    try:
        Image: Any = importlib.import_module("PIL.Image")
    except ImportError as error:
        raise UsageError("An image input needs Pillow in this interpreter.", "Install it there, or save a .pt file.") from error
    with Image.open(path) as image:
        pixels = image.convert("RGB")
    flat = torch.frombuffer(bytearray(pixels.tobytes()), dtype=torch.uint8)
    return flat.reshape(1, pixels.height, pixels.width, 3).permute(0, 3, 1, 2).float() / 255
