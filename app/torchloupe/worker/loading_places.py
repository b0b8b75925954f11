"""The places of a model that values are loaded into: one for each parameter or buffer, whatever number of keys it has."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Container, Dict, List, Tuple

import torch
from torch import nn

from ..analysis.wording import shape_text
from ..wire.contents import StoredTensor
from ..wire.errors import CheckpointError
from .module_facts import attributes_of, members_of
from .module_tree import walk_modules
from .tensor_facts import dtype_name
from .torch_compat import is_lazy

_KINDS = ("_parameters", "_buffers")
_Slot = Tuple[nn.Module, str, str]


@dataclass(eq=False)
class Place:
    """A tensor of the model and everyone who holds it: module, ``_parameters`` or ``_buffers``, name there."""

    tensor: torch.Tensor
    slots: List[_Slot] = field(default_factory=list)
    was_without_data: bool = False

    @property
    def dtype(self) -> str:
        """By torch's name."""
        return dtype_name(self.tensor.dtype)

    @property
    def has_no_data(self) -> bool:
        """It is lazy, or on the meta device."""
        return is_lazy(self.tensor) or self.tensor.is_meta

    @property
    def is_flat(self) -> bool:
        """Its elements stand one behind the other, so that it can be filled a piece at a time."""
        return type(self.tensor) in (torch.Tensor, nn.Parameter) and self.tensor.is_contiguous()

    def refuse_unlike(self, stored: StoredTensor) -> None:
        """Raises CheckpointError when values of this shape cannot be put here."""
        if is_lazy(self.tensor):
            return
        if self.tensor.is_quantized or self.tensor.layout is not torch.strided or self.tensor.is_nested:
            raise CheckpointError("it is quantized, sparse or nested in the model")
        if tuple(self.tensor.shape) != stored.shape:
            sizes = f"{shape_text(stored.shape)} in the checkpoint, {shape_text(tuple(self.tensor.shape))} in the model"
            raise CheckpointError(f"other shape: {sizes}")

    def with_data(self, shape: Tuple[int, ...]) -> torch.Tensor:
        """The tensor, which from now on has data: a lazy one gets this shape, one on the meta device memory of the CPU."""
        if is_lazy(self.tensor):
            lazy: Any = self.tensor
            lazy.materialize(shape)
        elif self.tensor.is_meta:
            self._replace(torch.empty_like(self.tensor, device="cpu", requires_grad=False))
        return self.tensor

    def _replace(self, made: torch.Tensor) -> None:
        if isinstance(self.tensor, nn.Parameter):
            made = nn.Parameter(made, self.tensor.requires_grad)
        for module, kind, name in self.slots:
            attributes_of(module)[kind][name] = made
        self.tensor, self.was_without_data = made, True

    def room(self) -> torch.Tensor:
        """Where the values are written, in one row: the tensor itself, else memory that it takes them from afterwards."""
        if self.is_flat:
            return self.tensor.detach().view(-1)
        return torch.empty(self.tensor.numel(), dtype=self.tensor.dtype, device=self.tensor.device)

    def take(self, room: torch.Tensor) -> None:
        """Copy what was written into the memory beside it."""
        with self.changing():
            self.tensor.copy_(room.view(self.tensor.shape))

    def flat(self) -> torch.Tensor:
        """Its values in one row."""
        return self.tensor.detach().contiguous().view(-1)

    def changing(self) -> "AbstractContextManager[Any]":
        """Inside, its values may be changed."""
        context: AbstractContextManager[Any] = torch.inference_mode() if self.tensor.is_inference() else torch.no_grad()
        return context


def places_of(model: nn.Module) -> Dict[str, Place]:
    """The place behind each key, in the model's order; tied keys have one."""
    places: Dict[int, Place] = {}
    found: Dict[str, Place] = {}
    for path, module in walk_modules(model):
        prefix = f"{path}." if path else ""
        for kind in _KINDS:
            for name, tensor in members_of(module, kind):
                if tensor is not None:
                    place = places.setdefault(id(tensor), Place(tensor))
                    place.slots.append((module, kind, name))
                    found[prefix + name] = place
    return found


def keys_of_half_lazy_modules(places: Dict[str, Place], stored: Container[str]) -> List[str]:
    """Keys with values for lazy tensors whose module has another one without: such a module could not run any more."""
    lazy: Dict[int, List[str]] = {}
    for key, place in places.items():
        if is_lazy(place.tensor):
            lazy.setdefault(id(place.slots[0][0]), []).append(key)
    halves = [keys for keys in lazy.values() if not all(key in stored for key in keys)]
    return [key for keys in halves for key in keys if key in stored]
