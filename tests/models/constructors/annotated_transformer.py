"""The Annotated Transformer's factory: one-letter names, parts copied, two vocabularies."""

import copy
import math

import torch
import torch.nn as nn

CHECKPOINT_ARGUMENTS = {"src_vocab": 41, "tgt_vocab": 43, "N": 3, "d_model": 16, "d_ff": 36, "h": 2, "dropout": 0.0}
TOLD = {"src_vocab": 41, "tgt_vocab": 43, "N": 3, "d_model": 16, "d_ff": 36}


def clones(module, N):
    "Produce N identical layers."
    return nn.ModuleList([copy.deepcopy(module) for _ in range(N)])


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout, max_len=64):
        super(PositionalEncoding, self).__init__()
        self.dropout = nn.Dropout(p=dropout)
        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * -(math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        return self.dropout(x + self.pe[:, : x.size(1)])


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model):
        super(MultiHeadedAttention, self).__init__()
        assert d_model % h == 0
        self.h = h
        self.linears = clones(nn.Linear(d_model, d_model), 4)

    def forward(self, query, key, value):
        q, k, v = (lin(x).unflatten(-1, (self.h, -1)).transpose(1, 2) for lin, x in zip(self.linears, (query, key, value)))
        return self.linears[-1](nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, attn, ff, d_model, crossed):
        super().__init__()
        self.attns = clones(attn, 2 if crossed else 1)
        self.feed_forward = copy.deepcopy(ff)
        self.norms = clones(nn.LayerNorm(d_model), len(self.attns) + 1)

    def forward(self, x, memory=None):
        for attn, norm, other in zip(self.attns, self.norms, (None, memory)):
            y = norm(x)
            x = x + attn(y, y if other is None else other, y if other is None else other)
        return x + self.feed_forward(self.norms[-1](x))


class EncoderDecoder(nn.Module):
    def __init__(self, encoder, decoder, src_embed, tgt_embed, generator):
        super(EncoderDecoder, self).__init__()
        self.encoder, self.decoder = encoder, decoder
        self.src_embed, self.tgt_embed = src_embed, tgt_embed
        self.generator = generator

    def forward(self, src, tgt):
        memory, x = self.src_embed(src), self.tgt_embed(tgt)
        for layer in self.encoder:
            memory = layer(memory)
        for layer in self.decoder:
            x = layer(x, memory)
        return self.generator(x)


def make_model(src_vocab, tgt_vocab, N=6, d_model=64, d_ff=256, h=8, dropout=0.1):
    "Helper: Construct a model from hyperparameters."
    c = copy.deepcopy
    attn = MultiHeadedAttention(h, d_model)
    ff = nn.Sequential(nn.Linear(d_model, d_ff), nn.ReLU(), nn.Dropout(dropout), nn.Linear(d_ff, d_model))
    position = PositionalEncoding(d_model, dropout)
    return EncoderDecoder(
        clones(Layer(c(attn), c(ff), d_model, False), N),
        clones(Layer(c(attn), c(ff), d_model, True), N),
        nn.Sequential(nn.Embedding(src_vocab, d_model), c(position)),
        nn.Sequential(nn.Embedding(tgt_vocab, d_model), c(position)),
        nn.Linear(d_model, tgt_vocab),
    )
