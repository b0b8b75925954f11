"""A packed LSTM: lengths between 1 and the number of steps, longest first."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FITTING = ["torch.randn(3, 9, 21)", "torch.tensor([9, 6, 2])"]


class SpeechEncoder(nn.Module):
    def __init__(self, n_feats: int = 21, hidden: int = 14):
        super().__init__()
        self.rnn = nn.LSTM(n_feats, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, 11)

    def forward(self, x: torch.Tensor, lengths: torch.Tensor):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True)
        padded, lens = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(padded).log_softmax(-1), lens
