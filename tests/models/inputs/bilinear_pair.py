"""nn.Bilinear on two vectors of different sizes."""

from torch import nn

FITTING = ["torch.randn(5, 8)", "torch.randn(5, 11)"]


class Matcher(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(8, 6)
        self.bilinear = nn.Bilinear(6, 11, 1)

    def forward(self, head, tail):
        return self.bilinear(self.left(head).tanh(), tail).sigmoid()
