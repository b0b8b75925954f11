"""The part of a JSON report that is about the calls of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

from torchloupe.analysis.flops import flops_of
from torchloupe.analysis.memory import output_bytes
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import ForwardReport, LayerCall, Operation

Plain = dict[str, Any]


def call_objects(
    calls: Sequence[LayerCall], tree: ModuleTree | None, forward: ForwardReport | None, operations: Sequence[Operation]
) -> list[Plain]:
    """``calls``, in the order in which they began."""
    flops = flops_of(calls, tree, operations) if tree is not None else {}
    kept = forward.kept_bytes if forward is not None else ()
    return [_call(call, flops, kept) for call in sorted(calls, key=lambda call: call.index)]


def _call(call: LayerCall, flops: Mapping[int, int], kept: Sequence[int]) -> Plain:
    return {
        "index": call.index,
        "module": call.module,
        "class": call.class_name,
        "call_number": call.call_number,
        "depth": call.depth,
        "status": call.status,
        "training": call.training,
        "inputs": [meta_object(meta) for meta in call.inputs],
        "values": {value.name: value.text for value in call.values},
        "outputs": [meta_object(meta) for meta in call.outputs],
        "stats": [stats_object(stats) for stats in call.stats],
        "seconds": call.seconds,
        "bytes": output_bytes(call),
        "kept_bytes": kept[call.index] if call.index < len(kept) else None,
        "flops": flops.get(call.index),
        "file": call.file,
        "line": call.line,
    }


def forward_object(forward: ForwardReport) -> Plain:
    """``forward``: how the run ended, and what it left as it was."""
    return {
        "seconds": forward.seconds,
        "device": forward.device,
        "calls": forward.call_count,
        "state_restored": forward.state_restored,
        "certificate": forward.certificate,
        "side_effects": forward.side_effects,
    }


def meta_object(meta: TensorMeta) -> Plain:
    """A tensor without its values."""
    plain: Plain = {"shape": meta.shape, "dtype": meta.dtype, "device": meta.device}
    if meta.memory_format:
        plain["memory_format"] = meta.memory_format
    return {**plain, "name": meta.name} if meta.name else plain


def stats_object(stats: TensorStats | None) -> Plain | None:
    """What its values look like."""
    if stats is None:
        return None
    plain: Plain = {"count": stats.count, "mean": stats.mean, "std": stats.std, "min": stats.min, "max": stats.max}
    plain.update({"zeros": stats.zeros, "nan": stats.nan, "inf": stats.inf, "histogram": stats.histogram})
    return plain if stats.sampled is None else {**plain, "sampled": stats.sampled}
