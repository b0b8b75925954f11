"""``tree`` and ``run`` with a scripted worker."""

import threading
from dataclasses import replace
from typing import Any

import pytest

from cli.playing import CALLS, REPORT, KeyListWriter, Play, opened
from torchloupe.session.own_packages import torchinfo_folder
from torchloupe.session.scripted import UNTIL_CANCELLED
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import CallsFinished, Failed, OpenTarget, RunForward, SummaryTable, SummaryText
from torchloupe.wire.tensors import TensorMeta

MISMATCH = Problem(
    "shape-mismatch",
    "fc expects 3 features, gets 5.",
    hint="Flatten gave 5.",
    module="fc",
    call=1,
    file="model.py",
    line=9,
    fixes=(Fix("set_argument", "Set in_features=5.", "fc", "in_features", 5, True),),
    data={"nan": float("nan"), "sizes": (3, 5)},
    details="Traceback ...",
)


def test_that_the_tree_shows_modules_with_what_they_own(play: Play) -> None:
    written = play("tree", "model.py")
    assert (written.status, written.err) == (0, "")
    lines = [" ".join(line.split()) for line in written.out.splitlines()]
    assert "(model) Net 44 192 B" in lines
    assert ".mask [4, 4] bool 16 16 B buffer, not in the state_dict, cuda:0" in lines
    assert "fc Linear(in_features=3, out_features=11, bias=True) 44 176 B" in lines
    assert ".weight [11, 3] 33 132 B tied to again.weight" in lines
    assert ".bias [11] 11 44 B frozen" in lines
    assert "again Linear 44 176 B the same module as fc" in lines
    assert lines[-4:] == [
        "4 modules, 3 parameters and buffers",
        "44 elements in parameters, 75 % of them trainable",
        "16 elements in 1 buffer",
        "192 B, float32 on cpu, cuda:0, train mode",
    ]


def test_that_parts_are_indented_below_their_module(play: Play) -> None:
    lines = play("tree", "model.py").out.splitlines()
    assert next(line for line in lines if "Linear(in" in line).startswith("  fc")
    assert next(line for line in lines if ".weight" in line).startswith("    .weight")


def test_that_the_options_of_a_target_reach_the_worker(play: Play) -> None:
    play(
        "tree",
        "zoo:Net",
        "--args",
        '{"width": 9}',
        "--mode",
        "eval",
        "--device",
        "cuda:1",
        "--seed",
        "7",
        "--python",
        "/bin/python",
    )
    assert play.asked(OpenTarget) == [OpenTarget("zoo:Net", {"width": 9}, "eval", "cuda:1", 7)]
    assert play.opened_with == [("/bin/python", False)]


def test_that_the_json_of_a_tree_has_modules_and_parameters_and_no_calls(play: Play) -> None:
    plain = play("tree", "model.py", "--json").json
    assert plain.keys() == {"schema", "torchloupe", "command", "target", "problems", "modules", "parameters", "seconds"}
    assert plain["target"] == {
        "file": "/code/model.py",
        "name": "Net",
        "class": "Net",
        "args": {"width": 3},
        "args_source": "default",
    }
    assert plain["modules"][1]["path"] == "fc"
    assert "called" not in plain["modules"][1]
    assert plain["parameters"][2] == {
        "key": "mask",
        "shape": [4, 4],
        "dtype": "bool",
        "device": "cuda:0",
        "requires_grad": False,
        "kind": "buffer",
        "tied_to": [],
        "shares_with": [],
        "persistent": False,
        "owner": "",
        "numel": 16,
        "bytes": 16,
        "stride": None,
        "file": None,
        "line": None,
    }


def test_that_a_summary_is_asked_for_with_the_inputs_and_our_own_torchinfo(play: Play) -> None:
    play.script[SummaryTable] = [SummaryText("===\nNet\n===")]
    written = play("tree", "model.py", "--summary", "--input", "float32[1,3]")
    assert written.out == "===\nNet\n===\n"
    assert play.asked(SummaryTable) == [SummaryTable(("float32[1,3]",), torchinfo_folder())]
    assert play("tree", "model.py", "--summary", "--json").json["summary"] == "===\nNet\n==="


