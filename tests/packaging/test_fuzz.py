"""The long run on damaged checkpoints: it reads, counts, notices what fails, and keeps the input."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fuzz
import pytest

ROOT = Path(__file__).resolve().parents[2]
WHOLE = {"outcome": "opened", "sentence": ""}


class Guard:
    """The guard of the reading process, without its limits."""

    def __init__(self) -> None:
        self.home: str | None = None
        self.rung: list[str] = []


def reader_that(outcome: Any, monkeypatch: pytest.MonkeyPatch) -> fuzz.Reader:
    """A reader for which ``outcome`` is called in place of ours."""
    monkeypatch.setattr(fuzz.signal, "setitimer", lambda *_: None)
    guard = Guard()
    return fuzz.Reader(SimpleNamespace(armed=lambda: guard, outcome_of=lambda *_: outcome(guard)))


def test_that_a_short_run_reads_many_files_and_none_fails(tmp_path: Path) -> None:
    words = [
        sys.executable,
        str(ROOT / "packaging/bench/fuzz.py"),
        "--seconds",
        "1",
        "--seed",
        "7",
        "--failures",
        str(tmp_path / "f"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "damaged files in" in done.stdout
    assert done.stdout.strip().endswith("(seed 7): none failed.")
    assert not (tmp_path / "f").exists()


def test_that_a_listing_and_a_refusal_are_no_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reader_that(lambda _: WHOLE, monkeypatch).fault(tmp_path / "x", tmp_path) == ""
    refused = {"outcome": "refused", "sentence": "x is damaged."}
    assert reader_that(lambda _: refused, monkeypatch).fault(tmp_path / "x", tmp_path) == ""


def test_that_an_error_an_alarm_and_too_much_memory_are_faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(guard: Guard) -> dict[str, str]:
        raise RecursionError("too deep")

    def ring(guard: Guard) -> dict[str, str]:
        guard.rung.append("os.system")
        return WHOLE

    starved = {"outcome": "refused", "sentence": "x needs more memory than there is, only to list its keys."}
    assert reader_that(fail, monkeypatch).fault(tmp_path, tmp_path) == "RecursionError: too deep"
    assert reader_that(ring, monkeypatch).fault(tmp_path, tmp_path) == "it did what no reader may do: os.system"
    assert reader_that(lambda _: starved, monkeypatch).fault(tmp_path, tmp_path) == "it needs more than 300 MB"


def test_that_taking_long_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 2.5))
    monkeypatch.setattr(fuzz.time, "process_time", lambda: next(clock))
    assert reader_that(lambda _: WHOLE, monkeypatch).fault(tmp_path, tmp_path) == "it takes 2.5 s"


def test_that_what_fails_is_counted_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz, "write_good_files", lambda work: None)
    monkeypatch.setattr(fuzz, "lines_of", lambda *_: [{"cases": 10}] * 5 + [{"cases": 1, "failure": "npz: it takes 3.0 s: here"}])
    assert fuzz.report(30.0, 7, tmp_path) == 1
    out = capsys.readouterr().out
    assert "npz: it takes 3.0 s: here" in out
    assert f"50 failed, saved in {tmp_path}." in out
    assert f"{51 * 50:,} damaged files" in out


def test_that_the_input_that_ended_the_process_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "now").mkdir()
    (tmp_path / "now/x.pt").write_bytes(b"bad")
    script = tmp_path / "dies.py"
    script.write_text("import json, os; print(json.dumps({'cases': 3}), flush=True); os.abort()")
    monkeypatch.setattr(fuzz, "__file__", str(script))
    counted, died = fuzz.lines_of(tmp_path, 1.0, 9, tmp_path / "failures")
    assert counted == {"cases": 3}
    assert "ended with status -6" in died["failure"]
    assert (tmp_path / "failures/died-9/x.pt").read_bytes() == b"bad"


def test_that_a_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    fuzz.tell(3)
    fuzz.tell(0, "gguf: it failed")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"cases": 3, "failure": ""}, {"cases": 0, "failure": "gguf: it failed"}]
