"""Two small checkpoints on disk, an epoch apart, that tests of the window compare."""

from pathlib import Path
from typing import Any

import torch

from torchloupe.checkpoints import read_contents
from torchloupe.gui.comparing import CheckpointPair, PairKeys
from torchloupe.wire.contents import CheckpointContents


def before() -> dict[str, Any]:
    """The weights of epoch 3."""
    torch.manual_seed(0)
    weights = {name: torch.randn(6, 5) for name in ("far.weight", "near.weight", "same.weight", "bad.weight")}
    return {**weights, "bias": torch.zeros(4), "gone": torch.ones(3), "head.weight": torch.ones(2, 5)}


def after() -> dict[str, Any]:
    """Those of epoch 4: one moved far, one a little, one not, one from zero, one has a NaN; another head, a key more, a key less."""
    weights = before()
    del weights["gone"]
    weights["far.weight"] *= 3
    weights["near.weight"] += 1e-4
    weights["bad.weight"][0, 0] = float("nan")
    return {**weights, "bias": torch.ones(4), "head.weight": torch.ones(7, 5), "extra": torch.ones(2)}


def save_epochs(folder: Path) -> tuple[Path, Path]:
    """Both as files."""
    paths = folder / "epoch3.pt", folder / "epoch4.pt"
    torch.save({"model": before(), "epoch": 3}, paths[0])
    torch.save({"model": after(), "epoch": 4}, paths[1])
    return paths


def read_epochs(folder: Path) -> tuple[CheckpointContents, CheckpointContents]:
    """Both as the window holds them."""
    one, other = save_epochs(folder)
    return read_contents(one), read_contents(other)


def pair_of(expected: CheckpointContents, found: CheckpointContents, container: str = "model") -> CheckpointPair:
    """Their keys compared."""
    return PairKeys(expected, container, found)()
