"""Two checkpoints side by side through the real window: dropped, dropped with Shift held, seen, closed."""

import pytest
import torch

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


@pytest.fixture
def epochs(tmp_path):
    torch.manual_seed(0)
    state = {f"layers.{n}.weight": torch.randn(8, 8) for n in range(12)}
    moved = {key: value + 0.01 * n * torch.ones(8, 8) for n, (key, value) in enumerate(state.items())}
    for name, tensors in (("epoch3.pt", state), ("epoch4.pt", moved)):
        torch.save(tensors, tmp_path / name)
    return tmp_path / "epoch3.pt", tmp_path / "epoch4.pt"


def test_that_a_person_sees_which_weights_moved_by_holding_shift(display, epochs):
    window = display.start_torchloupe()
    display.drop(window, epochs[0])
    assert window.wait("opened", kind="checkpoint")["tensors"] == 12
    display.find("Torchloupe")
    display.tool("keydown", "shift")
    try:
        assert display.drop(window, epochs[1])["compare"] is True
    finally:
        display.tool("keyup", "shift")
    window.wait("opened", kind="other")
    assert any(event["text"].startswith("Release to compare epoch3.pt with epoch4.pt") for event in window.events("drag_entered"))
    assert epochs[1].exists()
    window.wait_enabled("compare.swap")
    assert window.wait("values_compared")["summary"].startswith("11 of 12 tensors moved")
    display.find("epoch3.pt against epoch4.pt")
    display.press("alt+9")
    window.wait("action", id="panel.checkpoint_pair")
    display.press("Home", "Down")
    window.wait("selection", stored="layers.11.weight")
    window.wait("selection", stored="layers.10.weight")
    display.press("ctrl+shift+p")
    window.wait("typing")
    display.write("swap")
    display.press("Return")
    window.wait("action", id="compare.swap")
    display.find("epoch4.pt against epoch3.pt")
    display.press("ctrl+q")
    window.wait("closed")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []


def test_that_two_files_on_the_command_line_stand_side_by_side(display, epochs):
    window = display.start_torchloupe(*epochs)
    window.wait("opened", kind="other")
    display.find("epoch3.pt against epoch4.pt")
    window.wait_enabled("close.other")
    display.press("ctrl+w")
    window.wait("action", id="close.all")
    display.press("ctrl+q")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []
