"""Arguments that nobody gave are worked out from the checkpoint, and said with where they are from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from cli.playing import KeyListWriter, Play, opened
from torchloupe.__main__ import main
from torchloupe.cli import solved_target
from torchloupe.session.scripted import UNTIL_CANCELLED
from torchloupe.wire.arguments import SolveArguments, SolvedArgument, SolvedArguments
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, OpenTarget

NEEDS = Problem("construct-failed", "`Net` needs `width`.", data={"missing": ["width"], "unknown": []})
SOLVED = SolvedArguments(
    "model.py",
    {"width": 64},
    (SolvedArgument("width", 64, "shapes", "From fc.weight [64, 3]."),),
    matched=2,
    wanted=2,
    unexpected=0,
    exact=True,
    builds=7,
)


def needing(request: OpenTarget) -> Any:
    """Opens only with arguments."""
    return replace(opened(request.target), arguments=request.arguments) if request.arguments else Failed((NEEDS,))


@pytest.fixture
def solving(play: Play) -> Play:
    """A worker whose target needs an argument, and finds it."""
    play.script[OpenTarget] = needing
    play.script[SolveArguments] = lambda _request: SOLVED
    return play


def test_that_missing_arguments_are_worked_out_and_said(solving: Play, key_list: KeyListWriter) -> None:
    written = solving("tree", "model.py", "--checkpoint", key_list("ck", {"fc.weight": (64, 3), "fc.bias": (64,)}))
    assert "Arguments worked out from the checkpoint. Exact: 2 of 2 keys and shapes, built 7 times." in written.out
    assert "width = 64  from fc.weight [64, 3]" in written.out
    (asked,) = solving.asked(SolveArguments)
    assert {(tensor.key, tensor.shape) for tensor in asked.wanted} == {("fc.weight", (64, 3)), ("fc.bias", (64,))}
    assert [request.arguments for request in solving.asked(OpenTarget)] == [None, {"width": 64}]


def test_that_json_says_where_the_arguments_are_from(solving: Play, key_list: KeyListWriter) -> None:
    plain = solving("check", "model.py", "--checkpoint", key_list("ck", {"fc.weight": (64, 3)}), "--json").json
    assert plain["target"]["args"] == {"width": 64}
    assert plain["target"]["args_source"] == "checkpoint"
    assert plain["arguments"]["exact"] is True
    assert plain["arguments"]["values"] == [
        {"name": "width", "value": 64, "source": "shapes", "reason": "From fc.weight [64, 3]."}
    ]


def test_that_what_was_given_goes_along(solving: Play, key_list: KeyListWriter) -> None:
    solving.script[OpenTarget] = lambda request: (
        opened(request.target) if "width" in (request.arguments or {}) else Failed((NEEDS,))
    )
    solving("tree", "model.py", "--args", '{"depth": 3}', "--checkpoint", key_list("ck", {"fc.weight": (64, 3)}))
    (asked,) = solving.asked(SolveArguments)
    assert asked.given == {"depth": 3}


def test_that_nothing_is_worked_out_when_the_target_opens_by_itself(play: Play, key_list: KeyListWriter) -> None:
    written = play("tree", "model.py", "--checkpoint", key_list("ck", {"fc.weight": (10, 3), "fc.bias": (10,)}), "--json")
    assert play.asked(SolveArguments) == []
    assert "arguments" not in written.json
    assert written.json["target"]["args_source"] != "checkpoint"


def test_that_nothing_is_worked_out_without_a_checkpoint(solving: Play) -> None:
    written = solving("tree", "model.py")
    assert written.status == 2
    assert "`Net` needs `width`." in written.err
    assert solving.asked(SolveArguments) == []


def test_that_arguments_that_do_not_fit_exactly_are_a_remark(solving: Play, key_list: KeyListWriter) -> None:
    solving.script[SolveArguments] = lambda _request: replace(SOLVED, exact=False, matched=1, unexpected=3)
    written = solving("check", "model.py", "--checkpoint", key_list("ck", {"fc.weight": (10, 3), "fc.bias": (10,)}), "--json")
    (remark,) = [problem for problem in written.json["problems"] if problem["code"] == "arguments-closest"]
    assert remark["severity"] == "info"
    assert "1 of 2 keys fit" in remark["message"]
    assert "--args" in remark["hint"]


def test_that_a_checkpoint_of_another_model_is_named_as_such(solving: Play, key_list: KeyListWriter) -> None:
    solving.script[SolveArguments] = lambda _request: replace(SOLVED, exact=False, matched=0)
    written = solving("check", "model.py", "--checkpoint", key_list("ck", {"decoder.weight": (10, 3)}))
    assert written.status == 2
    assert "No arguments of `model.py` give a key of the checkpoint, such as `decoder.weight`." in written.err
    assert [request.arguments for request in solving.asked(OpenTarget)] == [None], "nothing is built with wrong arguments"


def test_that_a_search_that_fails_says_why(solving: Play, key_list: KeyListWriter) -> None:
    solving.script[SolveArguments] = lambda _request: Failed((Problem("construct-failed", "`Net` raises."),))
    written = solving("run", "model.py", "--checkpoint", key_list("ck", {"fc.weight": (10, 3)}))
    assert written.status == 2
    assert "`Net` raises." in written.err


def test_that_an_unreadable_checkpoint_is_told_once(solving: Play, tmp_path: Path) -> None:
    (tmp_path / "broken.pt").write_bytes(b"nothing")
    written = solving("run", "model.py", "--checkpoint", str(tmp_path / "broken.pt"), "--json")
    assert written.status == 2
    assert len(written.json["problems"]) == 1
    assert solving.asked(SolveArguments) == []


WIDER = {"fc.weight": (64, 3), "fc.bias": (64,)}
"""Keys of a model with another width than the one that opens by itself."""


@pytest.mark.parametrize("command", ["check", "run", "tree"])
def test_that_arguments_with_defaults_are_worked_out_when_that_is_asked_for(
    play: Play, key_list: KeyListWriter, command: str
) -> None:
    play.script[SolveArguments] = lambda _request: SOLVED
    play(command, "model.py", "--args", '{"depth": 3}', "--checkpoint", key_list("ck", WIDER), "--solve")
    (asked,) = play.asked(SolveArguments)
    assert asked.given == {"depth": 3}
    assert [request.arguments for request in play.asked(OpenTarget)] == [{"width": 64}]


def test_that_a_diff_works_arguments_out_from_its_other_side(play: Play, key_list: KeyListWriter) -> None:
    play.script[SolveArguments] = lambda _request: SOLVED
    written = play("diff", "model.py", key_list("ck", WIDER), "--solve")
    assert "Arguments worked out from the checkpoint" in written.out
    assert [request.arguments for request in play.asked(OpenTarget)] == [{"width": 64}]


def test_that_working_out_needs_a_checkpoint(play: Play) -> None:
    written = play("run", "model.py", "--solve")
    assert written.status == 2
    assert "Name it: --checkpoint FILE." in written.err


def test_that_a_check_says_with_which_arguments_the_shapes_would_be_the_same(play: Play, key_list: KeyListWriter) -> None:
    play.script[SolveArguments] = lambda _request: SOLVED
    written = play("check", "model.py", "--checkpoint", key_list("ck", WIDER), "--json").json
    (fix,) = next(problem["fixes"] for problem in written["problems"] if problem["code"] == "checkpoint-shape")
    assert (fix["kind"], fix["value"], fix["verified"]) == ("solve_arguments", {"width": 64}, True)
    assert "--args '{\"width\": 64}'" in fix["text"]
    (asked,) = play.asked(SolveArguments)
    assert asked.given == {}


def test_that_a_check_does_not_offer_what_does_not_work(play: Play, key_list: KeyListWriter) -> None:
    play.script[SolveArguments] = lambda _request: Failed((Problem("usage", "`Net` takes no arguments."),))
    written = play("check", "model.py", "--checkpoint", key_list("ck", WIDER), "--json").json
    assert [problem["fixes"] for problem in written["problems"] if problem["code"] == "checkpoint-shape"] == [[]]
    assert written["target"]["args_source"] == "default"


def test_that_a_search_that_takes_long_is_given_up_and_the_offer_stays(
    play: Play, key_list: KeyListWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solved_target, "TRY_SECONDS", 0.01)
    play.script[SolveArguments] = [UNTIL_CANCELLED]
    written = play("check", "model.py", "--checkpoint", key_list("ck", WIDER), "--json")
    (fix,) = next(problem["fixes"] for problem in written.json["problems"] if problem["code"] == "checkpoint-shape")
    assert not fix["verified"]
    assert written.status == 1


def test_that_a_search_that_a_person_stops_stops_the_command(play: Play, key_list: KeyListWriter) -> None:
    play.script[SolveArguments] = lambda _request: Failed((), cancelled=True)
    assert play("check", "model.py", "--checkpoint", key_list("ck", WIDER)).status == 130


def test_that_what_was_worked_out_already_is_not_offered(solving: Play, key_list: KeyListWriter) -> None:
    written = solving("check", "model.py", "--checkpoint", key_list("ck", WIDER), "--json").json
    assert [problem["fixes"] for problem in written["problems"] if problem["code"] == "checkpoint-shape"] == [[]]
    assert len(solving.asked(SolveArguments)) == 1


MODEL = """
from dataclasses import dataclass
import torch
from torch import nn


