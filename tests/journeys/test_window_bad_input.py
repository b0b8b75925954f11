"""Bad input to the real window: one sentence each, and nothing that was open is lost."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "tests" / "models"

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(300)]


def quit_cleanly(display, window):
    display.find("Torchloupe")
    display.press("ctrl+q")
    assert window.ended() == 0
    assert [line for line in window.lines if not line.startswith("{")] == []


def test_that_bad_files_are_refused_one_after_the_other_and_the_model_still_runs(display, tmp_path):
    (tmp_path / "broken.py").write_text((MODELS / "syntax_error.txt").read_text())
    (tmp_path / "notes.pt").write_text("no checkpoint at all")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    shutil.copy(MODELS / "raises_on_import.py", tmp_path)
    window = display.start_torchloupe(MODELS / "clean_cnn.py")
    window.wait("opened", kind="model")
    sentences = []
    for number, name in enumerate(("broken.py", "notes.pt", "empty.safetensors", "raises_on_import.py"), 1):
        display.find("Torchloupe")
        display.drop(window, tmp_path / name)
        refused = window.wait("refused", number)
        assert refused["what"].startswith(str(tmp_path / name))
        assert len(refused["problems"]) == 1
        sentences += refused["problems"]
    assert "Line 3" in sentences[0]
    assert "checkpoint" in sentences[1]
    assert "empty" in sentences[2]
    assert "KeyError: 'b'" in sentences[3]
    assert not any("Traceback" in sentence for sentence in sentences)
    display.find("Torchloupe")
    window.wait_enabled("run.forward")
    display.press("F5")
    assert window.wait("run_finished")["problems"] == []
    quit_cleanly(display, window)


def test_that_something_that_cannot_be_opened_is_said_on_the_drop(display):
    window = display.start_torchloupe()
    display.drop(window, ROOT / "README.md")
    assert "README.md" in window.wait("drop_refused")["reason"]
    assert window.events("opened") == []
    quit_cleanly(display, window)


def test_that_an_input_of_the_wrong_dtype_is_typed_run_and_explained(display):
    window = display.start_torchloupe(MODELS / "clean_cnn.py")
    window.wait("opened", kind="model")
    window.wait_enabled("run.forward")
    left, top, width, _ = display.window
    display.click(left + width // 3, top + 16)
    display.write("float64[2,3,16,16]")
    display.press("Return", "F5")
    assert window.wait("run_finished")["problems"] == ["dtype-mismatch"]
    assert window.wait("selection", problem="dtype-mismatch")["module"] == "stem.0"
    quit_cleanly(display, window)


def test_that_a_constructor_that_needs_arguments_is_asked_for_them(display):
    window = display.start_torchloupe(MODELS / "needs_arguments.py")
    assert window.wait("described")["arguments"] == ["width", "depth", "bias"]
    display.find("Open model")
    display.press("alt+j")
    window.wait("arguments_page", as_text=True)
    display.press("ctrl+a")
    display.write('{"width": 4, "depth": 2}')
    display.press("alt+o")
    assert window.wait("opened", kind="model")["class_name"] == "Sized"
    display.find("Torchloupe")
    window.wait_enabled("run.forward")
    display.press("F5")
    assert window.wait("run_finished")["problems"] == []
    quit_cleanly(display, window)
