"""Building a model that has shapes and no data."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.construct import construct
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.target import import_target
from torchloupe.worker.ways_without_data import SmallData, built_without_data, wants_data

HUGE = """import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
{before}
        self.first = nn.Linear(500_000, 500_000)
        self.last = nn.Linear(500_000, 10)
        self.register_buffer("scale", torch.ones(500_000))

    def forward(self, x):
        positions = torch.arange(x.shape[-1])
        return self.last(self.first(x * self.scale) + positions)
"""
"""A terabyte of weights."""


@pytest.fixture
def huge(tmp_path):
    """A target of a terabyte, with a line of its own at the start of the constructor."""

    def huge(before=""):
        target = tmp_path / "huge.py"
        target.write_text(HUGE.format(before=f"        {before}"))
        return str(target)

    return huge


@pytest.mark.parametrize(
    "before",
    ["", "rates = [x.item() for x in torch.linspace(0, 0.1, 4)]", "assert torch.zeros(3).sum() == 0", "torch.ones(2).numpy()"],
)
def test_that_a_terabyte_is_opened_and_run_with_its_shapes_alone(context, huge, before):
    opened = open_target(context, OpenTarget(huge(before), device="meta"))
    assert {entry.device for entry in opened.tree.parameters} == {"meta"}
    assert opened.tree.modules[0].total_numel == 500_000 * 500_010 + 500_010
    report = forward(context, RunForward(("float32[2,500000]",), shapes_only=True))
    assert report.problems == ()
    assert (report.device, report.state_restored) == ("meta", True)
    assert [(call.module, call.outputs[0].shape) for call in context.calls] == [
        ("", (2, 10)),
        ("first", (2, 500_000)),
        ("last", (2, 10)),
    ]
    assert {call.stats for call in context.calls} == {(None,)}


def test_that_the_process_that_does_it_may_have_no_memory_for_the_weights(huge):
    script = (
        "import sys, resource, types, torch; sys.path.insert(0, sys.argv[2]);"
        "resource.setrlimit(resource.RLIMIT_AS, (16 << 30, 16 << 30));"
        "from torchloupe.worker.construct import construct; from torchloupe.worker.target import import_target;"
        "print(sum(p.numel() for p in construct(import_target(sys.argv[1]), None, 0, device='meta').parameters()))"
    )
    app = next(path for path in sys.path if path.endswith("app"))
    done = subprocess.run([sys.executable, "-c", script, huge(), app], capture_output=True, text=True, check=True, timeout=60)
    assert int(done.stdout) == 500_000 * 500_010 + 500_010


def test_that_without_the_meta_device_a_model_has_its_data(models):
    model = construct(import_target(str(models / "clean_cnn.py")), None, 0)
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}


def test_that_a_constructor_that_is_wrong_is_told_as_on_any_device(context, huge):
    with pytest.raises(CouldNotRun) as caught:
        open_target(context, OpenTarget(huge("raise ValueError('width must be even')"), device="meta"))
    [problem] = caught.value.problems
    assert (problem.code, "width must be even" in problem.message) == ("construct-failed", True)


def test_that_a_small_model_that_insists_on_numbers_is_built_with_them_and_moved(context, tmp_path):
    target = tmp_path / "orthogonal.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        weight = torch.randn(300, 300)\n        self.weight = nn.Parameter(weight / weight.norm().item())\n"
    )
    opened = open_target(context, OpenTarget(str(target), device="meta"))
    assert [(entry.device, entry.shape) for entry in opened.tree.parameters] == [("meta", (300, 300))]


def test_that_large_new_tensors_have_no_data_and_small_ones_do():
    with SmallData():
        layer, small = nn.Linear(1000, 1000), torch.zeros(3)
        told = torch.empty(1000, 1000, device="cpu")
        sizes = [torch.zeros((400, 400)), torch.randn(size=(400, 400)), torch.randint(3, (4,))]
    assert [tensor.device.type for tensor in (layer.weight, layer.bias, small, told)] == ["meta", "cpu", "cpu", "cpu"]
    assert [tensor.device.type for tensor in sizes] == ["meta", "meta", "cpu"]


def test_that_arguments_of_any_name_reach_the_constructor():
    made = built_without_data(lambda make, way: (make, way, torch.zeros(1).device.type), make=1, way=2)
    assert made == (1, 2, "meta")


def test_that_only_a_want_of_numbers_is_a_reason_to_try_again():
    calls = []

    def wrong():
        calls.append(1)
        raise KeyError("width")

    with pytest.raises(KeyError):
        built_without_data(wrong)
    assert calls == [1]
    assert wants_data(NotImplementedError())
    assert not wants_data(ValueError("width"))


@pytest.mark.parametrize("line", ["if x.sum() > 0: x = -x", "x = x * x.max().item()", "x = x[x > 0]", "x.numpy()", "x.tolist()"])
def test_that_on_the_meta_device_a_branch_on_a_value_is_no_fault_of_the_model(context, tmp_path, line):
    target = tmp_path / "gated.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.first = nn.Linear(4, 4)\n\n    def forward(self, x):\n        x = self.first(x).detach()\n        {line}\n"
        "        return x\n"
    )
    open_target(context, OpenTarget(str(target), device="meta"))
    for shapes_only in (True, False):
        [problem] = forward(context, RunForward(("float32[2,4]",), shapes_only=shapes_only)).problems
        assert (problem.code, problem.severity, problem.line) == ("shapes-need-data", "info", 12)


def test_that_a_mismatch_on_the_meta_device_is_the_mismatch_it_is_elsewhere(context, tmp_path):
    target = tmp_path / "wrong.py"
    target.write_text(
        "from torch import nn\n\n\ndef make_model():\n    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(5, 2))\n"
    )
    open_target(context, OpenTarget(str(target), device="meta"))
    [problem] = forward(context, RunForward(("float32[2,4]",), shapes_only=True)).problems
    assert (problem.code, problem.severity, problem.module) == ("shape-mismatch", "error", "2")


def test_that_a_model_with_data_is_run_on_the_meta_device_as_a_copy_without(context, tmp_path, monkeypatch):
    target = tmp_path / "net.py"
    target.write_text(
        "from torch import nn\n\n\ndef make_model():\n    return nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))\n"
    )
    open_target(context, OpenTarget(str(target)))
    model = context.state["open"].model
    copied = []
    whole = torch.Tensor.__deepcopy__
    monkeypatch.setattr(torch.Tensor, "__deepcopy__", lambda tensor, memo: copied.append(1) or whole(tensor, memo))
    report = forward(context, RunForward(("float32[2,4]",), device="meta"))
    assert (report.problems, report.device, copied) == ((), "meta", [])
    assert {tensor.device.type for tensor in model.state_dict().values()} == {"cpu"}
    assert {output.device for call in context.calls for output in call.outputs} == {"meta"}
