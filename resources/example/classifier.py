"""A small classifier of handwritten letters: 28 x 28 grey images in, 26 scores out.

It began as a classifier of digits; ``checkpoint.pt`` beside this file is from that time. Since then the second convolution got
a batch norm, the head was widened from ten digits to 26 letters, and the pooling became 3 wide with a stride of 2.
"""

import torch
from torch import nn

LETTERS = 26


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU, and a pooling that halves the image."""

    def __init__(self, channels_in: int, channels_out: int, pool: nn.Module) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(channels_out)
        self.pool = pool

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.pool(torch.relu(self.bn(self.conv(images))))


class LetterClassifier(nn.Module):
    """Two convolution blocks, one hidden layer, one score per letter."""

    def __init__(self, hidden: int = 32, dropout: float = 0.25, classes: int = LETTERS) -> None:
        super().__init__()
        self.block1 = ConvBlock(1, 32, nn.MaxPool2d(2))
        self.block2 = ConvBlock(32, 64, nn.MaxPool2d(3, stride=2))
        self.fc1 = nn.Linear(64 * 7 * 7, hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.block2(self.block1(images))
        hidden = torch.relu(self.fc1(features.flatten(1)))
        return self.head(self.dropout(hidden))


def example_inputs() -> tuple[torch.Tensor]:
    """Eight grey images."""
    return (torch.rand(8, 1, 28, 28),)
