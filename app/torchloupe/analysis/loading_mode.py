"""After loading: layers that behave otherwise than where the weights come from, since the model is still in train mode."""

from typing import List, Tuple

from ..wire.loading import LoadedCheckpoint
from ..wire.modules import ModuleEntry, ModuleTree
from ..wire.problems import INFO, Problem
from .loading import loaded_keys
from .wording import counted

_STATISTICS = ("running_mean", "running_var")
_DROPOUT = "Dropout"


def train_mode_problems(loaded: LoadedCheckpoint, tree: ModuleTree) -> Tuple[Problem, ...]:
    """A remark when layers in train mode pass over the statistics that were loaded, or drop values."""
    keys = (key.rpartition(".") for key in loaded_keys(loaded))
    owners = {owner for owner, _, name in keys if name in _STATISTICS}
    training = [module for module in tree.modules if module.training and module.same_as is None]
    norms = [module for module in training if module.path in owners]
    drops = [
        module
        for module in training
        if _DROPOUT in module.class_name and not module.total_numel and "p=0.0" not in module.settings
    ]
    if not (norms or drops) or not loaded_keys(loaded):
        return ()
    said = ", and ".join(part for part in (_of_norms(norms), _of_drops(drops)) if part)
    hint = "For what inference gives call model.eval() after loading; here run it in the mode eval (--mode eval)."
    first = (norms or drops)[0]
    data = {"statistics": [module.path for module in norms], "dropouts": [module.path for module in drops]}
    return (
        Problem("checkpoint-train-mode", f"The model is in train mode after loading: {said}.", INFO, hint, first.path, data=data),
    )


def _of_norms(norms: List[ModuleEntry]) -> str:
    if not norms:
        return ""
    names = "/".join(dict.fromkeys(module.class_name for module in norms))
    one = len(norms) == 1
    return (
        f"{counted(len(norms), f'{names} layer')} {'uses' if one else 'use'} the statistics of {'its' if one else 'their'} batch, "
        "not the loaded ones"
    )


def _of_drops(drops: List[ModuleEntry]) -> str:
    if not drops:
        return ""
    return f"{counted(len(drops), 'dropout layer')} {'drops' if len(drops) == 1 else 'drop'} values"
