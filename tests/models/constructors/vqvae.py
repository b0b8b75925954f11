"""A VQ-VAE: the same residual layer stands several times in its list, so its keys repeat."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "num_hiddens": 12,
    "num_residual_layers": 3,
    "num_residual_hiddens": 5,
    "num_embeddings": 26,
    "embedding_dim": 7,
    "commitment_cost": 0.5,
    "decay": 0.99,
}
TOLD = {
    "num_hiddens": 12,
    "num_residual_layers": 3,
    "num_residual_hiddens": 5,
    "num_embeddings": 26,
    "embedding_dim": 7,
}


class ResidualStack(nn.Module):
    def __init__(self, in_channels, num_hiddens, num_residual_layers, num_residual_hiddens):
        super().__init__()
        layer = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(in_channels, num_residual_hiddens, kernel_size=3, padding=1, bias=False),
            nn.ReLU(),
            nn.Conv2d(num_residual_hiddens, num_hiddens, kernel_size=1, bias=False),
        )
        self._layers = nn.ModuleList([layer] * num_residual_layers)

    def forward(self, x):
        for layer in self._layers:
            x = x + layer(x)
        return x.relu()


class VectorQuantizer(nn.Module):
    def __init__(self, num_embeddings, embedding_dim, decay):
        super().__init__()
        self._embedding = nn.Embedding(num_embeddings, embedding_dim)
        if decay > 0.0:
            self.register_buffer("_ema_cluster_size", torch.zeros(num_embeddings))
            self._ema_w = nn.Parameter(torch.randn(num_embeddings, embedding_dim))

    def forward(self, inputs):
        flat = inputs.permute(0, 2, 3, 1)
        nearest = torch.cdist(flat.flatten(0, 2), self._embedding.weight).argmin(1)
        return self._embedding(nearest).view(flat.shape).permute(0, 3, 1, 2)


class VQVAE(nn.Module):
    def __init__(
        self,
        num_hiddens=128,
        num_residual_layers=2,
        num_residual_hiddens=32,
        num_embeddings=512,
        embedding_dim=64,
        commitment_cost=0.25,
        decay=0,
    ):
        super().__init__()
        self.commitment_cost = commitment_cost
        self.encoder = nn.Sequential(
            nn.Conv2d(3, num_hiddens // 2, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(num_hiddens // 2, num_hiddens, kernel_size=4, stride=2, padding=1),
            ResidualStack(num_hiddens, num_hiddens, num_residual_layers, num_residual_hiddens),
        )
        self._pre_vq_conv = nn.Conv2d(num_hiddens, embedding_dim, kernel_size=1)
        self._vq_vae = VectorQuantizer(num_embeddings, embedding_dim, decay)
        self._decoder = nn.ConvTranspose2d(embedding_dim, 3, kernel_size=4, stride=4)

    def forward(self, x):
        z = self._pre_vq_conv(self.encoder(x))
        quantized = self._vq_vae(z)
        loss = self.commitment_cost * (quantized.detach() - z).pow(2).mean()
        return loss, self._decoder(z + (quantized - z).detach())
