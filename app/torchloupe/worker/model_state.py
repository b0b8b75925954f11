"""Look, don't touch: everything a run can change in a model or in the process, saved before and put back after.

Small models are copied whole. Of larger ones the parameters are fingerprinted (two wrapping sums over their 64-bit words) and
all else is copied; a parameter that a run changed all the same is named, not restored.
"""

import io
import random
from operator import mul
from typing import Any, Callable, Dict, List, Optional

import torch
from torch import nn

from ..wire.registration import MODULE
from .collector import collector_at_rest
from .process_state import ProcessState
from .registration import raw
from .saved_attributes import SavedAttributes
from .saved_tensors import SavedTensors, Undone
from .torch_compat import is_lazy, without_torch_function
from .walked import Walked

_T: Any = torch.Tensor
COPY_LIMIT_BYTES = 64 << 20


class ModelState:
    """A model's state at one moment: tensors, gradients, attributes, modes, hooks; and the process around it."""

    def __init__(self, model: nn.Module, keep_all: bool = False, walked: Optional[Walked] = None) -> None:
        """With ``keep_all`` every tensor is copied, however large: for a run that changes the weights. ``walked`` is the model, where
        somebody has walked it already."""
        with collector_at_rest(), without_torch_function():
            walked = walked or Walked(model)
            modules = dict(walked.by_identity)
            held = walked.hidden.held
            for each in held:  # a BatchNorm in a plain list counts its batches, too
                modules.update((id(module), (each.part.path, module)) for module in each.below)
            self._attributes = SavedAttributes([module for _, module in modules.values()])
            self._process = ProcessState()
            # Generators of the model's own; random.Random names its two methods without the underscore.
            self._dice = [(each.set_state, each.get_state()) for each in self._attributes.of_kind(torch.Generator)]
            self._dice += [(each.setstate, each.getstate()) for each in self._attributes.of_kind(random.Random)]
            found = [*self._attributes.of_kind(torch.Tensor)]
            found += [each.value for each in held if each.part.kind != MODULE and each.part.shape is not None]
            tensors = list({id(each): each for each in found if not is_lazy(each)}.values())
            small = keep_all or sum(map(mul, map(_T.numel, tensors), map(_T.element_size, tensors))) <= COPY_LIMIT_BYTES
            self._tensors = SavedTensors(tensors, lambda tensor: small or not isinstance(tensor, nn.Parameter))
        self.had_changed = False
        """Whether the last ``restore`` found something other than it was: an attribute, a value. Modes and dice do not count."""
        self._modules = list(modules.values())
        self._held = held

    @property
    def copies(self) -> Dict[int, torch.Tensor]:
        """The values that were saved, by the identity of their tensor; those that are only fingerprinted are missing."""
        return self._tensors.copies()

    def undone(self, tensor: torch.Tensor, undo: Callable[[torch.Tensor, torch.Tensor], Optional[Undone]]) -> Optional[Undone]:
        """See ``SavedTensors.undone``."""
        return self._tensors.undone(tensor, undo)

    @property
    def files(self) -> List[Any]:
        """The open files that are attributes of modules."""
        return self._attributes.of_kind(io.IOBase)

    @property
    def changed(self) -> List[torch.Tensor]:
        """The tensors that the last ``restore`` found with other values or in other memory than before."""
        return self._tensors.changed

    def restore(self) -> List[str]:
        """Put everything back; the keys of the tensors that could not be."""
        self._process.restore()
        for put_back, state in self._dice:
            put_back(state)
        with collector_at_rest(), without_torch_function():
            attributes_changed = self._attributes.restore()
            lost = self._tensors.restore()
            self.had_changed = attributes_changed or bool(self._tensors.changed)
            return self._names(lost) if lost else []

    def _names(self, tensors: List[torch.Tensor]) -> List[str]:
        names: Dict[int, str] = {}
        for path, module in self._modules:
            for members in (raw.registered(module, "_parameters"), raw.registered(module, "_buffers"), raw.module_vars(module)):
                for name, value in members.items():
                    names.setdefault(id(value), f"{path}.{name}" if path else name)
        names.update((id(each.value), each.part.path) for each in self._held if id(each.value) not in names)
        return [names.get(id(tensor), "") for tensor in tensors]
