"""Under what a pass runs: shapes alone or data, gradients, autocast."""

from contextlib import AbstractContextManager, ExitStack
from typing import Any, Optional

import torch

from ..wire.errors import UsageError
from ..wire.requests import RunForward

_AUTOCAST = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def run_dtype(name: Optional[str]) -> Optional[torch.dtype]:
    """The dtype that the model is to be converted to, None when it stays. Raises ``UsageError``."""
    if name is None:
        return None
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not (dtype.is_floating_point or dtype.is_complex):
        raise UsageError(f"`{name}` is no floating dtype.", "Use float32, float64, bfloat16 or float16.")
    return dtype


class RunConditions:
    """A context that can be entered again: for the pass, and for each repetition of it. Raises ``UsageError`` for what is not there."""

    def __init__(
        self, request: RunForward, device: Optional[torch.device], flow: "Optional[AbstractContextManager[Any]]" = None
    ) -> None:
        self._inside = ExitStack()
        self._flow = flow
        self._grad = request.grad
        self._autocast = request.autocast
        self._device = device.type if device is not None else "cpu"
        if request.autocast is not None and request.autocast not in _AUTOCAST:
            raise UsageError(f"`{request.autocast}` is no dtype for autocast.", "Use `bfloat16` or `float16`.")

    def __enter__(self) -> None:
        if self._flow is not None:
            self._inside.enter_context(self._flow)
        if self._grad is not None:
            self._inside.enter_context(torch.set_grad_enabled(self._grad))
        if self._autocast is not None:
            device = "cpu" if self._device == "meta" else self._device
            self._inside.enter_context(torch.autocast(device, _AUTOCAST[self._autocast]))

    def __exit__(self, *_: object) -> None:
        self._inside.close()
