"""Look, don't touch: everything a run can change in a model or in the process, saved before and put back after.

Small models are copied whole. Of larger ones the parameters are fingerprinted (two wrapping sums over their 64-bit words) and
only buffers and plain tensor attributes are copied; a parameter that a run changed all the same is named, not restored.
"""

from collections import OrderedDict, deque
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import nn

from ..wire.registration import MODULE
from .collector import collector_at_rest
from .module_tree import walk_modules
from .process_state import ProcessState
from .registration import raw
from .registration.hidden import hidden_things
from .torch_compat import is_lazy, without_torch_function

COPY_LIMIT_BYTES = 64 << 20
_CONTAINERS = (dict, list, set, deque)


class ModelState:
    """A model's state at one moment: tensors, gradients, attributes, modes, hooks; and the process around it."""

    def __init__(self, model: nn.Module) -> None:
        with collector_at_rest(), without_torch_function():
            self._save(model)

    def _save(self, model: nn.Module) -> None:
        self._modules = {id(module): (path, module) for path, module in reversed(list(walk_modules(model)))}
        held = hidden_things(model).held
        for each in held:  # a BatchNorm in a plain list counts its batches, too
            self._modules.update((id(module), (each.part.path, module)) for module in each.below)
        self._loose = [each for each in held if each.part.kind != MODULE and each.part.shape is not None]
        self._attributes = [_Attributes(module) for _, module in self._modules.values()]
        self._process = ProcessState()
        tensors = self._tensors()
        small = sum(_bytes_of(tensor) for _, tensor in tensors) <= COPY_LIMIT_BYTES
        self._saved = [_SavedTensor(name, tensor, copy=small or not isinstance(tensor, nn.Parameter)) for name, tensor in tensors]

    def restore(self) -> List[str]:
        """Put everything back; the keys of the tensors that could not be."""
        self._process.restore()
        for attributes in self._attributes:
            attributes.restore()
        with without_torch_function():
            return [saved.name for saved in self._saved if not saved.restore()]

    def _tensors(self) -> List[Tuple[str, torch.Tensor]]:
        """Parameters, buffers and plain tensor attributes of all modules, and hidden tensors, each once."""
        found: Dict[int, Tuple[str, torch.Tensor]] = {}
        kinds = raw.Kinds()
        for path, module in reversed(self._modules.values()):
            for members in (raw.registered(module, "_parameters"), raw.registered(module, "_buffers"), raw.module_vars(module)):
                for name, value in members.items():
                    if kinds.of(value) == raw.TENSOR and not is_lazy(value):
                        found.setdefault(id(value), (f"{path}.{name}" if path else name, value))
        for each in self._loose:
            found.setdefault(id(each.value), (each.part.path, each.value))
        return list(found.values())


class _SavedTensor:
    def __init__(self, name: str, tensor: torch.Tensor, copy: bool) -> None:
        self.name = name
        self._tensor = tensor
        self._requires_grad = tensor.requires_grad
        self._storage = tensor.data
        has_data = tensor.device.type != "meta"
        self._room = _room(tensor) if has_data else None
        self._grad = tensor.grad if tensor.is_leaf else None
        self._grad_copy = self._grad.detach().clone() if self._grad is not None else None
        self._copy = tensor.detach().clone() if copy and has_data else None
        self._fingerprint = fingerprint(tensor) if self._copy is None else None

    def restore(self) -> bool:
        tensor = self._tensor
        with torch.inference_mode() if tensor.is_inference() else torch.no_grad():
            if self._room is not None and self._room != _room(self._storage):
                # Freed or enlarged underneath us; reading memory that is gone would end the process.
                self._storage.untyped_storage().resize_(self._room)
            if not _same_memory(tensor, self._storage):
                tensor.data = self._storage
            if self._copy is not None and not same_bits(tensor, self._copy):
                tensor.data.copy_(self._copy)
            if tensor.is_leaf:
                if tensor.requires_grad != self._requires_grad:
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
        containers = [value for value in self._values.values() if issubclass(type(value), _CONTAINERS) and _is_honest(value)]
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


def _room(tensor: torch.Tensor) -> Optional[int]:
    """Bytes of the memory that a tensor looks at; None for tensors without plain memory."""
    try:
        return tensor.untyped_storage().nbytes()
    except RuntimeError:
        return None


def _same_memory(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.layout != other.layout:
        return False
    try:
        return one.data_ptr() == other.data_ptr()
    except RuntimeError:
        return True


def _is_honest(container: Any) -> bool:
    """Whether a container lets itself be read: a class of the user's that is derived from dict or list can do anything."""
    if type(container) in (dict, list, set, deque, OrderedDict):
        return True
    try:
        return bool(container) == bool(_shallow(container))
    except (Exception, SystemExit):
        return False


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
