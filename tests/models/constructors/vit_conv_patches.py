"""A ViT with a convolution for its patches; ``pool`` decides whether there is a class token."""

import torch
import torch.nn as nn

CHECKPOINT_ARGUMENTS = {
    "img_size": 20,
    "patch_size": 5,
    "in_chans": 4,
    "num_classes": 6,
    "embed_dim": 12,
    "depth": 3,
    "num_heads": 3,
    "mlp_ratio": 2.5,
    "qkv_bias": False,
    "pool": "mean",
}
TOLD = {
    "img_size": 20,
    "patch_size": 5,
    "in_chans": 4,
    "num_classes": 6,
    "embed_dim": 12,
    "depth": 3,
    "qkv_bias": False,
    "pool": "mean",
}


class Block(nn.Module):
    def __init__(self, dim, num_heads, mlp_ratio, qkv_bias):
        super().__init__()
        assert dim % num_heads == 0, "dim should be divisible by num_heads"
        self.num_heads = num_heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, int(dim * mlp_ratio)), nn.GELU(), nn.Linear(int(dim * mlp_ratio), dim))

    def forward(self, x):
        B, N, C = x.shape
        q, k, v = self.qkv(self.norm1(x)).reshape(B, N, 3, self.num_heads, C // self.num_heads).permute(2, 0, 3, 1, 4).unbind(0)
        attn = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5).softmax(dim=-1)
        x = x + self.proj((attn @ v).transpose(1, 2).reshape(B, N, C))
        return x + self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    def __init__(
        self,
        img_size=224,
        patch_size=16,
        in_chans=3,
        num_classes=1000,
        embed_dim=96,
        depth=6,
        num_heads=12,
        mlp_ratio=4.0,
        qkv_bias=True,
        pool="cls",
    ):
        super().__init__()
        if pool not in ("cls", "mean"):
            raise ValueError(f"pool must be cls or mean, not {pool}")
        if img_size % patch_size:
            raise ValueError("image size must be a multiple of the patch size")
        self.patch_embed = nn.Conv2d(in_chans, embed_dim, patch_size, patch_size)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim)) if pool == "cls" else None
        length = (img_size // patch_size) ** 2 + int(pool == "cls")
        self.pos_embed = nn.Parameter(torch.zeros(1, length, embed_dim))
        self.blocks = nn.Sequential(*[Block(embed_dim, num_heads, mlp_ratio, qkv_bias) for _ in range(depth)])
        self.head = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        if self.cls_token is not None:
            x = torch.cat((self.cls_token.expand(x.shape[0], -1, -1), x), dim=1)
        x = self.blocks(x + self.pos_embed)
        return self.head(x[:, 0] if self.cls_token is not None else x.mean(1))
