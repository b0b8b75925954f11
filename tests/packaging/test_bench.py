"""The comparison with peers: its figures, and one small run of all of it."""

import subprocess
import sys
from pathlib import Path

import figures
import pytest
from figures import Figure, medians, says_painted, seconds_until_painted
from watching import Watching

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "packaging/bench"


def test_that_a_figure_says_ours_the_peers_their_ratio_and_the_target() -> None:
    line = str(Figure("window painted", 0.3, "empty window", 0.2, "s", 2.0))
    assert "window painted" in line
    assert "0.300 s" in line
    assert "empty window 0.200 s" in line
    assert "ratio   1.500" in line
    assert line.endswith("target 2   met")


def test_that_a_missed_target_is_said() -> None:
    assert str(Figure("show", 3.0, "peer", 1.0, "s", 2.0)).endswith("MISSED")
    assert not Figure("show", 3.0, "peer", 1.0, "s", 2.0).met


def test_that_a_figure_for_the_record_has_no_target() -> None:
    figure = Figure("show", 3.0, "peer", 1.0, "s")
    assert figure.met
    assert "target" not in str(figure)


def test_that_a_peer_of_nothing_is_no_division_by_zero() -> None:
    assert Figure("show", 3.0, "peer", 0.0, "s").ratio == float("inf")


def test_that_measurements_take_turns_and_give_their_medians() -> None:
    order: list[str] = []
    ours, peer = iter([5.0, 1.0, 3.0]), iter([9.0, 7.0, 8.0])

    def measure_ours() -> float:
        order.append("ours")
        return next(ours)

    def measure_peer() -> float:
        order.append("peer")
        return next(peer)

    assert medians(3, measure_ours, measure_peer) == [3.0, 8.0]
    assert order == ["ours", "peer"] * 3


@pytest.mark.parametrize(
    ("line", "painted"),
    [
        ('{"event": "painted", "time": 1.5}\n', True),
        ('{"event": "opened"}\n', False),
        ("painted\n", False),
        ("[1, 2]\n", False),
        ("\n", False),
    ],
)
def test_that_only_the_event_of_the_first_paint_counts(line: str, painted: bool) -> None:
    assert says_painted(line) is painted


@pytest.mark.parametrize("has_gpu", [True, False])
def test_that_a_gpu_is_measured_where_there_is_one(monkeypatch: pytest.MonkeyPatch, has_gpu: bool) -> None:
    def ran(_watching: Watching, _script: str, _name: str, where: str, *words: str, **_more: object) -> dict[str, float]:
        asked.append(where)
        return {"plain": 1.0, words[-1]: 1.2, "megabytes": 9.0}

    asked: list[str] = []
    monkeypatch.setattr(Watching, "_has_gpu", has_gpu)
    monkeypatch.setattr(Watching, "_ran", ran)
    figures = list(Watching("python", {}, 1, {"a model": (1.05, 1.07)}, processes=1, threads=(2,)).figures())
    on_gpu = [figure for figure in figures if "GPU" in str(figure)]
    assert ("cuda" in asked) is bool(on_gpu) is has_gpu
    assert sum(str(figure).endswith("target 1.25   met") for figure in on_gpu) == has_gpu


def test_that_a_window_is_ended_once_it_is_painted() -> None:
    script = 'import time; print("hello"); print(\'{"event": "painted"}\', flush=True); time.sleep(100)'
    assert 0 < seconds_until_painted([sys.executable, "-c", script], {}) < 60


def test_that_a_window_that_ends_unpainted_is_named() -> None:
    with pytest.raises(SystemExit, match="ended before it was painted"):
        seconds_until_painted([sys.executable, "-c", "pass"], {})


def test_that_a_program_that_fails_is_shown_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match=r"status 3(.|\n)*alas"):
        figures.output_of([sys.executable, "-c", "import sys; print('alas', file=sys.stderr); sys.exit(3)"], {})


@pytest.mark.timeout(300)
def test_that_a_quick_run_prints_every_figure() -> None:
    command = [sys.executable, str(BENCH / "compare.py"), sys.executable, "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    names = (
        "window painted (offscreen)",
        "show a checkpoint of 4 MB",
        "read of it",
        "values of two",
        "mismatches of a head",
        "tree of 2,000: opened",
        "diff of 2,000 keys: key",
        "10,000 bars drawn anew",
        "window with a run of 12,000 modules",
        "forward of ResNet-50",
        "forward of some",
        "registration of some modules",
        "saved the example: beyond its own time",
        "saved the example: new result",
    )
    for name in names:
        assert [line for line in lines if line.startswith(name) and " ratio " in line], name
    assert lines[-1].startswith(("All targets met", "Targets missed"))
