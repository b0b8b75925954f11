"""An LSTM with every option: layers, two directions, a projection."""

import torch
import torch.nn as nn

CHECKPOINT_ARGUMENTS = {
    "vocab_size": 60,
    "tagset_size": 9,
    "embedding_dim": 11,
    "hidden_dim": 14,
    "num_layers": 3,
    "bidirectional": True,
    "proj_size": 6,
    "dropout": 0.5,
}
TOLD = {key: value for key, value in CHECKPOINT_ARGUMENTS.items() if key != "dropout"}


class BiLSTMTagger(nn.Module):
    def __init__(
        self,
        vocab_size,
        tagset_size,
        embedding_dim=100,
        hidden_dim=64,
        num_layers=1,
        bidirectional=False,
        proj_size=0,
        dropout=0.0,
    ):
        super(BiLSTMTagger, self).__init__()
        self.word_embeds = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(
            embedding_dim,
            hidden_dim,
            num_layers=num_layers,
            bidirectional=bidirectional,
            proj_size=proj_size,
            dropout=dropout if num_layers > 1 else 0,
            batch_first=True,
        )
        feature_dim = (proj_size or hidden_dim) * (2 if bidirectional else 1)
        self.hidden2tag = nn.Linear(feature_dim, tagset_size)
        self.transitions = nn.Parameter(torch.randn(tagset_size, tagset_size))

    def forward(self, sentence):
        lstm_out, _ = self.lstm(self.word_embeds(sentence))
        return self.hidden2tag(lstm_out)
