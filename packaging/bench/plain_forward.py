"""Seconds of one first forward pass, without any tool or inside torchinfo: ``plain_forward.py FACTORY SHAPE plain|torchinfo``."""

import json
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
import big_models

if __name__ == "__main__":
    factory, shape, tool = sys.argv[1:]
    model = getattr(big_models, factory)()
    inputs = torch.rand(*(int(size) for size in shape.split(",")))
    if tool == "torchinfo":
        import torchinfo

        began = time.perf_counter()
        torchinfo.summary(model, input_data=inputs, verbose=0)
    else:
        began = time.perf_counter()
        model(inputs)
    print(json.dumps({"seconds": time.perf_counter() - began}))
