"""Makes ``checkpoint.pt``: the digit classifier that became ``classifier.py``, trained for a moment on digits that are bars.

The file is what a training loop leaves behind: weights of a model that was wrapped in ``DataParallel``, Adam's moments, and
numbers about the run. Run it from anywhere: ``python make_checkpoint.py [FILE]``.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn

SEED = 7
DIGITS = 10
EPOCHS = 2
STEPS = 12


class ConvBlock(nn.Module):
    """Convolution, ReLU and pooling; a batch norm where it is asked for."""

    def __init__(self, channels_in: int, channels_out: int, normalise: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=1)
        self.bn = nn.BatchNorm2d(channels_out) if normalise else nn.Identity()
        self.pool = nn.MaxPool2d(2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.pool(torch.relu(self.bn(self.conv(images))))


class DigitClassifier(nn.Module):
    """The earlier version: a contrast that is learned, no batch norm in the second block, ten classes."""

    def __init__(self, hidden: int = 32, dropout: float = 0.25, classes: int = DIGITS) -> None:
        super().__init__()
        self.contrast = nn.Parameter(torch.ones(1))
        self.block1 = ConvBlock(1, 32, normalise=True)
        self.block2 = ConvBlock(32, 64, normalise=False)
        self.fc1 = nn.Linear(64 * 7 * 7, hidden)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.block2(self.block1(images * self.contrast))
        return self.head(self.dropout(torch.relu(self.fc1(features.flatten(1)))))


def draw(count: int, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Images and their digits: the larger the digit, the taller a bright bar, with noise."""
    digits = torch.randint(0, DIGITS, (count,), generator=generator)
    images = 0.3 * torch.rand(count, 1, 28, 28, generator=generator)
    for image, digit in zip(images, digits):
        image[:, 4 : 2 * int(digit) + 6, 4:24] += 0.7
    return images, digits


def make_checkpoint() -> dict[str, Any]:
    """Train for a moment, always in the same way, and return what is saved."""
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    model = nn.DataParallel(DigitClassifier())
    # With this eps a gradient that is zero but for rounding moves nothing, so every machine makes the same file.
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-4)
    losses = []
    for _ in range(EPOCHS * STEPS):
        images, digits = draw(32, generator)
        loss = nn.functional.cross_entropy(model(images), digits)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    images, digits = draw(256, generator)
    with torch.no_grad():
        accuracy = (model(images).argmax(1) == digits).float().mean().item()
    return {
        "epoch": EPOCHS,
        "global_step": EPOCHS * STEPS,
        "train_loss": sum(losses[-STEPS:]) / STEPS,
        "val_accuracy": accuracy,
        "hyper_parameters": {"hidden": 32, "dropout": 0.25, "lr": 1e-3, "batch_size": 32, "seed": SEED, "dataset": "digits"},
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
    }


if __name__ == "__main__":
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("checkpoint.pt")
    torch.save(make_checkpoint(), file)
    print(f"{file}: {file.stat().st_size:,} bytes")
