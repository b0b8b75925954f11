"""A checkpoint and a file whose class needs arguments, through the real window: dropped, worked out, opened, compared."""

import subprocess
import sys
from pathlib import Path

import pytest

MODELS = Path(__file__).parents[1] / "models" / "constructors"
SAVE = """
import sys
import torch
sys.path.insert(0, sys.argv[1])
import gpt_config as zoo
model = zoo.build(zoo.CHECKPOINT_ARGUMENTS)
torch.save({"state_dict": model.state_dict(), "epoch": 3}, sys.argv[2])
print(len(model.state_dict()))
"""

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


@pytest.fixture
def checkpoint(tmp_path):
    """Its path and the number of its keys."""
    path = tmp_path / "gpt.pt"
    done = subprocess.run(
        [sys.executable, "-c", SAVE, str(MODELS), str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    return path, int(done.stdout)


def test_that_a_dropped_class_gets_its_arguments_from_the_checkpoint_and_enter_opens_it(display, checkpoint):
    path, keys = checkpoint
    window = display.start_torchloupe(path)
    assert window.wait("opened", kind="checkpoint")["tensors"] == keys

    display.drop(window, MODELS / "gpt_config.py")
    solved = window.wait("solved", target=f"{MODELS / 'gpt_config.py'}:GPT")
    assert solved["exact"] is True
    assert solved["matched"] == keys
    assert solved["arguments"]["config"]["n_layer"] == 3
    display.find("Open model")
    display.picture("solved")
    display.press("Return")

    assert window.wait("opened", kind="model")["class_name"] == "GPT"
    counts = window.wait("compared")["counts"]
    assert counts["matched"] == keys
    assert sum(counts.values()) == keys
    window.wait_enabled("run.forward")
    display.find("Torchloupe")
    display.press("ctrl+q")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []
