"""The command line with a real worker, torch and files: a few whole ways through."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

import torchloupe
from torchloupe.__main__ import main

MODEL = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, features=72):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.fc = nn.Linear(features, 10)

    def forward(self, x):
        print("a print of the model")
        return self.fc(torch.flatten(self.conv(x), 1))


def example_inputs():
    return (torch.randn(2, 3, 5, 5),)
"""
CRASH = "import os\nfrom torch import nn\nclass Net(nn.Module):\n    def forward(self, x): os._exit(9)\ndef example_inputs(): return (1,)\n"
SLOW = """
import time
from torch import nn


class Slow(nn.Module):
    def forward(self, x):
        print("it runs")
        while True:
            time.sleep(0.05)


def example_inputs():
    return (1,)
"""


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A file with a small model."""
    (tmp_path / "model.py").write_text(MODEL)
    return str(tmp_path / "model.py")


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(torchloupe.__file__).parent.parent), "OMP_NUM_THREADS": "1"}


def test_that_a_run_of_a_real_model_has_calls_and_its_prints_go_to_standard_error(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", model, "--json"]) == 0
    captured = capsys.readouterr()
    plain = json.loads(captured.out)
    assert [(call["module"], call["outputs"][0]["shape"]) for call in plain["calls"]] == [
        ("", [2, 10]),
        ("conv", [2, 8, 3, 3]),
        ("fc", [2, 10]),
    ]
    assert plain["target"]["input"] == ["float32[2,3,5,5]"] or plain["target"]["input"] == ["x=float32[2,3,5,5]"]
    assert captured.err == "a print of the model\n"


def test_that_arguments_and_inputs_from_the_command_line_make_the_mismatch(
    model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", f"{model}:Net", "--args", '{"features": 99}', "--input", "float32[1,3,6,6]"]) == 1
    out = capsys.readouterr().out
    assert "99" in out
    assert "128" in out
    assert out.rstrip().endswith("1 error")


def test_that_check_survives_a_worker_that_dies_and_goes_on(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "crash.py").write_text(CRASH)
    (tmp_path / "broken.py").write_text("def broken(:\n")
    targets = [model, str(tmp_path / "crash.py"), str(tmp_path / "broken.py"), str(tmp_path / "absent.py"), model]
    assert main(["check", *targets, "--json"]) == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [[problem["code"] for problem in line["problems"]] for line in lines] == [
        [],
        ["worker-died"],
        ["import-failed"],
        ["usage"],
        [],
    ]


def test_that_a_target_is_compared_with_a_checkpoint_on_disk(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    net = nn.ModuleDict({"conv": nn.Conv2d(3, 8, 3), "fc": nn.Linear(72, 4)})
    torch.save(
        {"state_dict": {f"module.{key}": value for key, value in net.state_dict().items()}, "epoch": 1}, tmp_path / "ck.pt"
    )
    assert main(["diff", model, str(tmp_path / "ck.pt"), "--json"]) == 1
    plain = json.loads(capsys.readouterr().out)
    assert plain["state_dict"]["mapping"] == {"module.conv.weight": "conv.weight", "module.conv.bias": "conv.bias"}
    assert [problem["code"] for problem in plain["problems"]] == ["checkpoint-renamed", "checkpoint-shape"]


def test_that_torchinfo_prints_its_table(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", model, "--summary"]) == 0
    assert "Layer (type:depth-idx)" in capsys.readouterr().out


def test_that_an_interpreter_that_is_not_there_is_bad_usage(model: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", model, "--python", "no-such-python"]) == 2
    assert "no-such-python" in capsys.readouterr().err


def test_that_control_c_ends_a_run_that_hangs_with_status_130(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    words = [sys.executable, "-m", "torchloupe", "run", str(tmp_path / "slow.py")]
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert process.stderr.readline() == "it runs\n"
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(0.5)
            except subprocess.TimeoutExpired:
                continue
        assert process.returncode == 130
        assert "Slow" in process.stdout.read()
        where, *_, last = process.stderr.read().splitlines()
        assert where.startswith("info: The pass was stopped in the model's own forward, at line ")
        assert last == "Cancelled."


def test_that_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    torch.save({f"layers.{i}.weight": torch.zeros(1) for i in range(20_000)}, tmp_path / "big.pt")
    words = [sys.executable, "-m", "torchloupe", "show", str(tmp_path / "big.pt")]
    with subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().endswith("big.pt\n")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 0


def test_that_without_a_sample_input_one_is_worked_out_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    zoo = Path(__file__).parents[1] / "models" / "inputs"
    targets = [str(zoo / f"{stem}.py") for stem in ("cnn_28_gray", "batch_dict", "rnn_cell_hidden")]
    assert main(["check", "--json", *targets]) == 0
    found = [json.loads(line)["target"] for line in capsys.readouterr().out.splitlines()]
    assert {target["input_source"] for target in found} == {"worked_out"}
    assert found[0]["input"] == ["float32[2,1,28,28]"]
    assert found[1]["input"] == ["{'attention_mask': int64[2,8]>=1<2, 'input_ids': int64[2,8]<40}"]
    assert found[2]["input"] == ["float32[2,6]", "(float32[2,10], float32[2,10])", "float32[2,8]"]
    assert main(["run", targets[0], "--shapes-only"]) == 0
    assert "Input worked out: float32[2,1,28,28]" in capsys.readouterr().out


def test_that_the_tree_of_lazy_layers_has_the_sizes_of_the_sample_run_and_a_checkpoint_is_compared_with_those(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lazy.py").write_text(
        "import torch\nfrom torch import nn\n\ndef make_model():\n    return nn.Sequential(nn.LazyLinear(4), nn.ReLU())\n"
        "\ndef example_inputs():\n    return (torch.rand(2, 6),)\n"
    )
    torch.save({"0.weight": torch.zeros(4, 7), "0.bias": torch.zeros(4)}, tmp_path / "lazy.pt")
    main(["tree", str(tmp_path / "lazy.py"), "--calls", "--checkpoint", str(tmp_path / "lazy.pt"), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert {each["key"]: each["shape"] for each in said["parameters"]} == {"0.weight": [4, 6], "0.bias": [4]}
    assert [each["lazy"] for each in said["modules"]] == [False, True, False]
    assert {row["status"] for row in said["state_dict"]["rows"]} == {"matched", "shape"}
