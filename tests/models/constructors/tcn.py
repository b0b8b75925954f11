"""A temporal convolutional network with weight norm as a parametrization, so its keys are long."""

import torch.nn as nn
from torch.nn.utils.parametrizations import weight_norm

CHECKPOINT_ARGUMENTS = {"input_size": 4, "output_size": 3, "num_channels": [10, 10, 6], "kernel_size": 5, "dropout": 0.0}
TOLD = {"input_size": 4, "output_size": 3, "num_channels": [10, 10, 6], "kernel_size": 5}


class Chomp1d(nn.Module):
    def __init__(self, chomp_size):
        super(Chomp1d, self).__init__()
        self.chomp_size = chomp_size

    def forward(self, x):
        return x[:, :, : -self.chomp_size].contiguous()


class TemporalBlock(nn.Module):
    def __init__(self, n_inputs, n_outputs, kernel_size, stride, dilation, padding, dropout=0.2):
        super(TemporalBlock, self).__init__()
        self.conv1 = weight_norm(nn.Conv1d(n_inputs, n_outputs, kernel_size, stride, padding, dilation))
        self.conv2 = weight_norm(nn.Conv1d(n_outputs, n_outputs, kernel_size, stride, padding, dilation))
        rest = Chomp1d(padding), nn.ReLU(), nn.Dropout(dropout)
        self.net = nn.Sequential(self.conv1, *rest, self.conv2, *rest)
        self.downsample = nn.Conv1d(n_inputs, n_outputs, 1) if n_inputs != n_outputs else None

    def forward(self, x):
        res = x if self.downsample is None else self.downsample(x)
        return (self.net(x) + res).relu()


class TCN(nn.Module):
    def __init__(self, input_size, output_size, num_channels, kernel_size=2, dropout=0.2):
        super(TCN, self).__init__()
        layers = []
        num_levels = len(num_channels)
        for i in range(num_levels):
            dilation_size = 2**i
            in_channels = input_size if i == 0 else num_channels[i - 1]
            padding = (kernel_size - 1) * dilation_size
            layers += [TemporalBlock(in_channels, num_channels[i], kernel_size, 1, dilation_size, padding, dropout)]
        self.network = nn.Sequential(*layers)
        self.linear = nn.Linear(num_channels[-1], output_size)

    def forward(self, inputs):
        """Inputs have to have dimension (N, C_in, L_in)"""
        return self.linear(self.network(inputs)[:, :, -1])
