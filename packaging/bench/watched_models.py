"""Models to watch a forward pass of: beside the ResNet-50 and the many small layers a vision transformer, a GPT-2 and a U-Net."""

from collections.abc import Callable

import torch
from big_models import many_modules, resnet50, some_modules
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Self-attention of one projection in and one out."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    """A layer of a transformer, norms first."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class GPT2(nn.Module):
    """GPT-2 small: 12 layers of 768, 124 million parameters."""

    def __init__(self, layers: int = 12, width: int = 768, vocabulary: int = 50257) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(1024, width)
        self.blocks = nn.Sequential(*(Block(width, width // 64, True) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(
            self.norm(self.blocks(self.tokens(tokens) + self.places(torch.arange(tokens.shape[1], device=tokens.device))))
        )


class ViT(nn.Module):
    """ViT-B/16: 12 layers of 768 on 196 patches and a class token."""

    def __init__(self, layers: int = 12, width: int = 768) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 16, 16)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, 197, width))
        self.blocks = nn.Sequential(*(Block(width, width // 64, False) for _ in range(layers)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 1000)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.head(self.norm(self.blocks(x))[:, 0])


class UNet(nn.Module):
    """Four halvings and back, two convolutions at each size."""

    def __init__(self, width: int = 32, depth: int = 4) -> None:
        super().__init__()
        sizes = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(twice(a, b) for a, b in zip([3, *sizes], sizes, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * size, size, 2, 2) for size in reversed(sizes[:-1]))
        self.join = nn.ModuleList(twice(2 * size, size) for size in reversed(sizes[:-1]))
        self.pool, self.head = nn.MaxPool2d(2), nn.Conv2d(width, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = []
        for block in self.down[:-1]:
            x = block(x)
            kept.append(x)
            x = self.pool(x)
        x = self.down[-1](x)
        for up, join in zip(self.up, self.join, strict=True):
            x = join(torch.cat([up(x), kept.pop()], 1))
        return self.head(x)


def twice(inside: int, outside: int) -> nn.Module:
    """Convolution, norm, activation, two times."""
    return nn.Sequential(
        *(
            layer
            for channels in (inside, outside)
            for layer in (nn.Conv2d(channels, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU(inplace=True))
        )
    )


def images(size: int, batch: int = 2) -> torch.Tensor:
    """A small batch."""
    return torch.rand(batch, 3, size, size)


def tokens(length: int) -> torch.Tensor:
    """One text."""
    return torch.randint(0, 50257, (1, length))


MODELS: dict[str, tuple[Callable[[], nn.Module], Callable[[], torch.Tensor]]] = {
    "ResNet-50": (resnet50, lambda: images(224)),
    "ResNet-50, 8 images": (resnet50, lambda: images(224, 8)),
    "ViT-B": (lambda: ViT().eval(), lambda: images(224)),
    "ViT-B, 8 images": (lambda: ViT().eval(), lambda: images(224, 8)),
    "GPT-2 small": (lambda: GPT2().eval(), lambda: tokens(128)),
    "GPT-2 small, 512 tokens": (lambda: GPT2().eval(), lambda: tokens(512)),
    "U-Net": (lambda: UNet().eval(), lambda: images(192)),
    "12,000 modules": (lambda: many_modules(256), lambda: torch.rand(16, 256)),
    "12,000 tiny modules": (many_modules, lambda: torch.rand(2, 8)),
    "400 modules": (some_modules, lambda: torch.rand(2, 8)),
}
