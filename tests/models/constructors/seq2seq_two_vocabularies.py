"""An attention seq2seq with two vocabularies and six sizes, some of them sums of others."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "input_dim": 50,
    "output_dim": 44,
    "enc_emb_dim": 8,
    "dec_emb_dim": 10,
    "enc_hid_dim": 12,
    "dec_hid_dim": 18,
}
TOLD = CHECKPOINT_ARGUMENTS


class Encoder(nn.Module):
    def __init__(self, input_dim, emb_dim, enc_hid_dim, dec_hid_dim):
        super().__init__()
        self.embedding = nn.Embedding(input_dim, emb_dim)
        self.rnn = nn.GRU(emb_dim, enc_hid_dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(enc_hid_dim * 2, dec_hid_dim)

    def forward(self, src):
        outputs, hidden = self.rnn(self.embedding(src))
        return outputs, torch.tanh(self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1)))


class Decoder(nn.Module):
    def __init__(self, output_dim, emb_dim, enc_hid_dim, dec_hid_dim):
        super().__init__()
        self.attn = nn.Linear((enc_hid_dim * 2) + dec_hid_dim, dec_hid_dim)
        self.v = nn.Linear(dec_hid_dim, 1, bias=False)
        self.embedding = nn.Embedding(output_dim, emb_dim)
        self.rnn = nn.GRU((enc_hid_dim * 2) + emb_dim, dec_hid_dim, batch_first=True)
        self.fc_out = nn.Linear((enc_hid_dim * 2) + dec_hid_dim + emb_dim, output_dim)

    def forward(self, token, hidden, encoded):
        embedded = self.embedding(token)[:, None]
        repeated = hidden[:, None].expand(-1, encoded.shape[1], -1)
        energy = torch.tanh(self.attn(torch.cat((repeated, encoded), dim=2)))
        weighted = self.v(energy).softmax(1).transpose(1, 2) @ encoded
        output, hidden = self.rnn(torch.cat((embedded, weighted), dim=2), hidden[None].contiguous())
        return self.fc_out(torch.cat((output, weighted, embedded), dim=2)[:, 0]), hidden[0]


class Seq2Seq(nn.Module):
    def __init__(self, input_dim, output_dim, enc_emb_dim=64, dec_emb_dim=64, enc_hid_dim=96, dec_hid_dim=96):
        super().__init__()
        self.encoder = Encoder(input_dim, enc_emb_dim, enc_hid_dim, dec_hid_dim)
        self.decoder = Decoder(output_dim, dec_emb_dim, enc_hid_dim, dec_hid_dim)

    def forward(self, src, trg):
        encoded, hidden = self.encoder(src)
        outputs = []
        for token in trg.unbind(1):
            output, hidden = self.decoder(token, hidden, encoded)
            outputs.append(output)
        return torch.stack(outputs, 1)
