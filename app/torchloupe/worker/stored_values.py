"""Values of tensors in a file that torch alone can read, sparse and quantized ones: turned dense, a part at a time.

The file is loaded with ``weights_only=True`` and nothing else, so that nothing in it runs.
"""

import os
import pickle
import tarfile
import warnings
import zipfile
from dataclasses import dataclass
from typing import Any, Iterator, List, Tuple

import torch

from ..analysis.tensor_slices import index_parts
from ..analysis.wording import bytes_text
from ..wire.errors import UsageError
from ..wire.requests import FetchedValues, FetchStoredValues, ValuesArrived
from .archive_target import PICKLE, archive_kind, refusal_text
from .context import Context
from .tensor_facts import dtype_name
from .values import part_of, raw_bytes, refuse_too_large

MOST_DEQUANTIZED = 4_000_000_000
"""A larger tensor is not dequantized, as that is done with the whole of it."""
_AGAIN = "Open the checkpoint again: it may have changed."
_LAYOUTS = {"sparse_coo": "COO", "sparse_csr": "CSR", "sparse_csc": "CSC", "sparse_bsr": "BSR", "sparse_bsc": "BSC"}


@dataclass(frozen=True)
class _Kept:
    """The tensor that was asked for last, with memory of its own: a file that stays mapped would end the worker when a training
    script saves over it. ``place`` says which it is, ``origin`` what the file has."""

    place: Tuple[Any, ...]
    tensor: torch.Tensor
    origin: str


def fetch_stored_values(context: Context, request: FetchStoredValues) -> FetchedValues:
    """The bytes of a part of a stored tensor; the next part of the same tensor does not load the file again."""
    kept = context.state.get("stored tensor")
    place = _place_of(request)
    if not isinstance(kept, _Kept) or kept.place != place:
        context.state.pop("stored tensor", None)
        kept = context.state["stored tensor"] = _read(place, request)
    context.cancel.raise_if_requested()
    part = (_sparse_part if kept.tensor.is_sparse else part_of)(kept.tensor, request.key, request.index)
    context.emit(ValuesArrived(request.key), [raw_bytes(part)])
    return FetchedValues(request.key, tuple(part.shape), dtype_name(part.dtype), kept.origin)


def _place_of(request: FetchStoredValues) -> Tuple[Any, ...]:
    try:
        found = os.stat(request.path)
    except OSError as error:
        raise UsageError(f"{request.path} cannot be read: {error.strerror}.", "Check the path.") from None
    return request.path, found.st_mtime_ns, found.st_size, request.container, request.key


def _read(place: Tuple[Any, ...], request: FetchStoredValues) -> _Kept:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls sparse a beta and quantized deprecated, each time
        tensor = tensor_in(loaded(request.path), request.container, request.key)
        try:
            return _Kept(place, _expanded(tensor, request.key), origin_of(tensor))
        except RuntimeError as error:
            text = str(error).partition("\n")[0]
            raise UsageError(f"torch cannot make `{request.key}` dense: {text}", "Choose another tensor.") from error


def loaded(path: str) -> Any:
    """What ``torch.save`` wrote into a file; raises UsageError when that cannot be had without running what is in it."""
    base = os.path.basename(path)
    if archive_kind(path) != PICKLE or tarfile.is_tarfile(path):  # torch before 2.6 runs what a tar file says
        raise UsageError(f"{base} is no file of torch.save, and no other is loaded for its values.", "Open it as the model.")
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=_can_be_mapped(path))
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"torch.load(weights_only=True) refuses {base}, so these values are not read: {refusal_text(error)}",
            "If you trust the file, open it as the model: it is loaded for real after you were asked.",
        ) from error
    except (RuntimeError, ValueError, EOFError, OSError) as error:
        text = str(error).partition("\n")[0]
        raise UsageError(
            f"torch cannot load {base}: {text}", "Was it saved by a newer torch? Choose an interpreter that has it."
        ) from error


def _can_be_mapped(path: str) -> bool:
    """Only a zip whose members lie in it as they are."""
    try:
        with zipfile.ZipFile(path) as archive:
            return all(member.compress_type == zipfile.ZIP_STORED for member in archive.infolist())
    except zipfile.BadZipFile:
        return False


def tensor_in(root: Any, container: str, key: str) -> torch.Tensor:
    """The tensor at a dotted key in the container at a dotted path; raises UsageError when there is none."""
    for holder in _at(root, container):
        for found in _at(holder, key):
            if isinstance(found, torch.Tensor):
                return found.detach()
    raise UsageError(f"torch finds no tensor `{key}` in the file.", _AGAIN)


