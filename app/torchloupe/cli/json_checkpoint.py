"""What is inside a checkpoint, as JSON values."""

from collections.abc import Mapping
from typing import Any

from torchloupe.analysis.containers import containers_of, model_container
from torchloupe.analysis.optimizer_state import param_groups
from torchloupe.analysis.stored_facts import StoredFacts, stored_facts
from torchloupe.analysis.stored_names import full_key
from torchloupe.analysis.stored_totals import (
    Totals,
    has_usual_strides,
    totals_by_dtype,
    totals_by_prefix,
    totals_of,
)
from torchloupe.checkpoints.importable_verdicts import judged_names
from torchloupe.checkpoints.optimizer_steps import optimizer_steps
from torchloupe.wire.contents import CheckpointContents, StoredTensor

Plain = dict[str, Any]


def tensor_objects(contents: CheckpointContents) -> list[Plain]:
    """Every tensor. What is usual (strides, no one to share with) is left out."""
    facts = stored_facts(contents, optimizer_steps(contents))
    return [_tensor(tensor, facts) for tensor in contents.tensors]


def _tensor(tensor: StoredTensor, facts: StoredFacts) -> Plain:
    plain: Plain = {
        "key": tensor.key,
        "shape": tensor.shape,
        "dtype": tensor.dtype,
        "bytes": tensor.bytes,
        "file": tensor.file,
        "container": tensor.container,
    }
    if tensor.broken:
        plain["broken"] = tensor.broken
    if tensor.stored_at:
        plain["stored_at"] = tensor.stored_at
    if tensor.offset:
        plain["offset"] = tensor.offset
    if not has_usual_strides(tensor):
        plain["strides"] = tensor.strides
    partners = facts.partners(tensor)
    if partners:
        plain["shares_memory_with"] = [full_key(other) for other in partners]
    return {**plain, **_kept_for(tensor, facts)}


def _kept_for(tensor: StoredTensor, facts: StoredFacts) -> Plain:
    """The parameter that an optimizer keeps a tensor for."""
    entry = facts.kept_for.get((tensor.container, tensor.key))
    if entry is None:
        return {}
    plain: Plain = {} if entry.step is None else {"step": entry.step}
    if entry.parameter is not None:
        plain.update({"parameter": entry.parameter, **({} if entry.is_certain else {"parameter_guessed": True})})
    return plain


def metadata_object(contents: CheckpointContents) -> Plain:
    """The file, its containers, totals, names and other values."""
    return {
        "path": contents.path,
        "format": contents.format,
        "file_bytes": contents.file_bytes,
        "bytes_read": contents.bytes_read,
        "containers": _containers(contents),
        "model": model_container(contents) if contents.tensors else None,
        "totals": {**_totals(totals_of(contents.tensors)), "by_dtype": _each(totals_by_dtype(contents.tensors))},
        "param_groups": [
            {"container": group.container, "place": group.place, "parameters": group.parameters, "settings": group.settings}
            for group in param_groups(contents)
        ],
        "globals": contents.globals,
        "names": [
            {"name": name, "verdict": verdict.word, "reason": verdict.reason} for name, verdict in judged_names(contents.globals)
        ],
        "values": {value.path: value.value for value in contents.values},
        "about": {value.path: value.value for value in contents.about},
    }


def _containers(contents: CheckpointContents) -> list[Plain]:
    held: dict[str, list[StoredTensor]] = {}
    for tensor in contents.tensors:
        held.setdefault(tensor.container, []).append(tensor)
    return [
        {
            "path": each.path,
            "kind": each.kind,
            "tensors": each.tensor_count,
            "bytes": each.bytes,
            "totals": _totals(totals_of(held[each.path])),
            "by_prefix": _each(totals_by_prefix(held[each.path])),
        }
        for each in containers_of(contents)
    ]


def _each(totals: Mapping[str, Totals]) -> Plain:
    return {name: _totals(each) for name, each in totals.items()}


def _totals(totals: Totals) -> Plain:
    """What shares memory counts once in ``numbers`` and ``bytes``; ``shared`` are the keys that were not counted for it."""
    return {"tensors": totals.tensors, "numbers": totals.numbers, "bytes": totals.bytes, "shared": totals.again}
