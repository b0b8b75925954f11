"""An MLP-Mixer: the number of patches is the size of a Linear layer."""

from torch import nn

CHECKPOINT_ARGUMENTS = {
    "num_classes": 7,
    "num_blocks": 2,
    "patch_size": 3,
    "hidden_dim": 14,
    "tokens_mlp_dim": 9,
    "channels_mlp_dim": 22,
    "image_size": 15,
}
TOLD = CHECKPOINT_ARGUMENTS


class MlpBlock(nn.Module):
    def __init__(self, dim, mlp_dim):
        super().__init__()
        self.dense_0 = nn.Linear(dim, mlp_dim)
        self.dense_1 = nn.Linear(mlp_dim, dim)

    def forward(self, x):
        return self.dense_1(nn.functional.gelu(self.dense_0(x)))


class MixerBlock(nn.Module):
    def __init__(self, num_tokens, hidden_dim, tokens_mlp_dim, channels_mlp_dim):
        super().__init__()
        self.layer_norm_0 = nn.LayerNorm(hidden_dim)
        self.token_mixing = MlpBlock(num_tokens, tokens_mlp_dim)
        self.layer_norm_1 = nn.LayerNorm(hidden_dim)
        self.channel_mixing = MlpBlock(hidden_dim, channels_mlp_dim)

    def forward(self, x):
        x = x + self.token_mixing(self.layer_norm_0(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channel_mixing(self.layer_norm_1(x))


class MlpMixer(nn.Module):
    def __init__(
        self,
        num_classes: int,
        num_blocks: int,
        patch_size: int,
        hidden_dim: int,
        tokens_mlp_dim: int,
        channels_mlp_dim: int,
        image_size: int = 224,
    ):
        super().__init__()
        assert image_size % patch_size == 0
        num_tokens = (image_size // patch_size) ** 2
        self.stem = nn.Conv2d(3, hidden_dim, kernel_size=patch_size, stride=patch_size)
        self.blocks = nn.ModuleList(
            [MixerBlock(num_tokens, hidden_dim, tokens_mlp_dim, channels_mlp_dim) for _ in range(num_blocks)]
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.head = nn.Linear(hidden_dim, num_classes)

    def forward(self, images):
        x = self.stem(images).flatten(2).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(dim=1))
