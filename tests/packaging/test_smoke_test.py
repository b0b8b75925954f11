"""The smoke test notices what it is there to notice. The source tree plays the built app."""

import json
import os
import sys
from pathlib import Path

import pytest

import artefacts
import smoke_test
from smoke_test import Built, Wrong, compare_reports, display, main, newest, show_example, watch_worker, without_changing

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a person who has just logged in."""
    return {**smoke_test.clean_surroundings(tmp_path), "PYTHONPATH": str(ROOT / "app"), "QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture
def built(tmp_path: Path) -> Built:
    """The source tree, put where an artefact would be."""
    root = tmp_path / "app"
    example = root / "torchloupe/resources/example"
    example.mkdir(parents=True)
    for name in ("classifier.py", "checkpoint.pt"):
        (example / name).write_bytes((ROOT / "resources/example" / name).read_bytes())
    return Built("the copy", root, (sys.executable, "-m", "torchloupe"))


def program(folder: Path, text: str) -> Path:
    """A program that stands for the app."""
    file = folder / "program"
    file.write_text(f"#!{sys.executable}\n{text}\n")
    file.chmod(0o755)
    return file


def test_that_the_same_app_reports_the_same(
    built: Built, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    compare_reports(built, environment)
    assert "its report is that of the source tree" in capsys.readouterr().out


def test_that_another_report_is_noticed_with_the_line(built: Built, environment: dict[str, str], tmp_path: Path) -> None:
    other = program(tmp_path, f"print({json.dumps(json.dumps({'problems': []}))})")
    with pytest.raises(Wrong, match=r"Its report differs:\n--- the copy") as caught:
        compare_reports(Built("the copy", built.root, (str(other),)), environment)
    assert '+ "command": "check"' in str(caught.value)


def test_that_an_app_that_fails_is_noticed_with_what_it_said(built: Built, environment: dict[str, str], tmp_path: Path) -> None:
    broken = program(tmp_path, "raise SystemExit('no module named torchloupe.gui')")
    broken.write_text(broken.read_text() + "raise SystemExit(3)")
    with pytest.raises(Wrong, match="no module named"):
        smoke_test.answer([broken], environment)


def test_that_a_worker_that_sees_nothing_of_the_app_is_well(
    built: Built, environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch_worker(built, environment, tmp_path)
    assert "sees nothing of it" in capsys.readouterr().out


@pytest.mark.parametrize(
    "seen",
    [
        {"variables": ["LD_LIBRARY_PATH"]},
        {"folders": ["{root}"]},
        {"folders": ["{root}/_internal"]},
        {"libraries": ["{root}/_internal/libstdc++.so.6"]},
        {"modules": ["{root}/_internal/numpy/__init__.py"]},
    ],
)
def test_that_a_worker_that_sees_the_app_is_noticed(
    built: Built, environment: dict[str, str], tmp_path: Path, seen: dict[str, list[str]]
) -> None:
    nothing: dict[str, list[str]] = {"variables": [], "folders": [], "libraries": [], "modules": []}
    told = json.dumps({**nothing, **seen}).replace("{root}", str(built.root))
    poisoned = program(tmp_path, f"print('SURROUNDINGS', {told!r})")
    with pytest.raises(Wrong, match="The worker sees the app"):
        watch_worker(Built("poisoned", built.root, (str(poisoned),)), environment, tmp_path)


def test_that_sources_of_ours_in_the_worker_are_no_part_of_the_app(
    built: Built, environment: dict[str, str], tmp_path: Path
) -> None:
    worker = f"{built.root}/lib/torchloupe/worker"
    seen = {"variables": [], "folders": [], "libraries": [f"{worker}/statistics/passes.so"], "modules": [f"{worker}/serve.py"]}
    fine = program(tmp_path, f"print('SURROUNDINGS', {json.dumps(seen)!r})")
    watch_worker(Built("fine", built.root, (str(fine),)), environment, tmp_path)


def test_that_a_window_that_shows_no_run_is_noticed(built: Built, environment: dict[str, str], tmp_path: Path) -> None:
    mute = program(tmp_path, "print('painted')")
    with pytest.raises(Wrong, match="The window ended with 0"):
        show_example(Built("mute", built.root, (str(mute),)), environment, tmp_path / "pictures")


def test_that_times_and_process_numbers_are_no_difference() -> None:
    report = {"calls": [{"module": "fc1", "seconds": 0.1}], "pid": 7, "problems": [[{"seconds": 1}]]}
    assert without_changing(report) == {"calls": [{"module": "fc1"}], "problems": [[{}]]}


@pytest.mark.skipif(not smoke_test.shutil.which("Xvfb"), reason="Xvfb is not installed")
def test_that_a_display_is_there_and_gone_afterwards() -> None:
    with display({"A": "1"}) as shown:
        assert shown["A"] == "1"
        assert shown["DISPLAY"].startswith(":")
        assert os.path.exists(f"/tmp/.X11-unix/X{shown['DISPLAY'][1:]}")


def test_that_nothing_built_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(artefacts, "DIST", tmp_path)
    assert main([]) == 1
    assert "dev.py build" in capsys.readouterr().err
    assert main(["deb"]) == 1
    assert "deb: It was not built" in capsys.readouterr().err
    assert main(["flatpak"]) == 1


def test_that_what_was_built_last_is_examined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(artefacts, "DIST", tmp_path)
    assert newest("wheel") is None
    for age, name in enumerate(("torchloupe-0.2-py3-none-any.whl", "torchloupe-0.1-py3-none-any.whl")):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (100 - age, 100 - age))
    assert newest("wheel") == tmp_path / "torchloupe-0.2-py3-none-any.whl"