def test_that_a_checkpoint_is_compared_with_the_tree(play: Play, key_list: KeyListWriter) -> None:
    file = key_list("ck", {"module.fc.weight": (11, 3), "module.fc.bias": (11,)})
    plain = play("tree", "model.py", "--checkpoint", file, "--json").json
    assert plain["state_dict"]["mapping"] == {"module.fc.weight": "fc.weight", "module.fc.bias": "fc.bias"}
    assert plain["problems"][0]["code"] == "checkpoint-renamed"


@pytest.mark.parametrize("command", ["tree", "run", "check"])
def test_that_a_checkpoint_that_cannot_be_read_leaves_the_rest_in_the_report(play: Play, command: str) -> None:
    written = play(command, "model.py", "--checkpoint", "nowhere.pt", "--json")
    assert written.status == 2
    assert written.json["modules"]
    assert "nowhere.pt" in written.err


@pytest.mark.parametrize("command", ["tree", "run", "check"])
def test_that_a_target_that_cannot_be_opened_is_told_with_status_two(play: Play, command: str) -> None:
    play.script[OpenTarget] = [Failed((Problem("import-failed", "No module named timm.", hint="Install it."),))]
    written = play(command, "model.py:Net", "--json")
    assert written.status == 2
    assert written.json.keys() == {"schema", "torchloupe", "command", "target", "problems", "seconds"}
    assert written.json["target"] == {"file": "model.py", "name": "Net"}
    assert "No module named timm. Install it." in written.err
    text = play(command, "model.py:Net")
    assert text.out == ""
    assert text.err == "error: No module named timm.\n  Install it.\n"


def test_that_an_answer_of_another_version_is_a_problem(play: Play) -> None:
    play.script[OpenTarget] = ["what?"]
    written = play("tree", "model.py", "--json")
    assert written.status == 2
    assert written.json["problems"][0]["code"] == "protocol-error"


def test_that_a_run_shows_the_calls_in_the_order_in_which_they_began(play: Play) -> None:
    written = play("run", "model.py")
    lines = [" ".join(line.split()) for line in written.out.splitlines()]
    assert written.status == 0
    assert lines[1:4] == [
        "0 (model) Net [2, 3] [2, 11] 4 ms 0.5 0.25",
        "1 fc Linear [2, 3] [2, 11] 1 ms 0.5 0.25",
        "2 fc Linear [2, 3] [2, 11] 1 ms – – call 2 of this module, 20 NaN, 2 Inf",
    ]
    assert lines[-1] == "no problems"


def test_that_the_options_of_a_run_reach_the_worker(play: Play) -> None:
    play(
        "run",
        "m.py",
        "--input",
        "int64[2,16]<1000",
        "--input",
        "mask=bool[2,16]",
        "--mode",
        "train",
        "--device",
        "cpu",
        "--seed",
        "3",
        "--shapes-only",
    )
    assert play.asked(RunForward) == [RunForward(("int64[2,16]<1000", "mask=bool[2,16]"), "cpu", "train", 3, True)]


def test_that_the_json_of_a_run_has_calls_with_statistics(play: Play) -> None:
    plain = play("run", "model.py", "--json").json
    assert plain["target"]["input"] == ["x=float32[2,3]"]
    assert plain["target"]["input_source"] == "file"
    assert [call["index"] for call in plain["calls"]] == [0, 1, 2]
    assert {module["path"]: module["called"] for module in plain["modules"]} == {"": 1, "fc": 2, "act": 0, "again": 0}
    call = plain["calls"][1]
    assert call["inputs"] == [{"shape": [2, 3], "dtype": "float32", "device": "cpu", "name": "x"}]
    assert call["outputs"] == [{"shape": [2, 11], "dtype": "float32", "device": "cpu"}]
    assert call["stats"] == [
        {"count": 22, "mean": 0.5, "std": 0.25, "min": 0.0, "max": 1.0, "zeros": 3, "nan": 0, "inf": 0, "histogram": [1] * 64}
    ]
    assert call["bytes"] == 2 * 11 * 4
    assert call["kept_bytes"] is None
    assert call["flops"] == 2 * 2 * 3 * 11


