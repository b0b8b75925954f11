"""Optimizers that were there before the step, such as a global one of the user's file: what they knew is put back. So are schedulers
and scalers of the file."""

import copy
from typing import Any, Dict, List, Tuple

import torch

SCALER: Any = getattr(torch.amp, "GradScaler", None) or torch.cuda.amp.GradScaler
"""Of old torch it is there for CUDA alone."""


class KeptOptimizers:
    """The state of each optimizer as it was when it was first seen."""

    def __init__(self) -> None:
        self._kept: Dict[int, Tuple[Any, Dict[Any, Any], List[Dict[str, Any]]]] = {}
        self._beside: List[Tuple[Any, Dict[str, Any]]] = []

    def keep_all(self, values: List[Any]) -> None:
        """Those among some values that are optimizers, schedulers or scalers."""
        for value in values:
            if isinstance(value, torch.optim.Optimizer):
                self.keep(value)
            elif isinstance(value, (torch.optim.lr_scheduler.LRScheduler, SCALER)):
                self._beside.append((value, {name: _copy(each) for name, each in vars(value).items()}))

    def keep(self, optimizer: Any) -> None:
        """Remember it, the first time only."""
        if id(optimizer) not in self._kept:
            groups = [{**group, "params": list(group["params"])} for group in optimizer.param_groups]
            self._kept[id(optimizer)] = (optimizer, _copied(optimizer.state), groups)

    def restore(self) -> None:
        """Every one as it was; what was remembered stays for another time."""
        for optimizer, state, groups in self._kept.values():
            optimizer.state.clear()
            optimizer.state.update(_copied(state))
            for group, before in zip(optimizer.param_groups, groups):
                group.clear()
                group.update({**before, "params": list(before["params"])})
            del optimizer.param_groups[len(groups) :]
        for value, members in self._beside:
            vars(value).clear()
            vars(value).update((name, _copy(each)) for name, each in members.items())


def _copied(state: Any) -> Dict[Any, Any]:
    return {parameter: {name: _copy(value) for name, value in values.items()} for parameter, values in state.items()}


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    return copy.copy(value) if isinstance(value, (dict, list)) else value