def _at(node: Any, path: str) -> Iterator[Any]:
    """What lies at a dotted path. Keys may have dots themselves, so there can be several ways."""
    if not path:
        yield node
    for label, item in _labelled(node):
        if label == path:
            yield item
        elif path.startswith(f"{label}."):
            yield from _at(item, path[len(label) + 1 :])


def _labelled(node: Any) -> Iterator[Tuple[str, Any]]:
    if isinstance(node, dict):
        return ((str(key), item) for key, item in node.items())
    return ((str(number), item) for number, item in enumerate(node if isinstance(node, (list, tuple)) else ()))


def origin_of(tensor: torch.Tensor) -> str:
    """What the file has where dense values are shown; empty when it is no more than a tensor."""
    if tensor.is_quantized:
        return f"quantized {_scheme(tensor)}, shown dequantized"
    layout = _LAYOUTS.get(dtype_name(tensor.layout))
    if layout is None:
        return ""
    stored = (tensor._values() if tensor.is_sparse else tensor.values()).numel()
    return f"sparse ({layout}), {stored:,} of {tensor.numel():,} values stored, shown dense"


def _scheme(tensor: torch.Tensor) -> str:
    dtype = dtype_name(tensor.dtype)
    if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
        return f"per tensor ({dtype}, scale {tensor.q_scale():.6g}, zero point {tensor.q_zero_point()})"
    return f"per channel ({dtype}, dimension {tensor.q_per_channel_axis()})"


def _expanded(tensor: torch.Tensor, key: str) -> torch.Tensor:
    """Dense, or coordinates and values, and no longer in the file."""
    if tensor.is_quantized:
        if tensor.numel() * 4 > MOST_DEQUANTIZED:
            text = f"Dequantized, `{key}` takes {bytes_text(tensor.numel() * 4)}; {bytes_text(MOST_DEQUANTIZED)} are the most."
            raise UsageError(text, "Choose another tensor.")
        return tensor.dequantize()
    if tensor.is_nested:
        raise UsageError(f"`{key}` is a nested tensor: its parts have different sizes.", "Look at its parts one by one.")
    if tensor.layout is torch.strided:
        return tensor.clone()
    tensor = _checked(tensor)
    if not tensor.is_sparse:
        tensor = tensor.to_sparse()
    return tensor.coalesce().clone() if tensor.sparse_dim() else tensor.to_dense()


def _checked(tensor: torch.Tensor) -> torch.Tensor:
    """The same sparse tensor; raises RuntimeError when its indices lead out of it: torch would follow them."""
    if tensor.is_sparse:
        return torch.sparse_coo_tensor(tensor._indices(), tensor._values(), tensor.shape, check_invariants=True)
    by_rows = tensor.layout in (torch.sparse_csr, torch.sparse_bsr)
    indices = (tensor.crow_indices(), tensor.col_indices()) if by_rows else (tensor.ccol_indices(), tensor.row_indices())
    return torch.sparse_compressed_tensor(*indices, tensor.values(), tensor.shape, layout=tensor.layout, check_invariants=True)


def _sparse_part(tensor: torch.Tensor, key: str, index: str) -> torch.Tensor:
    """The part of a coalesced tensor, dense; the rest is never made so."""
    parts = index_parts(tuple(tensor.shape), index)
    lengths = [1 if part.count is None else part.count for part in parts]
    shape = [part.count for part in parts if part.count is not None]
    size = tensor.values().element_size()
    for length in lengths:
        size *= length
    refuse_too_large(key, size)
    split = tensor.sparse_dim()
    inside = torch.ones(tensor.values().shape[0], dtype=torch.bool)
    places: List[torch.Tensor] = []
    for part, length, row in zip(parts, lengths, tensor.indices()):
        steps = row - part.begin
        place = torch.div(steps, part.step, rounding_mode="floor")
        inside &= (steps >= 0) & (steps % part.step == 0) & (place < length)
        places.append(place)
    values = tensor.values()[inside]
    for dimension, (part, length) in enumerate(zip(parts[split:], lengths[split:]), start=1):
        values = values.index_select(dimension, torch.arange(length) * part.step + part.begin)
    dense = values.new_zeros(lengths)
    dense[tuple(place[inside] for place in places)] = values
    return dense.reshape(shape)