@dataclass
class Config:
    vocabulary: int
    dim: int
    layers: int = 4
    bias: bool = True


class Tagger(nn.Module):
    def __init__(self, config: Config, classes: int):
        super().__init__()
        self.embed = nn.Embedding(config.vocabulary, config.dim)
        self.layers = nn.ModuleList(nn.Linear(config.dim, config.dim, bias=config.bias) for _ in range(config.layers))
        self.head = nn.Linear(config.dim, classes)

    def forward(self, ids):
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x).relu()
        return self.head(x)


def example_inputs():
    return (torch.zeros(2, 3, dtype=torch.int64),)
"""


def test_a_whole_way_with_a_real_worker(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tagger.py").write_text(MODEL)
    shapes = {"embed.weight": (50, 12), "head.weight": (7, 12), "head.bias": (7,)}
    shapes.update({f"layers.{number}.weight": (12, 12) for number in range(3)})
    torch.save({"state_dict": {f"module.{key}": torch.zeros(shape) for key, shape in shapes.items()}}, tmp_path / "ck.pt")
    status = main(["check", str(tmp_path / "tagger.py"), "--checkpoint", str(tmp_path / "ck.pt"), "--json"])
    plain = json.loads(capsys.readouterr().out)
    assert plain["target"]["args"] == {"config": {"vocabulary": 50, "dim": 12, "layers": 3, "bias": False}, "classes": 7}
    assert plain["arguments"]["exact"] is True
    counts = plain["state_dict"]["counts"]
    assert counts["missing"] == counts["unexpected"] == counts["shape"] == 0
    assert status == 1, "the prefix is told, as for every model"
