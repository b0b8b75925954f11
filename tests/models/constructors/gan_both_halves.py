"""Generator and discriminator in one model, conditional on a label, sizes from ``img_shape``."""

import math
from typing import Tuple

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {"latent_dim": 7, "n_classes": 4, "img_shape": [1, 6, 6], "ngf": 10, "ndf": 14}
TOLD = {"latent_dim": 7, "n_classes": 4, "ngf": 10, "ndf": 14}


class Generator(nn.Module):
    def __init__(self, latent_dim: int, n_classes: int, n_pixels: int, width: int):
        super().__init__()
        self.label_emb = nn.Embedding(n_classes, n_classes)
        self.l1 = nn.Linear(latent_dim + n_classes, width)
        self.l2 = nn.Linear(width, width * 2)
        self.l3 = nn.Linear(width * 2, n_pixels)

    def forward(self, noise, labels):
        x = torch.cat((self.label_emb(labels), noise), -1)
        return self.l3(self.l2(self.l1(x).relu()).relu()).tanh()


class Discriminator(nn.Module):
    def __init__(self, n_classes: int, n_pixels: int, width: int):
        super().__init__()
        self.label_embedding = nn.Embedding(n_classes, n_classes)
        self.model = nn.Sequential(nn.Linear(n_classes + n_pixels, width), nn.LeakyReLU(0.2), nn.Linear(width, 1))

    def forward(self, img, labels):
        return self.model(torch.cat((img.flatten(1), self.label_embedding(labels)), -1))


class ConditionalGAN(nn.Module):
    def __init__(
        self, latent_dim: int, n_classes: int = 10, img_shape: Tuple[int, int, int] = (1, 28, 28), ngf: int = 32, ndf: int = 32
    ):
        super().__init__()
        self.img_shape = tuple(img_shape)
        self.generator = Generator(latent_dim, n_classes, math.prod(img_shape), ngf)
        self.discriminator = Discriminator(n_classes, math.prod(img_shape), ndf)

    def forward(self, noise, labels):
        image = self.generator(noise, labels).view(-1, *self.img_shape)
        return self.discriminator(image, labels)
