"""A config that is a dict of dicts, as it comes out of a YAML file."""

import torch.nn as nn

CHECKPOINT_ARGUMENTS = {
    "cfg": {
        "backbone": {"in_channels": 4, "channels": [8, 12]},
        "neck": {"out_channels": 10},
        "head": {"num_classes": 3, "num_convs": 2, "num_anchors": 5},
        "train": {"lr": 0.01},
    }
}
TOLD = {
    "cfg": {
        "backbone": {"in_channels": 4, "channels": [8, 12]},
        "neck": {"out_channels": 10},
        "head": {"num_classes": 3, "num_convs": 2},
    }
}


class Detector(nn.Module):
    """Two branches over one feature map: 4 box sides and num_classes + 1 scores."""

    def __init__(self, cfg):
        super().__init__()
        backbone, head = cfg["backbone"], cfg["head"]
        channels = [backbone.get("in_channels", 3), *backbone["channels"]]
        self.backbone = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in zip(channels, channels[1:]))
        self.neck = nn.Conv2d(channels[-1], cfg["neck"]["out_channels"], 1)
        width = cfg["neck"]["out_channels"]
        self.tower = nn.Sequential()
        for i in range(head.get("num_convs", 4)):
            self.tower.add_module(f"conv{i}", nn.Conv2d(width, width, 3, 1, 1))
            self.tower.add_module(f"relu{i}", nn.ReLU())
        self.boxes = nn.Conv2d(width, 4, 1)
        self.scores = nn.Conv2d(width, head["num_classes"] + 1, 1)

    def forward(self, images):
        x = images
        for conv in self.backbone:
            x = conv(x).relu()
        x = self.tower(self.neck(x))
        return {"boxes": self.boxes(x), "scores": self.scores(x)}
