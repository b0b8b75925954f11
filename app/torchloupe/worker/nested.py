"""Tensors inside arguments and results: tuples, lists, dicts, dataclasses, named outputs, packed sequences."""

import dataclasses
from typing import Any, Callable, Dict, Iterator, List, Tuple

import torch

from ..wire.tensors import TensorMeta
from .tensor_facts import device_name, dtype_name
from .torch_compat import is_lazy

MAX_TENSORS = 64
_MAX_DEPTH = 6


def tensors_in(value: Any, name: str = "") -> List[Tuple[str, torch.Tensor]]:
    """The tensors in a value with their names (``[1]``, ``.logits``, ``['mask']``), in order, at most ``MAX_TENSORS``."""
    found: List[Tuple[str, torch.Tensor]] = []
    for item in _walk(value, name, 0):
        found.append(item)
        if len(found) == MAX_TENSORS:
            break
    return found


def metas_of(tensors: List[Tuple[str, torch.Tensor]]) -> Tuple[TensorMeta, ...]:
    """What the tensors are, without their values."""
    return tuple([_meta(name, tensor) for name, tensor in tensors])


def _meta(name: str, tensor: torch.Tensor) -> TensorMeta:
    return TensorMeta(shape_of(tensor), dtype_name(tensor.dtype), device_name(tensor.device), name)


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


def _walk(value: Any, name: str, depth: int) -> Iterator[Tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        if not is_lazy(value):
            yield name, value
    elif depth < _MAX_DEPTH:
        for part, item in _parts(value):
            yield from _walk(item, name + part, depth + 1)


def _parts(value: Any) -> Iterator[Tuple[str, Any]]:
    if isinstance(value, dict):
        # A ModelOutput is a dict whose keys are attributes; people say `.logits`.
        attributes = dataclasses.is_dataclass(value)
        for key, item in value.items():
            yield (f".{key}" if attributes else f"[{key!r}]"), item
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        for key, item in zip(value._fields, value):
            yield f".{key}", item
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield f"[{number}]", item
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields: Dict[str, Any] = vars(value) if hasattr(value, "__dict__") else {}
        for key, item in fields.items():
            yield f".{key}", item
