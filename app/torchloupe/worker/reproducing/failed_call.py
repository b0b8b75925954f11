"""One call of a repeated pass: what was given to it, as it was before the call, and what it raised."""

import copy
from typing import Any, Dict, Optional, Tuple

import torch
from torch import nn

from ..nested import map_tensors
from ..torch_compat import call_modules_by, what_calls_modules

Given = Tuple[Tuple[Any, ...], Dict[str, Any]]


class FailedCall:
    """A context in which call ``number`` of ``module`` is watched."""

    def __init__(self, module: nn.Module, number: int) -> None:
        self._module, self._number, self._times = module, number, 0
        self.given: Optional[Given] = None
        self.error: Optional[BaseException] = None
        self.training = module.training

    def __enter__(self) -> "FailedCall":
        self._plain_call = plain = what_calls_modules()
        watch, wanted = self, self._module

        def call(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
            return watch._watched(plain, args, kwargs) if self is wanted else plain(self, *args, **kwargs)

        call_modules_by(call)
        return self

    def __exit__(self, *_: object) -> None:
        call_modules_by(self._plain_call)

    def _watched(self, plain: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
        is_it, self._times = self._times == self._number, self._times + 1
        if is_it:
            self.given, self.training = copied((args, kwargs)), self._module.training
        try:
            return plain(self._module, *args, **kwargs)
        except (Exception, SystemExit) as error:
            if is_it:
                self.error = error
            raise


def copied(given: Given) -> Given:
    """Its tensors as they are now, without the way they came."""
    shared: Dict[int, torch.Tensor] = {}

    def copy_of(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in shared:
            shared[id(tensor)] = tensor.detach().clone()
        return shared[id(tensor)]

    args, kwargs = given
    return map_tensors(copy.copy(args), copy_of), map_tensors(dict(kwargs), copy_of)
