"""Look, don't touch: everything a run can change in a model or in the process, saved before and put back after.

Small models are copied whole. Of larger ones the parameters are fingerprinted (two wrapping sums over their 64-bit words) and
only buffers and plain tensor attributes are copied; a parameter that a run changed all the same is named, not restored.
"""

import random
import sys
from collections import deque
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn

from .module_tree import walk_modules
from .torch_compat import cuda_is_initialized, is_lazy

COPY_LIMIT_BYTES = 64 << 20
_CONTAINERS = (dict, list, set, deque)


class ModelState:
    """A model's state at one moment: tensors, gradients, attributes, modes, hooks, random number generators."""

    def __init__(self, model: nn.Module) -> None:
        self._modules = {id(module): module for _, module in walk_modules(model)}
        self._attributes = {key: _Attributes(module) for key, module in self._modules.items()}
        self._random = _RandomState()
        self._grad_enabled = torch.is_grad_enabled()
        self._default_dtype = torch.get_default_dtype()
        tensors = self._tensors()
        small = sum(_bytes_of(tensor) for _, tensor in tensors) <= COPY_LIMIT_BYTES
        self._saved = [_SavedTensor(name, tensor, copy=small or not isinstance(tensor, nn.Parameter)) for name, tensor in tensors]

    def restore(self) -> List[str]:
        """Put everything back; the names of the tensors that could not be."""
        torch.set_grad_enabled(self._grad_enabled)
        torch.set_default_dtype(self._default_dtype)
        for attributes in self._attributes.values():
            attributes.restore()
        lost = [saved.name for saved in self._saved if not saved.restore()]
        self._random.restore()
        return lost

    def _tensors(self) -> List[Tuple[str, torch.Tensor]]:
        """Parameters, buffers and plain tensor attributes of all modules, each once."""
        found: Dict[int, Tuple[str, torch.Tensor]] = {}
        for module in self._modules.values():
            for members in (module._parameters, module._buffers, vars(module)):
                for name, value in members.items():
                    if isinstance(value, torch.Tensor) and not is_lazy(value):
                        found.setdefault(id(value), (name, value))
        return list(found.values())


class _SavedTensor:
    def __init__(self, name: str, tensor: torch.Tensor, copy: bool) -> None:
        self.name = name
        self._tensor = tensor
        self._requires_grad = tensor.requires_grad
        self._storage = tensor.data
        self._grad = tensor.grad if tensor.is_leaf else None
        self._grad_copy = self._grad.detach().clone() if self._grad is not None else None
        self._copy = tensor.detach().clone() if copy else None
        self._fingerprint = None if copy else fingerprint(tensor)

    def restore(self) -> bool:
        tensor = self._tensor
        with torch.no_grad():
            if tensor.data_ptr() != self._storage.data_ptr() or tensor.shape != self._storage.shape:
                tensor.data = self._storage
            if self._copy is not None and not same_bits(tensor, self._copy):
                tensor.data.copy_(self._copy)
            if tensor.is_leaf:
                tensor.requires_grad_(self._requires_grad)
                tensor.grad = self._grad
                if self._grad is not None and self._grad_copy is not None:
                    self._grad.copy_(self._grad_copy)
        return self._copy is not None or fingerprint(tensor) == self._fingerprint


class _Attributes:
    """A module's ``__dict__``, and the contents of the plain containers in it (hooks, ``_modules``, user lists)."""

    def __init__(self, module: nn.Module) -> None:
        self._members = vars(module)
        self._values = dict(self._members)
        containers = [value for value in self._values.values() if isinstance(value, _CONTAINERS)]
        # Most of a module's containers are empty hook tables; a pair for each would be garbage collected for longer than made.
        self._empty = [container for container in containers if not container]
        self._filled = [(container, _shallow(container)) for container in containers if container]

    def restore(self) -> None:
        if not _same_items(self._members, self._values):
            self._members.clear()
            self._members.update(self._values)
        for container in self._empty:
            if container:
                container.clear()
        for container, content in self._filled:
            _refill(container, content)


class _RandomState:
    def __init__(self) -> None:
        self._torch = torch.get_rng_state()
        self._python = random.getstate()
        numpy = sys.modules.get("numpy")
        self._numpy: Any = numpy.random if numpy is not None and hasattr(numpy, "random") else None
        self._numpy_state = self._numpy.get_state() if self._numpy is not None else None
        self._cuda = torch.cuda.get_rng_state_all() if cuda_is_initialized() else None

    def restore(self) -> None:
        torch.set_rng_state(self._torch)
        random.setstate(self._python)
        if self._numpy is not None:
            self._numpy.set_state(self._numpy_state)
        if self._cuda is not None:
            torch.cuda.set_rng_state_all(self._cuda)


def fingerprint(tensor: torch.Tensor) -> Optional[Tuple[int, int]]:
    """Two wrapping 64-bit sums over a tensor's bytes; None for tensors without plain memory (meta, sparse)."""
    words = _words(tensor)
    if words is None:
        return None
    return int(words.sum()), int(words[::2].sum())


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Equal bit for bit, NaN included; tensors without plain memory count as equal."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    mine, theirs = _words(one), _words(other)
    return mine is None or theirs is None or bool(torch.equal(mine, theirs))


def _words(tensor: torch.Tensor) -> Optional[torch.Tensor]:
    if tensor.layout is not torch.strided or tensor.device.type == "meta" or tensor.is_quantized:
        return None
    flat = tensor.detach().resolve_conj().resolve_neg().contiguous().reshape(-1)
    if flat.dtype is torch.bool:
        return flat.view(torch.uint8)
    if flat.numel() * flat.element_size() % 8:
        return flat.view(torch.uint8)
    aligned = flat if flat.storage_offset() * flat.element_size() % 8 == 0 else flat.clone()
    return aligned.view(torch.int64)


def _bytes_of(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _shallow(container: Any) -> Any:
    return list(container.items()) if isinstance(container, dict) else list(container)


def _refill(container: Any, content: List[Any]) -> None:
    """Give a container its old content back, in place, when it differs."""
    now = _shallow(container)
    if isinstance(container, dict):
        if len(now) != len(content) or any(a[0] is not b[0] or a[1] is not b[1] for a, b in zip(now, content)):
            container.clear()
            container.update(content)
    elif len(now) != len(content) or any(a is not b for a, b in zip(now, content)):
        container.clear()
        container.update(content) if isinstance(container, set) else container.extend(content)


def _same_items(one: Dict[str, Any], other: Dict[str, Any]) -> bool:
    return len(one) == len(other) and all(key in one and one[key] is value for key, value in other.items())
