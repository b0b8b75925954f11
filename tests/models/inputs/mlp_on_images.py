"""The quickstart's model: an MLP behind a Flatten, so an image of 784 pixels or just 784 numbers."""

from torch import nn

FITTING = ["torch.rand(3, 1, 28, 28)"]


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(nn.Linear(28 * 28, 64), nn.ReLU(), nn.Linear(64, 10))

    def forward(self, x):
        x = self.flatten(x)
        logits = self.linear_relu_stack(x)
        return logits
