"""BatchNorm1d and a pool by half over [batch, channels, time]; the Linear layer wants 25 steps after it."""

from torch import nn

FITTING = ["torch.randn(3, 6, 50)"]


class Accelerometer(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(6)
        self.pool = nn.MaxPool1d(2)
        self.time = nn.Linear(25, 8)
        self.fc = nn.Linear(6 * 8, 5)

    def forward(self, signal):
        return self.fc(self.time(self.pool(self.bn(signal))).relu().flatten(1))
