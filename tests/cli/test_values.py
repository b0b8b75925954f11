"""``diff --values`` and ``show --tensor``."""

import io
import json
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from cli.playing import KeyListWriter, Play
from torchloupe.cli import progress_line
from torchloupe.cli.command import Desk
from torchloupe.cli.command_line import run_command_line
from torchloupe.cli.progress_line import ProgressLine
from torchloupe.cli.terminal import Terminal
from torchloupe.numbers import comparison
from torchloupe.wire.requests import OpenTarget


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Two training checkpoints: one weight moved far, one a little, one not; one renamed, one transposed, one with NaN."""
    torch.manual_seed(0)
    state = {name: torch.randn(6, 5) for name in ("far", "near", "same", "turned")} | {"bad": torch.ones(4)}
    moved = dict(state)
    moved["far"], moved["near"] = state["far"] * 3, state["near"] + 1e-4
    moved["turned"] = state["turned"].t().contiguous()
    moved["bad"] = torch.tensor([1.0, float("nan"), 1.0, 2.0])
    paths = tmp_path / "epoch3.pt", tmp_path / "epoch4.pt"
    torch.save({"model": state, "epoch": 3}, paths[0])
    torch.save({"model": moved, "epoch": 4}, paths[1])
    return str(paths[0]), str(paths[1])


def rows_of(plain: dict[str, Any]) -> dict[str, Any]:
    return {row["expected"]["key"]: row for row in plain["state_dict"]["rows"]}


def test_that_rows_of_the_diff_say_how_far_their_values_moved(play: Play, pair: tuple[str, str]) -> None:
    rows = rows_of(play("diff", *pair, "--values", "--json").json)
    assert rows["same"]["values"] == {"max_abs": 0, "relative": 0, "cosine": 1.0, "changed": 0, "nan": 0, "norm": 0}
    assert rows["far"]["values"]["relative"] == pytest.approx(2.0)
    assert rows["far"]["values"]["cosine"] == pytest.approx(1.0)
    assert rows["far"]["values"]["changed"] == 1.0
    assert rows["near"]["values"]["max_abs"] == pytest.approx(1e-4, rel=1e-3)
    assert (rows["turned"]["status"], rows["turned"]["values"]["changed"]) == ("transposed", 0)
    assert (rows["bad"]["values"]["nan"], rows["bad"]["values"]["changed"]) == (1, 0.5)
    assert play.sessions == []


def test_that_values_are_not_read_unless_they_are_asked_for(play: Play, pair: tuple[str, str]) -> None:
    plain = play("diff", *pair, "--json").json
    assert all("values" not in row for row in plain["state_dict"]["rows"])
    assert "values" not in plain["seconds"]


def test_that_the_tensors_that_moved_are_ranked(play: Play, pair: tuple[str, str]) -> None:
    lines = play("diff", *pair, "--values").out.splitlines()
    summary = "values: 3 of 5 tensors moved; the most: far (relative 2); 1 with NaN: bad; 2 equal: same, turned."
    assert summary in lines
    table = lines[lines.index(summary) + 1 :]
    assert table[0].split()[:2] == ["KEY", "MOVED"]
    assert [line.split()[0] for line in table[1:4]] == ["bad", "far", "near"]
    assert table[2].split()[1] == "2"
    assert "%" in table[2].split()


def test_that_equal_checkpoints_differ_in_nothing(play: Play, pair: tuple[str, str]) -> None:
    written = play("diff", pair[0], pair[0], "--values")
    assert (written.status, written.err) == (0, "")
    assert "values: All 5 tensors are equal." in written.out


def test_that_a_long_table_is_cut_and_says_so(play: Play, tmp_path: Path) -> None:
    for name, value in (("a.pt", 0.0), ("b.pt", 1.0)):
        torch.save({f"layer{n}.weight": torch.full((2,), value) for n in range(70)}, tmp_path / name)
    out = play("diff", str(tmp_path / "a.pt"), str(tmp_path / "b.pt"), "--values").out
    assert "… and 10 more tensors (--json lists all)" in out
    assert "from zero" in out


def test_that_key_lists_have_no_values_and_say_so_once(play: Play, key_list: KeyListWriter) -> None:
    shapes = {"a.weight": (2, 3), "b.weight": (4,)}
    written = play("diff", key_list("a", shapes), key_list("b", shapes), "--values", "--json")
    assert written.status == 0
    (problem,) = written.json["problems"]
    assert (problem["code"], problem["severity"], problem["data"]["count"]) == ("values-not-compared", "warning", 2)
    assert problem["message"].startswith("2 tensors could not be compared. a.weight: ")


def test_that_a_target_has_no_stored_values(play: Play, pair: tuple[str, str]) -> None:
    written = play("diff", "model.py", pair[0], "--values")
    assert written.status == 2
    assert "model.py is a target" in written.err
    assert play.asked(OpenTarget) == []


def test_that_ctrl_c_keeps_what_was_compared(play: Play, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = comparison.compare_values

    def interrupted(*words: Any) -> Any:
        arriving = whole(*words)
        yield next(arriving)
        arriving.close()
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "compare_values", interrupted)
    written = play("diff", *pair, "--values")
    assert written.status == 130
    assert "values: 1 of 1 tensor moved; the most: far (relative 2)." in written.out
    assert "Cancelled." in written.err


# one tensor


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    """A training checkpoint with tensors of several kinds."""
    state = {
        "weight": torch.arange(12.0).view(3, 4),
        "half": torch.tensor([0.5, -2.0], dtype=torch.bfloat16),
        "waves": torch.tensor([1 + 2j, 3.0]),
        "sparse": torch.eye(3).to_sparse(),
        "large": torch.zeros(200, 200),
        "empty": torch.zeros(0, 4),
    }
    torch.save({"model": state, "ema": {"weight": torch.ones(2)}}, tmp_path / "a.pt")
    return str(tmp_path / "a.pt")


def test_that_a_tensor_is_shown_with_statistics_quantiles_and_a_corner(play: Play, checkpoint: str) -> None:
    written = play("show", checkpoint, "--tensor", "weight")
    assert (written.status, written.err) == (0, "")
    lines = written.out.splitlines()
    assert lines[:2] == ["model.weight", "[3, 4] float32"]
    words = [line.split() for line in lines]
    assert ["mean", "5.5"] in words
    assert ["zeros", "1"] in words
    assert ["50", "%", "5.5"] in words
    assert lines[-4:] == ["values [:3, :4] of shape [3, 4]", "  0  1   2   3", "  4  5   6   7", "  8  9  10  11"]


def test_that_the_json_of_a_tensor_holds_what_was_read_of_it(play: Play, checkpoint: str) -> None:
    plain = play("show", checkpoint, "--tensor", "ema.weight", "--json").json
    assert plain.keys() == {"schema", "torchloupe", "command", "problems", "tensor", "seconds"}
    tensor = plain["tensor"]
    assert (tensor["key"], tensor["container"], tensor["shape"], tensor["dtype"]) == ("weight", "ema", [2], "float32")
    assert (tensor["stats"]["count"], tensor["stats"]["mean"], sum(tensor["stats"]["histogram"])) == (2, 1.0, 2)
    assert tensor["quantiles"][0] == {"part": 0.01, "value": 1.0}
    assert tensor["slice"] == {"index": ":2", "shape": [2], "values": [1.0, 1.0]}


@pytest.mark.parametrize(
    ("index", "values"), [("1", [4, 5, 6, 7]), ("0, :", [0, 1, 2, 3]), (":, -1", [3, 7, 11]), ("2, 2", [10])]
)
def test_that_any_slice_can_be_asked_for(play: Play, checkpoint: str, index: str, values: list[float]) -> None:
    assert play("show", checkpoint, "--tensor", "weight", "--slice", index, "--json").json["tensor"]["slice"]["values"] == values


def test_that_complex_values_are_text_and_have_no_statistics(play: Play, checkpoint: str) -> None:
    written = play("show", checkpoint, "--tensor", "waves", "--json")
    assert "stats" not in written.json["tensor"]
    assert written.json["tensor"]["slice"]["values"] == ["1+2j", "3+0j"]
    assert "1+2j" in play("show", checkpoint, "--tensor", "waves").out


def test_that_an_empty_tensor_is_no_error(play: Play, checkpoint: str) -> None:
    written = play("show", checkpoint, "--tensor", "empty")
    assert (written.status, written.err) == (0, "")
    assert ["count", "0"] in [line.split() for line in written.out.splitlines()]


def test_that_singular_values_are_told_when_they_are_asked_for(play: Play, checkpoint: str) -> None:
    written = play("show", checkpoint, "--tensor", "weight", "--singular-values")
    assert (written.status, written.err) == (0, "")
    words = [line.split() for line in written.out.splitlines()]
    wanted = torch.linalg.svdvals(torch.arange(12.0).view(3, 4).double()).tolist()
    assert "singular values of the matrix 3 x 4" in written.out
    assert ["Largest", f"{wanted[0]:.4g}"] in words
    assert "Effective rank" in written.out
    assert "singular values" not in play("show", checkpoint, "--tensor", "weight").out
    plain = play("show", checkpoint, "--tensor", "weight", "--singular-values", "--json").json["tensor"]["singular_values"]
    assert plain["matrix"] == [3, 4]
    assert plain["values"] == pytest.approx(wanted, abs=1e-9)
    assert plain.keys() == {"matrix", "condition", "effective_rank", "values"}


def test_that_many_singular_values_are_cut_in_text_and_whole_in_json(play: Play, checkpoint: str) -> None:
    assert play("show", checkpoint, "--tensor", "large", "--singular-values").out.splitlines()[-1].endswith("0 …")
    plain = play("show", checkpoint, "--tensor", "large", "--singular-values", "--json").json["tensor"]["singular_values"]
    assert (len(plain["values"]), plain["condition"], plain["effective_rank"]) == (200, None, 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--tensor", "wieght"], "There is no tensor wieght"),
        (["--tensor", "weight", "--slice", "9"], "outside a dimension of 3"),
        (["--tensor", "large", "--slice", ":"], "40,000 values; 10,000 are printed at most"),
        (["--tensor", "sparse"], "do not lie in the file as one block"),
        (["--slice", "0"], "--slice needs a tensor"),
        (["--singular-values"], "--singular-values needs a tensor"),
        (["--save-npy", "x.npy"], "--save-npy needs a tensor"),
        (["--tensor", "weight", "--force"], "--force is for --save-npy"),
    ],
)
def test_that_what_cannot_be_shown_is_one_sentence(play: Play, checkpoint: str, words: list[str], sentence: str) -> None:
    written = play("show", checkpoint, *words)
    assert (written.status, written.out) == (2, "")
    assert sentence in written.err
    assert len(written.err.splitlines()) == 2
    assert play("show", checkpoint, *words, "--json").status == 2


def test_that_a_tensor_and_a_slice_of_it_are_saved(play: Play, checkpoint: str, tmp_path: Path) -> None:
    written = play("show", checkpoint, "--tensor", "weight", "--save-npy", str(tmp_path / "w.npy"))
    assert written.out.splitlines()[-1] == f"Saved [3, 4] float32 to {tmp_path / 'w.npy'}."
    assert numpy.load(tmp_path / "w.npy").tolist() == torch.arange(12.0).view(3, 4).tolist()
    plain = play("show", checkpoint, "--tensor", "half", "--slice", "1:", "--save-npy", str(tmp_path / "h.npy"), "--json").json
    assert plain["tensor"]["saved"] == {"file": str(tmp_path / "h.npy"), "shape": [1], "dtype": "float32"}
    assert numpy.load(tmp_path / "h.npy").tolist() == [-2.0]
    assert play("show", checkpoint, "--tensor", "large", "--slice", ":", "--save-npy", str(tmp_path / "l.npy")).status == 0


def test_that_nothing_is_written_over_without_force(play: Play, checkpoint: str, tmp_path: Path) -> None:
    (tmp_path / "w.npy").write_text("mine")
    refused = play("show", checkpoint, "--tensor", "weight", "--save-npy", str(tmp_path / "w.npy"))
    assert refused.status == 2
    assert "exists already" in refused.err
    assert (tmp_path / "w.npy").read_text() == "mine"
    assert play("show", checkpoint, "--tensor", "weight", "--save-npy", str(tmp_path / "w.npy"), "--force").status == 0
    assert numpy.load(tmp_path / "w.npy").shape == (3, 4)


def test_that_the_checkpoint_itself_is_never_written_over(play: Play, checkpoint: str) -> None:
    before = Path(checkpoint).read_bytes()
    written = play("show", checkpoint, "--tensor", "weight", "--save-npy", checkpoint, "--force")
    assert written.status == 2
    assert "is read for this" in written.err
    assert Path(checkpoint).read_bytes() == before


def test_that_optimizer_tensors_say_whose_they_are(play: Play, tmp_path: Path) -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "a.pt")
    tensors = {tensor["key"]: tensor for tensor in play("show", str(tmp_path / "a.pt"), "--json").json["tensors"]}
    assert tensors["state.1.exp_avg"]["parameter"] == "bias"
    assert "parameter" not in tensors["weight"]
    assert "parameter_guessed" not in tensors["state.1.exp_avg"]
    line = next(line for line in play("show", str(tmp_path / "a.pt")).out.splitlines() if "state.0.exp_avg " in line)
    assert line.endswith("of weight, step 1")


# progress


def test_that_progress_is_one_line_that_is_taken_away(pair: tuple[str, str]) -> None:
    out, err = io.StringIO(), Screen()
    assert run_command_line(["diff", *pair, "--values", "--json"], Desk(Terminal(out, err))) == 1
    assert json.loads(out.getvalue())["command"] == "diff"
    assert "0 %" in err.getvalue()
    assert err.getvalue().endswith("\r\x1b[K")


def test_that_progress_is_silent_where_nobody_looks_and_rare_where_someone_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_line.time, "monotonic", lambda: 5.0)
    for stream, times in ((io.StringIO(), 0), (Screen(), 1)):
        line = ProgressLine(Terminal(io.StringIO(), stream))
        for done in range(1000):
            line(done, 1000, "evil\x1b[2J " + "long " * 50)
        line.clear()
        assert stream.getvalue().count("%") == times
        assert "\x1b[2J" not in stream.getvalue()


def test_that_contents_alone_need_no_numpy(checkpoint: str) -> None:
    import subprocess
    import sys

    script = (
        "import sys; from torchloupe.__main__ import main; main(sys.argv[1:]); print('numpy' in sys.modules, file=sys.stderr)"
    )
    app = str(Path(__file__).resolve().parents[2] / "app")
    done = subprocess.run(
        [sys.executable, "-c", script, "show", checkpoint], env={"PYTHONPATH": app}, capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "False"
