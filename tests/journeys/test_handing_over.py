"""Handing over what was found, through the real window: the report of everything as a file, and a folder that fails by itself."""

import json
import subprocess
import sys
import time

import pytest
from real_display import PATIENCE_SECONDS

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]

BROKEN = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(12, 16)
        self.head = nn.Linear(20, 4)

    def forward(self, x):
        return self.head(self.stem(x))


def example_inputs():
    return (torch.randn(8, 12),)
"""


def wait_until(holds):
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_that_what_failed_is_handed_over_as_a_report_and_as_a_folder_that_fails_by_itself(display, tmp_path):
    file = tmp_path / "net.py"
    file.write_text(BROKEN)
    window = display.start_torchloupe()
    display.drop(window, file)
    window.wait("opened", kind="model")
    display.find("Torchloupe")
    window.wait_enabled("run.forward")
    display.press("F5")
    window.wait("selection", problem="shape-mismatch")
    window.wait_enabled("report.save")

    report = tmp_path / "handed-over.json"
    display.press("ctrl+shift+e")
    display.find("Save report")
    display.press("ctrl+a")
    display.write(str(report))
    display.press("Return")
    wait_until(report.exists)
    found = json.loads(report.read_text(encoding="utf-8"))
    sections = {block["section"]: block["blocks"] for block in found["blocks"] if "section" in block}
    assert found["title"] == "Net"
    assert "shape-mismatch" in sections["Problems"][0]["section"]
    assert {"Shapes that do not meet", "Calls around the failure", "Modules"} <= set(sections)
    display.picture("report saved")

    display.find("Torchloupe")
    window.wait_enabled("report.reproducer")
    display.press("ctrl+shift+p")
    window.wait("typing")
    display.write("reproducer")
    display.press("Return")
    display.find("Put the reproducer")
    display.press("ctrl+a")
    display.write(str(tmp_path))
    display.press("Return")
    folder = tmp_path / "reproducer-head"
    wait_until((folder / "reproduce.py").exists)
    done = subprocess.run([sys.executable, "reproduce.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr.strip().splitlines()[-1] == "RuntimeError: mat1 and mat2 shapes cannot be multiplied (8x16 and 20x4)"
    display.picture("reproducer made")
