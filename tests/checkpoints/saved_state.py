"""State_dicts written by torch, as the contents that are read of them."""

from collections.abc import Mapping
from pathlib import Path

import torch

from torchloupe.checkpoints import read_contents
from torchloupe.wire.contents import CheckpointContents, StoredTensor


def saved(path: Path, state: object) -> CheckpointContents:
    """Save ``state`` at ``path`` and read what the file says."""
    torch.save(state, path)
    return read_contents(path)


def by_key(contents: CheckpointContents) -> Mapping[str, StoredTensor]:
    """The tensors by their keys."""
    return {tensor.key: tensor for tensor in contents.tensors}
