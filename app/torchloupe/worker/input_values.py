"""Values for input specs: made up at random within their bounds, or read from a file."""

import os
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Tuple

import torch

from ..analysis.input_specs import InputSpec
from ..wire.errors import UsageError
from ..wire.problems import Problem
from .explain import CouldNotRun
from .nested import map_tensors
from .pictures import read_picture

_LONGEST_TEXT = 512


@dataclass(frozen=True)
class SampleInput:
    """What the model is called with, and where it came from: ``given``, ``file`` or ``worked_out``.

    ``specs`` are the input specs of one that was given or worked out. ``notes`` say how a file became what the model takes.
    """

    positional: Tuple[Any, ...]
    keywords: Dict[str, Any]
    source: str
    specs: Tuple[str, ...] = ()
    notes: Tuple[Problem, ...] = ()

    def on(self, device: torch.device, dtype: Optional[torch.dtype] = None) -> "SampleInput":
        """The same with every tensor on ``device``, and floating ones of ``dtype``. Raises ``CouldNotRun`` for tensors without values."""

        def moved(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.to(device, dtype) if dtype is not None and tensor.is_floating_point() else tensor.to(device)

        try:
            return replace(self, positional=map_tensors(self.positional, moved), keywords=map_tensors(self.keywords, moved))
        except RuntimeError as error:
            if "meta tensor" not in str(error):
                raise
            hint = "Make it with `device='cpu'`, or without a default device that has no data."
            what = f"The sample input cannot be moved to {device}"
            raise CouldNotRun(Problem("input-failed", f"{what}: it is on the meta device, without values.", hint=hint)) from error


def input_value(spec: InputSpec) -> Any:
    """What the model is called with for ``spec``. Raises ``UsageError``."""
    if spec.file is not None:
        return _from_file(spec.file)
    if spec.container == "dict":
        return {part.keyword: input_value(part) for part in spec.parts}
    if spec.container:
        return (tuple if spec.container == "tuple" else list)(input_value(part) for part in spec.parts)
    return _tensor(spec) if spec.dtype else spec.value


def input_of(specs: Tuple[InputSpec, ...], source: str, texts: Tuple[str, ...]) -> SampleInput:
    """The sample input that ``specs`` describe."""
    positional = tuple(input_value(spec) for spec in specs if spec.keyword is None)
    return SampleInput(positional, {spec.keyword: input_value(spec) for spec in specs if spec.keyword is not None}, source, texts)


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
        read = {".npy": _from_numpy, ".pt": _from_torch, ".pth": _from_torch, ".txt": _from_text}.get(ending, _from_image)
        value = read(path)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{file} cannot be read as an input: {error}", "Is it a .npy, .pt, image or text file?") from error
    if not isinstance(value, torch.Tensor):
        raise UsageError(f"{file} holds a {type(value).__name__}, not one tensor.", "Save the tensor alone with torch.save.")
    return value


def _from_text(path: str) -> torch.Tensor:
    """The bytes of a text as int64 [1, length]: there is no tokenizer here, so a model of characters can read it, others only run."""
    with open(path, "rb") as stream:
        text = stream.read(_LONGEST_TEXT)
    if not text:
        raise ValueError("the file is empty")
    return torch.tensor(list(text), dtype=torch.int64)[None]


def _from_torch(path: str) -> Any:
    return torch.load(path, map_location="cpu", weights_only=True)


def _from_numpy(path: str) -> torch.Tensor:
    try:
        import numpy
    except ImportError as error:
        raise UsageError("A .npy input needs numpy in this interpreter.", "Install numpy there, or save a .pt file.") from error
    return torch.from_numpy(numpy.load(path, allow_pickle=False))


def _from_image(path: str) -> torch.Tensor:
    return read_picture(path).tensor()
