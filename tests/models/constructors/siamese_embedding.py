"""One tower for two images: channels double, the last Linear sees a pooled grid."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "in_channels": 2,
    "base": 5,
    "n_stages": 3,
    "grid": 2,
    "embed_dim": 17,
    "use_bn": False,
    "similarity": "learned",
}
TOLD = CHECKPOINT_ARGUMENTS


class Siamese(nn.Module):
    def __init__(
        self,
        in_channels: int = 1,
        base: int = 16,
        n_stages: int = 2,
        grid: int = 1,
        embed_dim: int = 64,
        use_bn: bool = True,
        similarity: str = "cosine",
    ):
        super().__init__()
        if similarity not in ("cosine", "learned"):
            raise ValueError(f"similarity={similarity!r}")
        tower = []
        for stage in range(n_stages):
            out_channels = base * 2**stage
            tower.append(nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=not use_bn))
            if use_bn:
                tower.append(nn.BatchNorm2d(out_channels))
            tower.extend([nn.ReLU(), nn.MaxPool2d(2)])
            in_channels = out_channels
        tower.append(nn.AdaptiveAvgPool2d(grid))
        self.tower = nn.Sequential(*tower)
        self.embed = nn.Linear(in_channels * grid * grid, embed_dim)
        self.score = nn.Linear(embed_dim, 1) if similarity == "learned" else None

    def once(self, x):
        return self.embed(self.tower(x).flatten(1))

    def forward(self, left, right):
        a, b = self.once(left), self.once(right)
        return torch.cosine_similarity(a, b) if self.score is None else self.score((a - b).abs())
