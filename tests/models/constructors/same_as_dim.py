"""None means "the same as dim", or four times it; some are given, some are not."""

import torch.nn as nn

CHECKPOINT_ARGUMENTS = {"dim": 16, "context_dim": 10, "hidden_dim": None, "out_dim": 6, "num_heads": 4, "head_dim": 3}
TOLD = {"dim": 16, "context_dim": 10, "out_dim": 6}


def default(value, other):
    return other if value is None else value


class CrossAttentionBlock(nn.Module):
    def __init__(self, dim, context_dim=None, hidden_dim=None, out_dim=None, num_heads=8, head_dim=None):
        super().__init__()
        context_dim = default(context_dim, dim)
        hidden_dim = default(hidden_dim, 4 * dim)
        out_dim = out_dim or dim
        head_dim = head_dim if head_dim is not None else dim // num_heads
        inner_dim = num_heads * head_dim
        self.num_heads = num_heads
        self.to_q = nn.Linear(dim, inner_dim, bias=False)
        self.to_kv = nn.Linear(context_dim, inner_dim * 2, bias=False)
        self.to_out = nn.Linear(inner_dim, dim)
        self.ff = nn.Sequential(nn.Linear(dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, out_dim))

    def forward(self, x, context=None):
        context = default(context, x)
        q, (k, v) = self.to_q(x), self.to_kv(context).chunk(2, -1)
        q, k, v = (t.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for t in (q, k, v))
        out = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.ff(x + self.to_out(out.transpose(1, 2).flatten(2)))
