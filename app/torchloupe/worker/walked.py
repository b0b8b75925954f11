"""A model walked once: its modules, their paths and what they hide, handed down to all who need them."""

from operator import is_
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple, Type

import torch
from torch import nn

from .collector import collector_at_rest
from .module_facts import members_of
from .module_tree import walk_modules
from .registration import raw
from .registration.hidden import HiddenThings, hidden_things
from .saved_attributes import Tables

_NO_CHILDREN: Dict[str, Any] = {}
_SCRIPTED = "has its parameters elsewhere"


class Walked:
    """The registered modules of ``model`` as they were: ``modules`` with every path, ``each`` of them once with its first path, parents
    first, and the same ``by_identity``."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        with collector_at_rest():
            self.modules: List[Tuple[str, nn.Module]] = list(walk_modules(model))
            self.by_identity: Dict[int, Tuple[str, nn.Module]] = {}
            for path, module in self.modules:
                self.by_identity.setdefault(id(module), (path, module))
            self.each: List[Tuple[str, nn.Module]] = list(self.by_identity.values())
            self._tables = list(self._children())
            self._contents = Tables(self._tables)
        self._hidden: Optional[HiddenThings] = None
        self._tensors: Optional[List[torch.Tensor]] = None

    @property
    def kinds(self) -> Set[Type[nn.Module]]:
        """The classes of the modules."""
        return {type(module) for _, module in self.each}

    @property
    def hidden(self) -> HiddenThings:
        """What the modules hold without having registered it; looked for when it is first asked for."""
        if self._hidden is None:
            scripted = any(issubclass(kind, torch.jit.ScriptModule) for kind in self.kinds)
            self._hidden = hidden_things(self.model, () if scripted else self.each)  # of those it has its own view
        return self._hidden

    @property
    def tensors(self) -> List[torch.Tensor]:
        """The registered parameters, then the buffers, as they were when they were first asked for."""
        if self._tensors is None:
            self._tensors = [
                tensor
                for kind in ("_parameters", "_buffers")
                for _, module in self.each
                if raw.module_vars(module).get(kind, _SCRIPTED)
                for _, tensor in members_of(module, kind)
                if tensor is not None
            ]
        return self._tensors

    def now(self) -> "Walked":
        """This one while the tree is still the same, else a walk of what it has become."""
        return self if self._is_current() else Walked(self.model)

    def _is_current(self) -> bool:
        return all(map(is_, self._children(), self._tables)) and self._contents.is_same()

    def _children(self) -> Iterator[Dict[str, Any]]:
        """The tables of the parts; those of scripted modules do not change."""
        tables = (raw.module_vars(module).get("_modules") for _, module in self.each)
        return (table if isinstance(table, dict) else _NO_CHILDREN for table in tables)
