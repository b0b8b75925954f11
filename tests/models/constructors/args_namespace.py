"""Everything from argparse: ``args.hidden_dim``, and getattr with a default for what came later."""

import argparse

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "args": {"feat_dim": 14, "hidden_dim": 22, "num_layers": 3, "n_classes": 5, "pooling": "attention", "dropout": 0.1}
}
TOLD = {"args": {"feat_dim": 14, "hidden_dim": 22, "num_layers": 3, "n_classes": 5, "pooling": "attention"}}


def get_parser():
    parser = argparse.ArgumentParser()
    parser.add_argument("--feat_dim", type=int, default=40)
    parser.add_argument("--hidden_dim", type=int, default=128)
    parser.add_argument("--num_layers", type=int, default=2)
    parser.add_argument("--n_classes", type=int, default=10)
    parser.add_argument("--dropout", type=float, default=0.0)
    return parser


def build(arguments):
    return AudioClassifier(argparse.Namespace(**{**vars(get_parser().parse_args([])), **arguments.get("args", {})}))


class AudioClassifier(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.args = args
        self.proj = nn.Linear(args.feat_dim, args.hidden_dim)
        self.convs = nn.ModuleList()
        for _ in range(args.num_layers):
            self.convs.append(nn.Conv1d(args.hidden_dim, args.hidden_dim, 3, padding=1))
        self.dropout = nn.Dropout(args.dropout)
        self.pooling = getattr(args, "pooling", "mean")
        if self.pooling == "attention":
            self.attn = nn.Linear(args.hidden_dim, 1)
        self.fc = nn.Linear(args.hidden_dim, args.n_classes)

    def forward(self, feats):
        x = self.proj(feats).transpose(1, 2)
        for conv in self.convs:
            x = self.dropout(torch.relu(conv(x))) + x
        if self.pooling == "attention":
            return self.fc((x * self.attn(x.transpose(1, 2)).softmax(1).transpose(1, 2)).sum(-1))
        return self.fc(x.mean(-1))