def test_that_given_inputs_are_reported_as_they_were_given(play: Play) -> None:
    play.script[RunForward] = [replace(REPORT, input_source="given")]
    plain = play("run", "model.py", "--input", "int64[2]<5", "--json").json
    assert (plain["target"]["input"], plain["target"]["input_source"]) == (["int64[2]<5"], "given")


def test_that_inputs_in_containers_are_reported_without_a_keyword(play: Play) -> None:
    play.script[RunForward] = [replace(REPORT, inputs=(TensorMeta((2,), "int64", "cpu", "x[0]"),))]
    assert play("run", "model.py", "--json").json["target"]["input"] == ["int64[2]"]


def test_that_a_problem_of_the_run_is_status_one_with_all_it_knows(play: Play) -> None:
    play.script[RunForward] = [
        CallsFinished((replace(CALLS[0], status="failed", outputs=(), stats=()),)),
        replace(REPORT, problems=(MISMATCH,)),
    ]
    written = play("run", "model.py", "--json")
    assert written.status == 1
    assert written.json["problems"] == [
        {
            "code": "shape-mismatch",
            "severity": "error",
            "module": "fc",
            "parameter": None,
            "attribute": None,
            "call": 1,
            "file": "model.py",
            "line": 9,
            "message": "fc expects 3 features, gets 5.",
            "hint": "Flatten gave 5.",
            "fixes": [
                {
                    "kind": "set_argument",
                    "module": "fc",
                    "argument": "in_features",
                    "value": 5,
                    "text": "Set in_features=5.",
                    "verified": True,
                }
            ],
            "data": {"nan": None, "sizes": [3, 5]},
            "details": "Traceback ...",
        }
    ]
    assert "failed" in play("run", "model.py").out


def test_that_a_repair_comes_with_its_patch(play: Play) -> None:
    patch = (
        "--- a/model.py\n+++ b/model.py\n@@ -9 +9 @@\n-        self.fc = nn.Linear(3, 2)\n+        self.fc = nn.Linear(5, 2)\n"
    )
    fixed = replace(MISMATCH, fixes=(replace(MISMATCH.fixes[0], patch=patch),))
    play.script[RunForward] = [replace(REPORT, problems=(fixed,))]
    assert play("run", "model.py", "--json").json["problems"][0]["fixes"][0]["patch"] == patch
    assert "    +        self.fc = nn.Linear(5, 2)" in play("check", "model.py").out.splitlines()


def test_that_warnings_alone_are_status_zero(play: Play) -> None:
    play.script[OpenTarget] = lambda request: opened(request.target, problems=(replace(MISMATCH, severity="warning"),))
    written = play("run", "model.py")
    assert written.status == 0
    assert written.out.splitlines()[-1] == "1 warning"


def test_that_a_run_that_fails_keeps_the_calls_that_were_seen(play: Play) -> None:
    died = Problem("worker-died", "The worker was killed.", hint="Not enough memory?")
    play.script[RunForward] = [CallsFinished((CALLS[0],)), Failed((died,))]
    written = play("run", "model.py", "--json")
    assert written.status == 2
    assert [call["module"] for call in written.json["calls"]] == ["fc"]
    assert play("run", "model.py").out.count("Linear") == 1


def test_that_a_cancelled_run_is_status_130_and_keeps_its_calls(play: Play) -> None:
    play.script[RunForward] = [CallsFinished((CALLS[0],)), UNTIL_CANCELLED]
    canceller = threading.Timer(0.05, lambda: play.sessions[-1].cancel())
    canceller.start()
    written = play("run", "model.py")
    canceller.join()
    assert written.status == 130
    assert "Linear" in written.out
    assert written.err == "Cancelled.\n"


def test_that_the_session_is_closed_whatever_happens(play: Play) -> None:
    def crash(_request: Any) -> Any:
        raise KeyboardInterrupt

    play.script[RunForward] = crash
    assert play("run", "model.py").status == 130
    assert play.sessions[-1].state == "stopped"


def test_that_colours_are_only_used_on_a_terminal(play: Play) -> None:
    play.script[RunForward] = [replace(REPORT, problems=(MISMATCH,))]
    assert "\x1b[31merror\x1b[0m: fc expects" in play("run", "model.py", colour=True).out
    assert "\x1b" not in play("run", "model.py").out
    assert "\x1b" not in play("run", "model.py", "--json", colour=True).out
