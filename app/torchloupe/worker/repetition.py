"""The same forward pass once more: from the same state, with the same seed and mode. Nothing of it is reported, nothing is written."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Callable, Optional

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook

from ..wire.errors import UsageError
from ..wire.requests import RunForward
from .bare_tensors import BareTensors
from .input_values import SampleInput
from .lazy_parts import has_lazy_parts
from .model_state import ModelState
from .module_tree import tensors_of
from .run_conditions import RunConditions
from .side_effects import SideEffects
from .without_data import without_data


class Repetition:
    """Repeats a pass that failed, to see more of it or to try a repair. The caller restores the model's state afterwards."""

    def __init__(
        self,
        model: nn.Module,
        given: SampleInput,
        flow: "AbstractContextManager[Any]",
        before: ModelState,
        request: RunForward,
        check: Callable[[], None],
    ) -> None:
        self.model = model
        self.given = given
        self.reached = "the model runs to its end"
        self._flow = flow
        self._before = before
        self.request = request
        self._check = check

    def without_data(self) -> "Optional[Repetition]":
        """The same on shapes alone; None where it is that already, or this torch cannot."""
        if self.request.shapes_only:
            return None
        device = next((tensor.device for tensor in tensors_of(self.model)), None)
        try:
            given, flow = without_data(self.given, device)
        except UsageError:
            return None
        conditions = RunConditions(self.request, device, flow)
        return Repetition(self.model, given, conditions, self._before, self.request, self._check)

    def bare(self) -> "Optional[Repetition]":
        """The same on shapes alone, at a third of their usual cost; None where it is without data already. What it raises may be due to
        that alone."""
        if self.request.shapes_only or has_lazy_parts(self.model):
            return None
        meta = torch.device("meta")
        conditions = RunConditions(self.request, meta, BareTensors(self.model))
        return Repetition(self.model, self.given.on(meta), conditions, self._before, self.request, self._check)

    def run(
        self,
        within: "Optional[AbstractContextManager[Any]]" = None,
        prepare: Callable[[], None] = lambda: None,
        given: Optional[SampleInput] = None,
    ) -> Optional[BaseException]:
        """One pass inside ``within``, after ``prepare`` changed the model; what it raised, or None. ``check`` may stop it."""
        self._before.restore()
        given = given or self.given
        if self.request.mode is not None:
            self.model.train(self.request.mode == "train")
        prepare()
        torch.manual_seed(self.request.seed)
        handle = register_module_forward_pre_hook(lambda _module, _args: self._check())
        try:
            with SideEffects(diverted=True, files=self._before.files), within or nullcontext(), self._flow:
                self.model(*given.positional, **given.keywords)
        except (Exception, SystemExit) as error:
            return error
        finally:
            handle.remove()
        return None
