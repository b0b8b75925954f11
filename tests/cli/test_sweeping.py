"""``run --sweep``: the sizes of the input that a model takes, as a small map and for JSON."""

from pathlib import Path
from typing import Any

import pytest

from cli.playing import Play
from torchloupe.wire.problems import ERROR, INFO, Problem
from torchloupe.wire.requests import Failed, RunForward
from torchloupe.wire.sweeps import SizesSwept, SizeTried, SweepSizes, SweptAxis

SKIP = Problem("broadcast-mismatch", "`+` cannot combine them.", INFO, "Pad it.", module="up", file="/m.py", line=18)


def tried(
    *sizes: int, refused: tuple[int, ...] = (), unknown: tuple[int, ...] = (), problem: Problem = SKIP
) -> tuple[SizeTried, ...]:
    """Sizes in order, each with its mark; the first that is refused has the problem."""
    known: dict[int, bool | None] = dict.fromkeys(sizes, True)
    known.update(dict.fromkeys(refused, False))
    known.update(dict.fromkeys(unknown))
    return tuple(SizeTried(size, known[size], problem if size in refused[:1] else None) for size in sorted(known))


SIDES = tried(16, 32, 48, refused=(33, 31))
SWEPT = SizesSwept(
    (
        SweptAxis("batch", 2, ((0, 0),), tried(1, 2, 3)),
        SweptAxis("height", 32, ((0, 2),), SIDES),
        SweptAxis("width", 32, ((0, 3),), SIDES),
        SweptAxis("height and width", 32, ((0, 2), (0, 3)), SIDES),
    ),
    ("float32[2,3,32,32]",),
    "worked_out",
    (),
    ("batch: the time was over after 3 sizes.",),
    0.5,
)


def test_that_every_axis_has_a_row_with_its_rule_and_its_sizes(play: Play) -> None:
    play.script[SweepSizes] = [SWEPT]
    written = play("run", "model.py", "--sweep")
    assert written.status == 0
    lines = written.out.splitlines()
    assert lines[0] == "Input worked out: float32[2,3,32,32]"
    assert lines[1].split() == ["AXIS", "RUNS", "WITH", "TRIED"]
    assert lines[2] == "batch   any size, tried from 1 to 3      1● [2●] 3●"
    assert lines[3] == "height  multiples of 16, tried up to 48  16● 31× [32●] 33× 48●"


def test_that_both_sides_together_have_no_row_that_says_the_same_again(play: Play) -> None:
    play.script[SweepSizes] = [SWEPT]
    rows = [line.split("  ")[0] for line in play("run", "model.py", "--sweep").out.splitlines()]
    assert "width" in [row.strip() for row in rows]
    assert "height and width" not in [row.strip() for row in rows]


def test_that_what_refuses_sizes_is_told_once_with_module_and_line(play: Play) -> None:
    play.script[SweepSizes] = [SWEPT]
    out = play("run", "model.py", "--sweep").out
    assert out.count("`+` cannot combine them") == 1
    assert "height 33 in `up`: `+` cannot combine them (line 18)." in out.splitlines()
    assert out.splitlines()[-1] == "no problems"


def test_that_the_marks_need_no_colour_and_are_explained(play: Play) -> None:
    play.script[SweepSizes] = [SizesSwept((SweptAxis("batch", 2, ((0, 0),), tried(2, refused=(3,), unknown=(1,))),))]
    lines = play("run", "model.py", "--sweep").out.splitlines()
    assert lines[1].endswith("1? [2●] 3×")
    assert any(line.startswith("● runs, × does not, ? shapes alone cannot tell") for line in lines)
    assert any("\x1b[" in line for line in play("run", "model.py", "--sweep", colour=True).out.splitlines())


def test_that_notes_stand_below_the_map(play: Play) -> None:
    play.script[SweepSizes] = [SWEPT]
    assert "batch: the time was over after 3 sizes." in play("run", "model.py", "--sweep").out.splitlines()


def test_that_a_narrow_terminal_cuts_the_long_columns_only(play: Play) -> None:
    play.script[SweepSizes] = [SizesSwept((SweptAxis("tokens", 8, ((0, 1),), tried(*range(1, 60))),))]
    lines = play("run", "model.py", "--sweep", width=70).out.splitlines()
    assert len(lines[1]) <= 70
    assert lines[1].startswith("tokens  ")
    assert "…" in lines[1]


def test_that_the_json_has_every_axis_every_size_and_the_rule(play: Play) -> None:
    play.script[SweepSizes] = [SWEPT]
    plain = play("run", "model.py", "--sweep", "--json").json
    swept: dict[str, Any] = plain["sweep"]
    assert [axis["name"] for axis in swept["axes"]] == ["batch", "height", "width", "height and width"]
    height = swept["axes"][1]
    assert (height["rule"], height["step"], height["base"], height["places"]) == ("multiples", 16, 32, [[0, 2]])
    assert height["least"] is None
    assert height["most"] is None
    assert height["tried"][0] == {"size": 16, "runs": True}
    assert height["refused"][0]["size"] == 33
    assert height["refused"][0]["line"] == 18
    assert height["sentence"] == "multiples of 16, tried up to 48"
    assert swept["verdict"] == ["height 33 in `up`: `+` cannot combine them (line 18)."]
    assert swept["notes"] == ["batch: the time was over after 3 sizes."]
    assert plain["target"]["input"] == ["float32[2,3,32,32]"]
    assert plain["seconds"]["sweep"] >= 0


