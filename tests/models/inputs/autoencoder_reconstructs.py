"""An autoencoder that compares its output with its input: only some sizes come back as they were."""

from torch import nn
from torch.nn import functional as F

FITTING = ["torch.rand(2, 3, 32, 32)"]


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 4, 3, stride=2, padding=1))
        self.bottleneck = nn.Linear(4 * 8 * 8, 10)
        self.unflatten = nn.Sequential(nn.Linear(10, 4 * 8 * 8), nn.Unflatten(1, (4, 8, 8)))
        self.dec = nn.Sequential(
            nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1),
        )

    def forward(self, x):
        z = self.bottleneck(self.enc(x).flatten(1))
        recon = self.dec(self.unflatten(z))
        return recon, F.mse_loss(recon, x)
