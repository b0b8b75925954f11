"""``run --depth``: numbers over the calls, one of them as bars."""

from dataclasses import replace

import pytest

from cli.playing import CALLS, OUTPUT, REPORT, STATS, Play
from torchloupe.analysis.depth_numbers import SERIES
from torchloupe.cli.depth import WIDTH, bar, bars_of
from torchloupe.wire.requests import CallsFinished, RunForward
from torchloupe.wire.traces import ForwardReport, LayerCall


def many(play: Play) -> None:
    """Twenty leaves, the last with a far larger spread, that keep something for backward."""
    inside = [replace(CALLS[0], index=at, call_number=at - 1, module="fc") for at in range(1, 21)]
    inside[-1] = replace(inside[-1], stats=(replace(STATS, std=25.0, max=90.0),))
    report = replace(REPORT, call_count=21, kept_bytes=(2000, *[100] * 20))
    play.script[RunForward] = [CallsFinished((*inside, CALLS[2])), report]


def test_that_a_row_stands_for_each_call_that_calls_no_other(play: Play) -> None:
    many(play)
    written = play("run", "model.py", "--depth", "kept")
    assert written.status == 0
    lines = written.out.splitlines()
    head = lines[0].split()
    assert head == ["CALL", "MODULE", "CLASS", "MEAN", "STD", "MAX", "ZEROS", "TIME", "MEMORY", "KEPT", "FLOPS", "BAR"]
    first = lines[1]
    assert first.split()[:3] == ["1", "fc", "Linear"]
    for said in ("0.5", "0.25", "14 %", "1 ms", "88 B", "100 B", "132 FLOPs"):
        assert said in first
    assert first.endswith("█" * WIDTH)
    assert lines[20].split()[:4] == ["20", "fc", "(call", "20)"]
    assert "Bars: memory kept for backward; 1 call that called others left out." in lines


def test_that_spread_is_drawn_when_nothing_is_chosen_and_what_stands_out_is_told(play: Play) -> None:
    many(play)
    out = play("run", "model.py", "--depth").out
    assert "Bars: std, by powers of ten; 1 call that called others left out." in out
    assert "20 fc (call 20): std 25, 100 times the median of the run" in out.splitlines()
    assert "20 fc (call 20): max |x| 90, 90 times the median of the run" in out.splitlines()
    assert "21 calls, 4 ms" in out  # the lines below the calls are there as ever


def test_that_a_row_that_stands_out_is_strong(play: Play) -> None:
    many(play)
    lines = play("run", "model.py", "--depth", "std", colour=True).out.splitlines()
    assert "\x1b[1m" in lines[20]
    assert "\x1b[" not in lines[19]


def test_that_a_narrow_terminal_gets_the_chosen_number_alone(play: Play) -> None:
    many(play)
    lines = play("run", "model.py", "--depth", "time", width=80).out.splitlines()
    assert lines[0].split() == ["CALL", "MODULE", "CLASS", "TIME", "BAR"]
    assert all(len(line) <= 80 for line in lines[:21])


@pytest.mark.parametrize("name", [series.name for series in SERIES])
def test_that_every_number_can_be_drawn(play: Play, name: str) -> None:
    written = play("run", "model.py", "--depth", name)
    assert name.upper() in written.out.splitlines()[0].split()
    assert "Bars: " in written.out


def test_that_a_number_nobody_knows_is_refused_with_the_choice(play: Play) -> None:
    written = play("run", "model.py", "--depth", "colour")
    assert written.status == 2
    assert "flops" in written.err


def test_that_without_statistics_cells_stay_empty(play: Play) -> None:
    bare = LayerCall(0, "", "Net", 0, 0, (), (OUTPUT,), (None,), 0.001)
    play.script[RunForward] = [CallsFinished((bare,)), ForwardReport((), "file", (OUTPUT,), 1, 0.001, "cpu")]
    lines = play("run", "model.py", "--depth").out.splitlines()
    assert lines[1].split() == ["0", "(model)", "Net", "1", "ms", "88", "B"]
    assert "Bars: std." in lines


def test_that_a_run_without_the_option_is_drawn_as_ever(play: Play) -> None:
    assert "BAR" not in play("run", "model.py").out.splitlines()[0]


@pytest.mark.parametrize(
    ("part", "drawn"), [(0, ""), (1, "█" * WIDTH), (0.5, "█" * (WIDTH // 2)), (1 / 128, "▏"), (7, "█" * WIDTH)]
)
def test_that_bars_are_drawn_to_an_eighth(part: float, drawn: str) -> None:
    assert bar(part).rstrip() == drawn


def test_that_bars_of_many_sizes_are_by_logarithm_and_none_is_empty() -> None:
    bars, by_logarithm = bars_of([1.0, -100.0, None, 0.0, 10_000.0])
    assert by_logarithm
    assert [len(each.rstrip()) for each in bars] == [0, WIDTH // 2, 0, 0, WIDTH]
    assert [each.rstrip() for each in bars_of([1.0, 2.0])[0]] == ["█" * (WIDTH // 2), "█" * WIDTH]
    assert bars_of([]) == ([], False)
