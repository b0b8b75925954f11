"""WaveNet: only the product of layers and blocks can be seen, the dilations not at all."""

import torch
import torch.nn as nn

CHECKPOINT_ARGUMENTS = {
    "layers": 3,
    "blocks": 2,
    "dilation_channels": 6,
    "residual_channels": 8,
    "skip_channels": 12,
    "end_channels": 14,
    "classes": 20,
    "kernel_size": 3,
    "bias": True,
}
TOLD = {key: value for key, value in CHECKPOINT_ARGUMENTS.items() if key not in ("layers", "blocks")}


class WaveNetModel(nn.Module):
    """
    A Complete Wavenet Model

    Args:
        layers (Int):               Number of layers in each block
        blocks (Int):               Number of wavenet blocks of this model
        dilation_channels (Int):    Number of channels for the dilated convolution
        residual_channels (Int):    Number of channels for the residual connection
        skip_channels (Int):        Number of channels for the skip connections
        classes (Int):              Number of possible values each sample can have
        kernel_size (Int):          Size of the dilation kernel
    """

    def __init__(
        self,
        layers=10,
        blocks=4,
        dilation_channels=32,
        residual_channels=32,
        skip_channels=64,
        end_channels=64,
        classes=256,
        kernel_size=2,
        bias=False,
    ):
        super(WaveNetModel, self).__init__()
        self.classes = classes
        self.filter_convs, self.gate_convs = nn.ModuleList(), nn.ModuleList()
        self.residual_convs, self.skip_convs = nn.ModuleList(), nn.ModuleList()
        self.start_conv = nn.Conv1d(classes, residual_channels, kernel_size=1, bias=bias)
        for _ in range(blocks):
            for i in range(layers):
                dilated = dict(kernel_size=kernel_size, dilation=2**i, padding="same", bias=bias)
                self.filter_convs.append(nn.Conv1d(residual_channels, dilation_channels, **dilated))
                self.gate_convs.append(nn.Conv1d(residual_channels, dilation_channels, **dilated))
                self.residual_convs.append(nn.Conv1d(dilation_channels, residual_channels, kernel_size=1, bias=bias))
                self.skip_convs.append(nn.Conv1d(dilation_channels, skip_channels, kernel_size=1, bias=bias))
        self.end_conv_1 = nn.Conv1d(skip_channels, end_channels, kernel_size=1, bias=True)
        self.end_conv_2 = nn.Conv1d(end_channels, classes, kernel_size=1, bias=True)

    def forward(self, input):
        x, skip = self.start_conv(input), 0
        for filter, gate, residual, keep in zip(self.filter_convs, self.gate_convs, self.residual_convs, self.skip_convs):
            y = torch.tanh(filter(x)) * torch.sigmoid(gate(x))
            skip = skip + keep(y)
            x = x + residual(y)
        return self.end_conv_2(self.end_conv_1(skip.relu()).relu())
