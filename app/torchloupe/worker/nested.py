"""Tensors inside arguments and results: tuples, lists, dicts, dataclasses, named outputs, packed sequences, objects.

Nothing of the user's is run for it: no property, no ``__iter__`` of theirs, and no generator is used up.
"""

import dataclasses
from itertools import islice
from typing import Any, Callable, Iterable, List, Tuple

import torch

from ..wire.tensors import TensorMeta
from .registration import raw
from .tensor_facts import device_name, dtype_name
from .torch_compat import is_lazy

MAX_TENSORS = 64
MAX_OF_AN_OBJECT = 8
"""Tensors that an object holds which is no container."""
MAX_VISITED = 1024
"""So many values are looked at, so that an object that leads everywhere ends."""
_MAX_DEPTH = 6
_MAX_ATTRIBUTES = 64
_ALONE = (torch.Tensor, torch.nn.Parameter)
_PLAIN_SEQUENCES = (tuple, list)
_KINDS = raw.Kinds()

_Named = Tuple[str, torch.Tensor]


def tensors_in(value: Any, name: str = "") -> List[Tuple[str, torch.Tensor]]:
    """The tensors in a value with their names (``[1]``, ``.logits``, ``['mask']``), in order, at most ``MAX_TENSORS``."""
    if type(value) in _ALONE:
        return [(name, value)]
    found: List[_Named] = []
    if type(value) not in _KINDS.leaf:
        _Walk(found).into(value, name, 0)
    return found


def metas_of(tensors: List[Tuple[str, torch.Tensor]]) -> Tuple[TensorMeta, ...]:
    """What the tensors are, without their values."""
    return tuple([_meta(name, tensor) for name, tensor in tensors])


def _meta(name: str, tensor: torch.Tensor) -> TensorMeta:
    return TensorMeta(shape_of(tensor), dtype_name(tensor.dtype), device_name(tensor.device), name, memory_format(tensor))


def memory_format(tensor: torch.Tensor) -> str:
    """How it lies in memory, empty when as its shape says."""
    try:
        if tensor.layout is not torch.strided:
            return str(tensor.layout).rpartition(".")[2]
        if tensor.is_nested or tensor.is_contiguous():
            return ""
        formats = {4: torch.channels_last, 5: torch.channels_last_3d}
        if tensor.dim() in formats and tensor.is_contiguous(memory_format=formats[tensor.dim()]):
            return "channels_last"
        return "strided"
    except Exception:  # a tensor with a mind of its own
        return ""


def shape_of(tensor: torch.Tensor) -> Tuple[int, ...]:
    """The sizes as plain numbers; -1 for the ragged ones of a nested tensor, which have none."""
    if not tensor.is_nested:
        return tuple(map(int, tensor.shape))
    return tuple([_size(tensor, dimension) for dimension in range(tensor.dim())])


def _size(tensor: torch.Tensor, dimension: int) -> int:
    try:
        return int(tensor.size(dimension))
    except Exception:
        # Each layout of nested tensors, and each version of torch, refuses with another error.
        return -1


def map_tensors(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """The same nesting with every tensor changed; anything that is no plain container is passed on as it is."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, dict) and type(value) is dict:
        return {key: map_tensors(item, change) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map_tensors(item, change) for item in value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[map_tensors(item, change) for item in value])
    return value


class _Walk:
    """Puts the tensors that it comes across into ``found``."""

    def __init__(self, found: List[_Named]) -> None:
        self._found = found
        self._left = MAX_VISITED
        self._most = MAX_TENSORS

    def into(self, value: Any, name: str, depth: int) -> None:
        """A value and what it holds."""
        kind = type(value)
        if kind in _ALONE:
            self._found.append((name, value))
        elif kind in _KINDS.leaf:
            return
        elif issubclass(kind, torch.Tensor):
            if not is_lazy(value):
                self._found.append((name, value))
        elif depth < _MAX_DEPTH:
            most = self._most
            if kind not in _PLAIN_SEQUENCES and _KINDS.of(value) == raw.OBJECT:
                # A cache of keys and values goes into every layer and holds those of all of them.
                self._most = min(most, len(self._found) + MAX_OF_AN_OBJECT)
            for part, item in _parts(value, kind):
                self._left -= 1
                if self._left < 0 or len(self._found) >= self._most:
                    break
                self.into(item, name + part, depth + 1)
            self._most = most


def _parts(value: Any, kind: type) -> Iterable[Tuple[str, Any]]:
    if kind in _PLAIN_SEQUENCES:
        return [(f"[{number}]", item) for number, item in enumerate(value[:MAX_VISITED])]
    found = _KINDS.of(value)
    if found == raw.MAPPING:
        # A ModelOutput is a dict whose keys are attributes; people say `.logits`.
        form, most = ".{}" if dataclasses.is_dataclass(kind) else "[{!r}]", MAX_VISITED
    elif found == raw.SEQUENCE:
        form, most = "[{}]", MAX_VISITED
    elif found == raw.OBJECT:
        form, most = ".{}", _MAX_ATTRIBUTES
    else:
        return ()
    members = islice(_KINDS.members(value, found), most)
    fields = getattr(kind, "_fields", ()) if issubclass(kind, tuple) else ()
    return [(f".{fields[int(key)]}" if fields else form.format(key), item) for _, key, item in members]
