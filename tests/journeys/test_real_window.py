"""The main job through the real window: real drag and drop from another program, real keys and clicks, looked at in a picture."""

import os
import shutil
from pathlib import Path

import pytest

from pictures import assert_like_golden

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "resources" / "example"
MODELS = ROOT / "tests" / "models"

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


@pytest.fixture
def example(tmp_path):
    """The bundled example in a folder whose name is hard: Cyrillic, a space and a number sign."""
    folder = tmp_path / "модель v2 #1"
    folder.mkdir()
    for name in ("classifier.py", "checkpoint.pt"):
        shutil.copy(EXAMPLE / name, folder / name)
    return folder


def test_that_a_person_finds_the_mismatch_by_dropping_two_files_and_pressing_f5(display, example, accept):
    window = display.start_torchloupe()

    assert display.drop(window, example / "checkpoint.pt")["paths"] == [str(example / "checkpoint.pt")]
    assert window.wait("opened", kind="checkpoint")["tensors"] == 47

    display.drop(window, example / "classifier.py")
    assert window.wait("opened", kind="model")["class_name"] == "LetterClassifier"

    display.find("Torchloupe")
    window.wait_enabled("run.forward")
    display.press("F5")
    assert window.wait("run_finished")["problems"] == ["shape-mismatch"]
    failed = window.wait("selection", module="fc1", problem="shape-mismatch")

    window.wait_enabled("go.previous_call")
    display.press("ctrl+Up")
    assert window.wait("selection", call=failed["call"] - 1)["module"] == "block2.pool"
    display.press("ctrl+Down")
    window.wait("selection", 2, module="fc1", call=failed["call"])
    display.press("F8")
    assert window.wait("selection", problem="checkpoint-renamed")
    display.press("shift+F8")
    window.wait("selection", 3, problem="shape-mismatch")

    assert_like_golden(display.picture("mismatch"), "mismatch_light", accept)

    display.press("ctrl+shift+p")
    window.wait("typing")
    display.write("dark")
    display.press("Return")
    window.wait("action", id="theme.dark")
    display.find("Torchloupe")
    assert_like_golden(display.picture("mismatch dark"), "mismatch_dark", accept)

    display.press("ctrl+q")
    window.wait("closed")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []


def test_that_a_drag_that_leaves_again_opens_nothing(display, example):
    window = display.start_torchloupe()
    display.drag(example / "checkpoint.pt")
    window.wait("drag_entered")
    display.drag_away()
    window.wait("drag_left")
    display.tool("mouseup", 1)
    display.find("Torchloupe")
    display.press("ctrl+q")
    assert window.ended() == 0
    assert window.events("drop") == []
    assert window.events("opened") == []


def test_that_a_file_that_is_no_checkpoint_is_refused_and_what_was_open_stays(display, example, tmp_path):
    (tmp_path / "notes.pt").write_text("not a checkpoint")
    window = display.start_torchloupe(example / "checkpoint.pt")
    window.wait("opened", kind="checkpoint")
    display.drop(window, tmp_path / "notes.pt")
    refused = window.wait("refused")
    assert len(refused["problems"]) == 1
    assert "notes.pt" in refused["problems"][0]
    display.find("Torchloupe")
    display.press("ctrl+q")
    assert window.ended() == 0


def test_that_a_segfault_of_the_model_leaves_the_window_and_what_was_captured(display):
    window = display.start_torchloupe(f"{MODELS / 'unfriendly.py'}:FirstThenSegfaults")
    window.wait("opened", kind="model")
    window.wait_enabled("run.forward")
    display.press("F5")
    failed = window.wait("run_failed")
    assert failed["problems"] == ["worker-died"]
    assert failed["calls"] >= 1
    window.wait_enabled("reload")
    display.press("ctrl+r")
    window.wait("opened", 2, kind="model")
    window.wait_enabled("run.forward")
    display.press("F5")
    assert window.wait("run_failed", 2)["problems"] == ["worker-died"]
    display.press("ctrl+q")
    assert window.ended() == 0


def test_that_a_forward_that_never_ends_is_cancelled_by_a_key(display):
    window = display.start_torchloupe(f"{MODELS / 'unfriendly.py'}:LoopsForEver")
    window.wait("opened", kind="model")
    window.wait_enabled("run.forward")
    display.press("F5")
    window.wait_enabled("run.cancel")
    display.press("shift+F5")
    assert window.wait("cancel")["rung"] == "asked"
    assert window.wait("run_failed")["cancelled"]
    display.press("ctrl+q")
    assert window.ended() == 0


def test_that_killing_the_window_leaves_no_worker_behind(display):
    window = display.start_torchloupe(MODELS / "clean_cnn.py")
    window.wait("opened", kind="model")
    workers = [pid for pid in os.listdir("/proc") if pid.isdigit() and _is_worker_of(pid, window.process.pid)]
    assert workers
    window.process.kill()
    window.ended()
    for pid in workers:
        _wait_until_gone(pid)


def _is_worker_of(pid, parent):
    try:
        status = Path("/proc", pid, "status").read_text()
        words = Path("/proc", pid, "cmdline").read_bytes()
    except OSError:
        return False
    return f"\nPPid:\t{parent}\n" in status and b"worker" in words


def _wait_until_gone(pid):
    try:
        handle = os.pidfd_open(int(pid))
    except ProcessLookupError:
        return
    import select

    poller = select.poll()
    poller.register(handle, select.POLLIN)
    assert poller.poll(20_000), f"worker {pid} lives on"
    os.close(handle)
