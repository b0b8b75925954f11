"""The tutorial's character RNN: one step, and the hidden state must come along."""

import torch
import torch.nn as nn

FITTING = ["torch.randn(1, 57)", "torch.zeros(1, 128)"]


class RNN(nn.Module):
    def __init__(self, input_size=57, hidden_size=128, output_size=18):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = self.i2h(combined)
        assert hidden.shape[1] == self.hidden_size
        return self.softmax(self.h2o(hidden)), hidden