def test_that_a_size_that_is_fixed_by_design_is_no_problem(play: Play) -> None:
    play.script[SweepSizes] = [SizesSwept((SweptAxis("height", 28, ((0, 2),), tried(28, refused=(29, 27, 56))),))]
    written = play("run", "model.py", "--sweep")
    assert written.status == 0
    assert "only 28" in written.out
    assert play("run", "model.py", "--sweep", "--json").json["problems"] == []


def test_that_a_model_that_runs_with_no_size_has_an_error(play: Play) -> None:
    broken = Problem("shape-mismatch", "`fc` is built for 5 features.", ERROR, "Change it.", module="fc")
    axis = SweptAxis("batch", 2, ((0, 0),), tried(refused=(2, 3), problem=broken))
    play.script[SweepSizes] = [SizesSwept((axis,), problems=(broken,))]
    written = play("run", "model.py", "--sweep")
    assert written.status == 1
    assert "none of 2 sizes that were tried" in written.out
    assert written.out.splitlines()[-1] == "1 error"


def test_that_nothing_to_sweep_is_a_sentence_and_no_empty_table(play: Play) -> None:
    play.script[SweepSizes] = [SizesSwept((), notes=("The sample input has no axis that could be of another size.",))]
    lines = play("run", "model.py", "--sweep").out.splitlines()
    assert lines[0] == "The sample input has no axis that could be of another size."
    assert not any("AXIS" in line for line in lines)


def test_that_the_input_the_mode_and_the_time_reach_the_worker(play: Play) -> None:
    play.script[SweepSizes] = [SWEPT]
    play("run", "model.py", "--sweep", "--input", "float32[2,3,32,32]", "--seed", "7", "--time-limit", "3")
    (asked,) = play.asked(SweepSizes)
    assert asked == SweepSizes(("float32[2,3,32,32]",), None, None, 7, 3.0)
    assert play.asked(RunForward) == []


def test_that_without_a_time_limit_the_usual_one_holds(play: Play) -> None:
    play.script[SweepSizes] = [SWEPT]
    play("run", "model.py", "--sweep")
    assert play.asked(SweepSizes)[0].time_limit == SweepSizes.time_limit


def test_that_a_sweep_that_could_not_be_made_is_told_on_standard_error(play: Play) -> None:
    play.script[SweepSizes] = [Failed((Problem("input-failed", "No input was found that runs.", hint="Give one."),))]
    written = play("run", "model.py", "--sweep")
    assert written.status == 2
    assert "No input was found that runs." in written.err
    assert play("run", "model.py", "--sweep", "--json").json["problems"][0]["code"] == "input-failed"


def test_that_a_sweep_that_was_cancelled_is_cancelled(play: Play) -> None:
    play.script[SweepSizes] = [Failed((), cancelled=True)]
    written = play("run", "model.py", "--sweep")
    assert written.status == 130
    assert "Cancelled." in written.err


@pytest.mark.parametrize("other", [("--compare-modes",), ("--compile",), ("--against", "earlier.json")])
def test_that_it_goes_with_no_other_question(play: Play, other: tuple[str, ...]) -> None:
    written = play("run", "model.py", "--sweep", *other)
    assert written.status == 2
    assert f"--sweep does not go with {other[0]}." in written.err
    assert play.asked(SweepSizes) == []


def test_that_a_strange_letter_of_a_model_does_not_steer_the_terminal(play: Play) -> None:
    steering = Problem("forward-failed", "It fails: \x1b[2J", INFO)
    axis = SweptAxis("batch", 2, ((0, 0),), tried(2, refused=(3,), problem=steering))
    play.script[SweepSizes] = [SizesSwept((axis,), notes=("\x1b[1m",))]
    assert "\x1b" not in play("run", "model.py", "--sweep").out


def test_that_the_sweep_goes_into_the_markdown_of_a_run(play: Play, tmp_path: Path) -> None:
    play.script[SweepSizes] = [SWEPT]
    out = play("run", "model.py", "--sweep", "--markdown", "-").out.splitlines()
    assert out[0] == "# Net"
    assert "## Sizes" in out
    assert any(line.startswith("| height | multiples of 16") for line in out)
    file = tmp_path / "sizes.md"
    assert play("run", "model.py", "--sweep", "--markdown", str(file)).status == 0
    assert "## Sizes" in file.read_text(encoding="utf-8")
    again = play("run", "model.py", "--sweep", "--markdown", str(file))
    assert again.status == 2
    assert "exists already" in again.err
    assert play("run", "model.py", "--json", "--markdown", "-").status == 2
