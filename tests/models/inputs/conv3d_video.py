"""Video as [batch, channels, frames, height, width]; the Linear layer fixes what is left of it."""

from torch import nn

FITTING = ["torch.randn(2, 3, 8, 32, 32)"]


class C3D(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv3d(3, 6, kernel_size=(3, 3, 3), padding=1)
        self.pool1 = nn.MaxPool3d((1, 2, 2))
        self.conv2 = nn.Conv3d(6, 8, kernel_size=(3, 3, 3), padding=1)
        self.pool2 = nn.MaxPool3d((2, 4, 4))
        self.fc = nn.Linear(8 * 4 * 4 * 4, 12)

    def forward(self, clip):
        h = self.pool1(self.conv1(clip).relu())
        h = self.pool2(self.conv2(h).relu())
        return self.fc(h.view(h.size(0), -1))
