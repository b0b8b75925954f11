"""Embedding and LSTM, batch first."""

import torch.nn as nn

FITTING = ["torch.randint(0, 500, (3, 11))"]


class SentimentLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(500, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 20, num_layers=2, batch_first=True, dropout=0.2)
        self.fc = nn.Linear(20, 2)

    def forward(self, x):
        out, (h, c) = self.lstm(self.emb(x))
        return self.fc(h[-1])
