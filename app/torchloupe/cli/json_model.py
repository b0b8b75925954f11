"""The parts of a JSON report that are about a module tree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.registration import HiddenPart
from torchloupe.wire.traces import LayerCall

Plain = dict[str, Any]


def tree_objects(tree: ModuleTree, calls: Sequence[LayerCall] | None, initialised: Mapping[str, str] | None) -> Plain:
    """``modules`` (with how often each was called, after a run), ``parameters`` and, where there are any, ``hidden`` parts."""
    counts = Counter(call.module for call in calls or ())
    modules = [_module(each, {} if calls is None else {"called": counts[each.path]}) for each in tree.modules]
    parameters = [_parameter(entry) for entry in tree.parameters]
    if initialised is not None:
        for plain in parameters:
            plain["initialised"] = initialised.get(plain["key"], "")
    hidden = {"hidden": [_hidden(part) for part in tree.hidden]} if tree.hidden else {}
    return {"modules": modules, "parameters": parameters, **hidden}


def _module(module: ModuleEntry, called: Plain) -> Plain:
    return {
        "path": module.path,
        "class": module.class_name,
        **called,
        "parameters": module.parameter_count,
        "training": module.training,
        "numel": module.numel,
        "total_numel": module.total_numel,
        "trainable_numel": module.trainable_numel,
        "bytes": module.bytes,
        "total_bytes": module.total_bytes,
        "dtype": module.dtype,
        "device": module.device,
        "settings": module.settings,
        "lazy": module.is_lazy,
        "hooks": module.hooks,
        "parametrized": module.parametrized,
        "file": module.file,
        "line": module.line,
        "defined": _place(module.defined_file, module.defined_line),
        "forward": _place(module.forward_file, module.forward_line),
        "same_as": module.same_as,
    }


def _parameter(entry: ParameterEntry) -> Plain:
    return {
        "key": entry.key,
        "shape": entry.shape,
        "dtype": entry.dtype,
        "device": entry.device,
        "requires_grad": entry.requires_grad,
        "kind": entry.kind,
        "tied_to": entry.tied_to,
        "shares_with": entry.shares_with,
        "persistent": entry.persistent,
        "owner": entry.owner,
        "numel": entry.numel,
        "bytes": entry.bytes,
        "stride": entry.stride,
        "file": entry.file,
        "line": entry.line,
    }


def _hidden(part: HiddenPart) -> Plain:
    return {
        "path": part.path,
        "owner": part.owner,
        "attribute": part.attribute,
        "kind": part.kind,
        "class": part.class_name,
        "held_by": part.held_by,
        "parameters": part.parameter_count,
        "numel": part.numel,
        "shape": part.shape,
        "dtype": part.dtype,
        "device": part.device,
        "requires_grad": part.requires_grad,
        "from_parameter": part.from_parameter,
        "file": part.file,
        "line": part.line,
    }


def _place(file: str | None, line: int | None) -> Plain | None:
    return None if file is None else {"file": file, "line": line}
