"""Layers that were changed are asked whether they would have refused what their successors are given: what a pass without data met is a
mismatch only then."""

from functools import partial
from typing import Any, Dict, Sequence, Set, Tuple

from torch import nn

from ...wire.problems import Fix
from ..repairs import make_changes


class AskedLayers:
    """``paths`` are those of the layers."""

    def __init__(self, paths: Sequence[str] = ()) -> None:
        self._paths = paths
        self._refusing: Set[str] = set()

    def prepare(self, model: nn.Module, fixes: Sequence[Fix]) -> None:
        """Make the changes; the layers that are replaced stand by."""
        before = {path: model.get_submodule(path) for path in self._paths}
        make_changes(model, fixes)
        for path, layer in before.items():
            changed = model.get_submodule(path)
            if changed is not layer:
                changed.register_forward_pre_hook(partial(self._ask, path, layer), with_kwargs=True)

    @property
    def all_refuse(self) -> bool:
        """Whether each of them refused what came."""
        return self._refusing.issuperset(self._paths)

    def _ask(self, path: str, layer: nn.Module, _changed: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
        try:
            layer.forward(*args, **kwargs)
        except Exception:
            self._refusing.add(path)
