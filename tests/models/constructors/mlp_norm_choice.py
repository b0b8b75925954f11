"""Choices by name: the norm leaves a trace in the shapes, no dropout one in the numbering, the activation none."""

from typing import Literal, Sequence

from torch import nn

CHECKPOINT_ARGUMENTS = {"in_dim": 10, "dims": [20, 30], "num_classes": 4, "act": "gelu", "norm": "batch", "dropout": 0.0}
TOLD = {"in_dim": 10, "dims": [20, 30], "num_classes": 4, "norm": "batch", "dropout": 0.0}


def make_norm(norm: str, dim: int) -> nn.Module:
    return {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[norm](dim)


class TabularMLP(nn.Module):
    def __init__(
        self,
        in_dim: int,
        dims: Sequence[int] = (64, 64),
        num_classes: int = 2,
        act: Literal["relu", "gelu"] = "relu",
        norm: Literal["batch", "layer", "none"] = "layer",
        dropout: float = 0.1,
    ):
        super().__init__()
        if act not in ("relu", "gelu"):
            raise ValueError(f"unknown activation {act}")
        blocks = []
        for dim in dims:
            blocks.append(nn.Linear(in_dim, dim))
            if norm != "none":
                blocks.append(make_norm(norm, dim))
            blocks.append(nn.ReLU() if act == "relu" else nn.GELU())
            if dropout > 0:
                blocks.append(nn.Dropout(dropout))
            in_dim = dim
        self.body = nn.Sequential(*blocks)
        self.head = nn.Linear(in_dim, num_classes)

    def forward(self, x):
        return self.head(self.body(x))
