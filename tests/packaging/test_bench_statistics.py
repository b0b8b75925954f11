"""The part of the bench that sets the ways to make statistics beside one read."""

import re
import subprocess
import sys
from pathlib import Path

import statistics_ways
import torch

ROOT = Path(__file__).resolve().parents[2]


def test_that_each_line_says_what_was_measured_and_how_fast_each_way_is() -> None:
    script = [sys.executable, str(ROOT / "packaging/bench/statistics_ways.py"), "--quick"]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == len(statistics_ways.tensors(1 << 18))
    for line in lines:
        assert re.search(r"one read \(sum\) \d+\.\d+ GB/s \d+\.\d us", line)
        assert re.search(r"torch \d+\.\d+ GB/s", line)


def test_that_the_naive_way_gives_what_ours_gives() -> None:
    tensor = torch.tensor([1.0, 2.0, 0.0, 5.0])
    numbers, bins = statistics_ways.naive(tensor)  # type: ignore[misc]
    ours = statistics_ways.tensor_stats(tensor)
    assert [numbers[0], *numbers[2:]] == [ours.mean, ours.min, ours.max, ours.zeros, ours.nan, ours.inf]
    assert bins == list(ours.histogram)
