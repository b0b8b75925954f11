"""Reaching a module, a parameter or a stored tensor by its name: from a note, from the last session, from ``--goto``."""

from torchloupe.analysis.notes import MODULE, PARAMETER, TENSOR
from torchloupe.analysis.stored_names import full_key
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import StoredTensor


def reach(bench: Workbench, kind: str, name: str) -> bool:
    """Select what is called so; False when it is not there."""
    if kind == MODULE and name in bench.index.modules:
        bench.select_module(name)
    elif kind == PARAMETER and name in bench.index.parameters:
        bench.select_parameter(name)
    elif kind == TENSOR and (tensor := stored_tensor(bench, name)) is not None:
        bench.select_stored(tensor)
    else:
        return False
    return True


def reach_name(bench: Workbench, name: str) -> bool:
    """Select whatever has this name: a module, else a parameter, else a tensor of the checkpoint, else what is not registered."""
    if any(reach(bench, kind, name) for kind in (MODULE, PARAMETER, TENSOR)):
        return True
    for part in bench.tree.hidden:
        if part.path == name:
            bench.select_hidden(part)
            return True
    return False


def stored_tensor(bench: Workbench, name: str) -> StoredTensor | None:
    """The tensor of the checkpoint with this whole key, else with this key in the model's container, else in any."""
    tensors = bench.checkpoint.tensors if bench.checkpoint else ()
    same = [tensor for tensor in tensors if name in (tensor.key, full_key(tensor))]
    return min(same, key=lambda each: (full_key(each) != name, each.container != bench.container), default=None)
