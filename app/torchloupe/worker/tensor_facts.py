"""The parameters and buffers of a model as plain data: what each is, and which are one tensor or lie in one memory."""

from functools import lru_cache
from itertools import islice
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import torch
from torch import nn

from ..wire.many import maker
from ..wire.modules import BUFFER, MOST_SHARING, PARAMETER, ParameterEntry
from .definitions import assignment_place
from .module_facts import attributes_of, members_of
from .torch_compat import is_lazy, without_torch_function
from .tree_totals import Memory

_NOWHERE = (None, None)
_entry_of: Callable[..., ParameterEntry] = maker(ParameterEntry)
_PLAIN = (nn.Parameter, torch.Tensor)
_SPARSE_PARTS = ("_indices", "_values")
_COMPRESSED_PARTS = ("crow_indices", "ccol_indices", "row_indices", "col_indices", "values")

_Found = Tuple[str, str, str, torch.Tensor, bool, nn.Module, str]
"""Key, path of the owner, kind, tensor, persistent, owner, its name there."""
_Layout = Tuple[Optional[Tuple[int, ...]], int, int, Optional[Tuple[int, ...]]]
"""Shape, elements, bytes, unusual stride."""


def read_parameters(paths: Iterable[Tuple[str, nn.Module]]) -> Tuple[List[ParameterEntry], Dict[str, Memory]]:
    """All parameters and buffers, and for those that lie in one memory with others: in which."""
    with without_torch_function():
        found = list(_registered(paths))
        keys, storages = [one[0] for one in found], [_storage(one[3]) for one in found]
        ties = _several(keys, [id(one[3]) for one in found])
        sharing = _several(keys, storages)
        memory: Dict[str, Memory] = {}
        entries = []
        for one, storage in zip(found, storages):
            tied = ties.get(id(one[3]), ())
            group = sharing.get(storage, ()) if storage is not None else ()
            shares_with: Tuple[str, ...] = ()
            if len(group) > max(len(tied), 1):
                shares_with = tuple(islice((key for key in group if key != one[0] and key not in tied), MOST_SHARING))
                memory[one[0]] = (int(storage or 0), one[3].untyped_storage().nbytes())
            entries.append(_entry(one, tuple(key for key in tied if key != one[0]) if tied else (), shares_with))
        return entries, memory


def _registered(paths: Iterable[Tuple[str, nn.Module]]) -> Iterator[_Found]:
    for path, module in paths:
        prefix = f"{path}." if path else ""
        for name, tensor in members_of(module, "_parameters"):
            if tensor is not None:
                yield prefix + name, path, PARAMETER, tensor, True, module, name
        buffers = members_of(module, "_buffers")
        left_out = attributes_of(module).get("_non_persistent_buffers_set", ()) if buffers else ()
        for name, tensor in buffers:
            if tensor is not None:
                yield prefix + name, path, BUFFER, tensor, name not in left_out, module, name


def _several(keys: Sequence[str], values: Sequence[Optional[int]]) -> Dict[Optional[int], List[str]]:
    """The keys of each value that is met more than once."""
    first: Dict[Optional[int], str] = {}
    groups: Dict[Optional[int], List[str]] = {}
    for key, value in zip(keys, values):
        met = first.setdefault(value, key)
        if met is not key:
            groups.setdefault(value, [met]).append(key)
    groups.pop(None, None)
    return groups


def _storage(tensor: torch.Tensor) -> Optional[int]:
    """The identity of the memory that a tensor lies in; None where there is none to ask (sparse, opaque)."""
    try:
        storage: Any = tensor.untyped_storage()
        return int(storage._cdata)
    except Exception:
        return None


def _entry(found: _Found, tied_to: Tuple[str, ...], shares_with: Tuple[str, ...]) -> ParameterEntry:
    key, path, kind, tensor, persistent, owner, name = found
    shape, numel, size, stride = _layout(tensor)
    file, line = assignment_place(type(owner), name) or _NOWHERE
    dtype, device = dtype_name(tensor.dtype), device_name(tensor.device)
    learns = tensor.requires_grad
    return _entry_of(
        key, path, kind, shape, dtype, device, learns, numel, size, tied_to, persistent, shares_with, stride, file, line
    )


def _layout(tensor: torch.Tensor) -> _Layout:
    if is_lazy(tensor):
        return None, 0, 0, None
    if type(tensor) in _PLAIN and tensor.layout is torch.strided and not tensor.is_nested:
        numel = tensor.numel()
        return tuple(tensor.shape), numel, numel * tensor.element_size(), None if tensor.is_contiguous() else tensor.stride()
    numel = _asked(tensor.numel, 0)
    stride = _asked(lambda: None if tensor.is_contiguous() else tuple(map(int, tensor.stride())), None)
    shape = _asked(lambda: tuple(map(int, tensor.shape)), None)
    if shape is None:  # nested: only how many there are is sure
        shape = _asked(lambda: (int(tensor.size(0)), -1), (numel,))
    return shape, numel, _bytes(tensor, numel), stride if any(stride or ()) else None


def _bytes(tensor: torch.Tensor, numel: int) -> int:
    """Of a sparse tensor those of its parts."""
    if tensor.layout is torch.strided:
        return numel * tensor.element_size()
    names = _SPARSE_PARTS if tensor.layout is torch.sparse_coo else _COMPRESSED_PARTS
    parts: List[Any] = [_asked(getattr(tensor, name), None) for name in names]
    of_parts = sum(part.numel() * part.element_size() for part in parts if part is not None)
    return int(of_parts) or numel * tensor.element_size()


def _asked(question: Callable[[], Any], otherwise: Any) -> Any:
    """What a tensor of an odd kind answers: it may have no shape, no stride, or its own mind."""
    try:
        return question()
    except Exception:
        return otherwise


@lru_cache(maxsize=None)
def dtype_name(dtype: torch.dtype) -> str:
    """``float32``, not ``torch.float32``."""
    return str(dtype).rpartition(".")[2]


@lru_cache(maxsize=64)
def device_name(device: torch.device) -> str:
    """``cuda:0``."""
    return str(device)
