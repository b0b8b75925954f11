"""Which mapping in a checkpoint is the model's state_dict, which the optimizer's, and what keys they hold."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.modules import ModuleTree
from .diff_rows import UNINITIALIZED, KeyEntry
from .key_prefixes import overlap

STATE_DICT, OPTIMIZER, OTHER = "state_dict", "optimizer", "other"

# The usual names, the likeliest first. "" is a file that is a state_dict itself; averaged copies come after the originals.
PREFERRED = (
    *("state_dict", "model_state_dict", "model", "module", "net", ""),
    *("ema", "model_ema", "state_dict_ema", "ema_state_dict", "generator", "params", "params_ema", "teacher", "student"),
)
# A mapping with fewer tensors than this part of the largest one is not taken for the model by its name alone.
SMALLEST_SHARE = 0.1
_OPTIMIZER_KEY = re.compile(r"(^|\.)state\.\d+\.|(^|\.)(param_groups|exp_avg|exp_avg_sq|momentum_buffer)(\.|$)")
_OPTIMIZER_NAME = re.compile(r"optim|sched|scaler|\bopt\b|_opt\b", re.IGNORECASE)
_OTHER_NAME = re.compile(r"rng|random|hparam|hyper_?param|config|args|callback|loop", re.IGNORECASE)


@dataclass(frozen=True)
class Container:
    """A mapping in a checkpoint that holds tensors: its dotted path (``""`` is the file itself), how many and how many bytes.

    ``kind`` is ``state_dict``, ``optimizer`` or ``other``.
    """

    path: str
    tensor_count: int
    bytes: int
    kind: str


def containers_of(contents: CheckpointContents) -> Tuple[Container, ...]:
    """All mappings that hold tensors, in file order."""
    tensors = _by_container(contents)
    return tuple(
        Container(path, len(held), sum(tensor.bytes for tensor in held), _kind(path, held)) for path, held in tensors.items()
    )


def model_container(contents: CheckpointContents, expected: Sequence[KeyEntry] = ()) -> str:
    """Path of the mapping that is the model's state_dict: the one most like ``expected`` when given, else by name and size.

    ``""`` when the checkpoint holds no tensors.
    """
    containers = containers_of(contents)
    if not containers:
        return ""
    if expected:
        fits = {each.path: overlap(expected, keys_of_container(contents, each.path)) for each in containers}
        best = max(fits.values())
        if best > 0:
            containers = tuple(each for each in containers if fits[each.path] >= 0.99 * best)
        else:
            containers = _of_like_shapes(contents, containers, expected)
    largest = max((each.tensor_count for each in containers if each.kind == STATE_DICT), default=0)
    return min(containers, key=lambda each: _rank(each, largest)).path


def _of_like_shapes(
    contents: CheckpointContents, containers: Tuple[Container, ...], expected: Sequence[KeyEntry]
) -> Tuple[Container, ...]:
    """Where no name is the same: those that have the most tensors of the expected shapes."""
    wanted = Counter(entry.shape for entry in expected)
    shares = {}
    for each in containers:
        keys = keys_of_container(contents, each.path)
        shares[each.path] = sum((Counter(entry.shape for entry in keys) & wanted).values()) if each.kind != OPTIMIZER else 0
    best = max(shares.values())
    return tuple(each for each in containers if shares[each.path] >= 0.99 * best) if 2 * best >= len(expected) else containers


def keys_of_container(contents: CheckpointContents, container: str) -> Tuple[KeyEntry, ...]:
    """The keys that a mapping of the checkpoint holds, in file order."""
    return tuple(KeyEntry(tensor.key, tensor.shape, tensor.dtype) for tensor in contents.tensors if tensor.container == container)


def keys_of_tree(tree: ModuleTree) -> Tuple[KeyEntry, ...]:
    """The keys of the model's state_dict; those of lazy parameters have shape ``()`` and dtype ``uninitialized``."""
    return tuple(
        KeyEntry(entry.key, (), UNINITIALIZED, entry.tied_to)
        if entry.shape is None
        else KeyEntry(entry.key, entry.shape, entry.dtype, entry.tied_to)
        for entry in tree.parameters
        if entry.persistent
    )


def unsaved_keys(tree: ModuleTree) -> Tuple[KeyEntry, ...]:
    """The buffers of the model that its state_dict leaves out."""
    return tuple(KeyEntry(entry.key, entry.shape or (), entry.dtype) for entry in tree.parameters if not entry.persistent)


def _by_container(contents: CheckpointContents) -> Dict[str, List[StoredTensor]]:
    tensors: Dict[str, List[StoredTensor]] = {}
    for tensor in contents.tensors:
        tensors.setdefault(tensor.container, []).append(tensor)
    return tensors


def _kind(path: str, tensors: Sequence[StoredTensor]) -> str:
    name = path.rpartition(".")[2]
    optimizer_count = sum(_OPTIMIZER_KEY.search(tensor.key) is not None for tensor in tensors[:200])
    if _OPTIMIZER_NAME.search(name) or 2 * optimizer_count > min(len(tensors), 200):
        return OPTIMIZER
    if name in PREFERRED and name:
        return STATE_DICT
    if _OTHER_NAME.search(name):
        return OTHER
    leaves = Counter(tensor.key.rpartition(".")[2] for tensor in tensors)
    looks_like_weights = any(leaf in leaves for leaf in ("weight", "bias", "running_mean", "kernel", "scale"))
    return STATE_DICT if looks_like_weights or any(tensor.is_parameter for tensor in tensors) else OTHER


def _rank(container: Container, largest: int) -> Tuple[int, bool, int, int, int]:
    """Small is likely: state_dicts before others, not tiny, by usual name, then the most tensors, then the shorter path."""
    name = container.path.rpartition(".")[2] if container.path else ""
    known = PREFERRED.index(name) if name in PREFERRED else PREFERRED.index("generator")
    kind = (STATE_DICT, OTHER, OPTIMIZER).index(container.kind)
    return kind, container.tensor_count < SMALLEST_SHARE * largest, known, -container.tensor_count, len(container.path)
