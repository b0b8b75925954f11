"""A small GPT whose third block detaches what comes before it; one block is frozen, and one layer is never called."""

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, width: int, cut: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, 4, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.cut = cut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.norm1(x)
        x = x + self.attention(h, h, h, need_weights=False)[0]
        if self.cut:
            x = x.detach()
        return x + self.mlp(self.norm2(x))


class Gpt(nn.Module):
    def __init__(self, width: int = 64, layers: int = 6) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(100, width), nn.Embedding(64, width)
        self.blocks = nn.ModuleList(Block(width, cut=number == 2) for number in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 100)
        self.unused = nn.Linear(width, 3)
        self.blocks[4].requires_grad_(False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def example_inputs() -> tuple[torch.Tensor]:
    return (torch.randint(0, 100, (4, 16)),)


def loss_fn(logits: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits.flatten(0, 1), torch.arange(64) % 100)


def make_optimizer(parameters: object) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=1e-3)
