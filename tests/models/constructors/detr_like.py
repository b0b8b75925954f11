"""Object queries, one class more than was asked for, and a Transformer handed in by sizes."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "num_classes": 11,
    "hidden_dim": 12,
    "nheads": 3,
    "num_encoder_layers": 1,
    "num_decoder_layers": 2,
    "num_queries": 9,
}
TOLD = {"num_classes": 11, "hidden_dim": 12, "num_encoder_layers": 1, "num_decoder_layers": 2, "num_queries": 9}


class DETR(nn.Module):
    """
    Demo DETR implementation.
    Only batch size 1 supported.
    """

    def __init__(self, num_classes, hidden_dim=64, nheads=8, num_encoder_layers=3, num_decoder_layers=3, num_queries=100):
        super().__init__()
        self.backbone = nn.Conv2d(3, 24, 16, 16)
        self.conv = nn.Conv2d(24, hidden_dim, 1)
        self.transformer = nn.Transformer(
            hidden_dim, nheads, num_encoder_layers, num_decoder_layers, dim_feedforward=4 * hidden_dim
        )
        # prediction heads, one extra class for predicting non-empty slots
        self.linear_class = nn.Linear(hidden_dim, num_classes + 1)
        self.linear_bbox = nn.Linear(hidden_dim, 4)
        # spatial positional encodings
        self.query_pos = nn.Parameter(torch.rand(num_queries, hidden_dim))
        self.row_embed = nn.Parameter(torch.rand(50, hidden_dim // 2))
        self.col_embed = nn.Parameter(torch.rand(50, hidden_dim // 2))

    def forward(self, inputs):
        h = self.conv(self.backbone(inputs))
        H, W = h.shape[-2:]
        columns = self.col_embed[:W].unsqueeze(0).repeat(H, 1, 1)
        pos = torch.cat([columns, self.row_embed[:H].unsqueeze(1).repeat(1, W, 1)], dim=-1).flatten(0, 1).unsqueeze(1)
        h = self.transformer(pos + h.flatten(2).permute(2, 0, 1), self.query_pos.unsqueeze(1))
        return {"pred_logits": self.linear_class(h), "pred_boxes": self.linear_bbox(h).sigmoid()}
