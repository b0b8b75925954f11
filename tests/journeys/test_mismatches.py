"""A model with three mismatches through the real window, with keys alone: walked, tried one by one and together, swept."""

from pathlib import Path

import pytest

MODELS = Path(__file__).parents[1] / "models"

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


def test_that_a_person_walks_the_mismatches_tries_a_fix_and_then_all_of_them(display):
    window = display.start_torchloupe(MODELS / "mismatches" / "classifier.py")
    window.wait("opened", kind="model")
    window.wait_enabled("run.forward")
    display.find("Torchloupe")
    display.press("F5")
    assert window.wait("run_finished")["problems"] == ["shape-mismatch"] * 3
    window.wait("selection", module="second", problem="shape-mismatch")
    display.press("F8")
    window.wait("selection", module="hidden", problem="shape-mismatch")
    display.press("F8")
    window.wait("selection", module="out", problem="shape-mismatch")
    display.picture("three mismatches")

    display.press("F8")  # round to the first
    window.wait("selection", 2, module="second", problem="shape-mismatch")
    window.wait_enabled("run.try_fix")
    display.press("ctrl+shift+t")
    assert window.wait("run_finished", 2)["problems"] == ["shape-mismatch"] * 2

    window.wait_enabled("run.forward")
    display.press("F5")
    assert window.wait("run_finished", 3)["problems"] == ["shape-mismatch"] * 3
    window.wait_enabled("run.try_all")
    display.press("ctrl+shift+p")
    window.wait("typing")
    display.write("try all")
    display.press("Return")
    assert window.wait("run_finished", 4)["problems"] == []
    display.picture("all fixes tried")

    display.find("Torchloupe")
    display.press("ctrl+q")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []


def test_that_the_sizes_are_swept_from_the_palette(display):
    window = display.start_torchloupe(MODELS / "clean_cnn.py")
    window.wait("opened", kind="model")
    window.wait_enabled("run.sweep")
    display.find("Torchloupe")
    display.press("ctrl+shift+p")
    window.wait("typing")
    display.write("sizes that")
    display.press("Return")
    window.wait("action", id="run.sweep")
    display.find("Sizes that it runs with")
    display.picture("sweep")
    display.press("Escape")
    display.find("Torchloupe")
    display.press("ctrl+q")
    assert window.ended() == 0
