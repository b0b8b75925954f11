"""Forwards that end, flood, recurse, hang or kill the process they run in; one class each."""

import ctypes
import os
import sys
import threading
import time

import torch
from torch import nn


class Exits(nn.Module):
    def forward(self, x):
        sys.exit(3)


class ExitsHard(nn.Module):
    def forward(self, x):
        os._exit(7)


class Prints(nn.Module):
    def forward(self, x):
        print("hello from forward")
        os.write(1, b"raw bytes on descriptor 1\n")
        return x


class Recurses(nn.Module):
    def forward(self, x):
        return self.forward(x)


class SpawnsThreads(nn.Module):
    def forward(self, x):
        threading.Thread(target=time.sleep, args=(3600,), name="left behind").start()
        return x


class Segfaults(nn.Module):
    def forward(self, x):
        ctypes.string_at(0)
        return x


class FirstThenSegfaults(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.second = Segfaults()

    def forward(self, x):
        return self.second(self.first(x))


class LoopsForEver(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        while True:
            x = self.layer(x)


class Sleeps(nn.Module):
    def forward(self, x):
        time.sleep(3600)
        return x


class RunsOutOfMemory(nn.Module):
    def forward(self, x):
        return torch.empty(1 << 46)


def example_inputs():
    return (torch.ones(2, 2),)
