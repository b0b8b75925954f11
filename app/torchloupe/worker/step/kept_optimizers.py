"""Optimizers that were there before the step, such as a global one of the user's file: what they knew is put back."""

from typing import Any, Dict, List, Tuple

import torch


class KeptOptimizers:
    """The state of each optimizer as it was when it was first seen."""

    def __init__(self) -> None:
        self._kept: Dict[int, Tuple[Any, Dict[Any, Any], List[Dict[str, Any]]]] = {}

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


def _copied(state: Any) -> Dict[Any, Any]:
    return {parameter: {name: _copy(value) for name, value in values.items()} for parameter, values in state.items()}


def _copy(value: Any) -> Any:
    return value.detach().clone() if isinstance(value, torch.Tensor) else value
