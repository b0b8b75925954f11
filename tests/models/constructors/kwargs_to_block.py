"""What the model does not know it hands to its blocks: their arguments are the model's too."""

from torch import nn

CHECKPOINT_ARGUMENTS = {"dim": 9, "depth": 3, "expansion": 5, "bias": False, "gated": True, "dropout": 0.4}
TOLD = {"dim": 9, "depth": 3, "expansion": 5, "bias": False, "gated": True}


class Block(nn.Module):
    def __init__(self, dim, expansion=4, bias=True, gated=False, dropout=0.0):
        super().__init__()
        hidden = dim * expansion
        self.norm = nn.LayerNorm(dim)
        self.up = nn.Linear(dim, hidden, bias=bias)
        self.gate = nn.Linear(dim, hidden, bias=bias) if gated else None
        self.down = nn.Linear(hidden, dim, bias=bias)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        y = self.norm(x)
        h = self.up(y) if self.gate is None else self.up(y) * self.gate(y).sigmoid()
        return x + self.drop(self.down(h))


class Stack(nn.Module):
    def __init__(self, dim, depth=6, **block_kwargs):
        super().__init__()
        self.blocks = nn.Sequential(*(Block(dim, **block_kwargs) for _ in range(depth)))

    def forward(self, x):
        return self.blocks(x)
