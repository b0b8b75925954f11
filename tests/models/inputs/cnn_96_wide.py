"""A picture that is not square: 48 high, 96 wide, two channels."""

import torch.nn as nn

FITTING = ["torch.randn(2, 2, 48, 96)"]


class PlateReader(nn.Module):
    """Reads seven characters off a number plate; the crop is fixed."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(2, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(4),
            nn.Conv2d(8, 12, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d((2, 4)),
        )
        self.column = nn.Linear(12 * 6, 24)
        self.characters = nn.Linear(24 * 6, 7 * 36)

    def forward(self, crop):
        f = self.features(crop)
        columns = self.column(f.permute(0, 3, 1, 2).flatten(2))
        return self.characters(columns.flatten(1)).view(-1, 7, 36)
