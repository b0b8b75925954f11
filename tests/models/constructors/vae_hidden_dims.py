"""A convolutional VAE: ``hidden_dims`` is None by default, the flattened size hangs on the image size."""

from typing import List, Optional

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {"in_channels": 1, "latent_dim": 6, "hidden_dims": [4, 10, 12], "image_size": 24}
TOLD = {"in_channels": 1, "latent_dim": 6, "hidden_dims": [4, 10, 12]}


class VanillaVAE(nn.Module):
    def __init__(
        self, in_channels: int, latent_dim: int, hidden_dims: Optional[List[int]] = None, image_size: int = 64, **kwargs
    ) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        if hidden_dims is None:
            hidden_dims = [8, 16, 32, 64]
        channels, modules = in_channels, []
        for h_dim in hidden_dims:
            modules.append(
                nn.Sequential(nn.Conv2d(channels, h_dim, 3, stride=2, padding=1), nn.BatchNorm2d(h_dim), nn.LeakyReLU())
            )
            channels = h_dim
        self.encoder = nn.Sequential(*modules)
        self.side = image_size // 2 ** len(hidden_dims)
        self.fc_mu = nn.Linear(hidden_dims[-1] * self.side**2, latent_dim)
        self.fc_var = nn.Linear(hidden_dims[-1] * self.side**2, latent_dim)
        self.decoder_input = nn.Linear(latent_dim, hidden_dims[-1] * self.side**2)
        modules = []
        for before, after in zip(hidden_dims[::-1], hidden_dims[-2::-1]):
            modules.append(nn.Sequential(nn.ConvTranspose2d(before, after, 4, 2, 1), nn.BatchNorm2d(after), nn.LeakyReLU()))
        self.decoder = nn.Sequential(*modules)
        self.final_layer = nn.ConvTranspose2d(hidden_dims[0], in_channels, 4, 2, 1)

    def encode(self, input: torch.Tensor) -> List[torch.Tensor]:
        result = torch.flatten(self.encoder(input), start_dim=1)
        return [self.fc_mu(result), self.fc_var(result)]

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        result = self.decoder_input(z).view(len(z), -1, self.side, self.side)
        return self.final_layer(self.decoder(result)).tanh()

    def forward(self, input: torch.Tensor, **kwargs) -> List[torch.Tensor]:
        mu, log_var = self.encode(input)
        z = mu + torch.randn_like(mu) * (0.5 * log_var).exp()
        return [self.decode(z), input, mu, log_var]
