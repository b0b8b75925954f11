"""Whole modules in a file, read in a process that has never heard of their classes."""

import subprocess
import sys

import pytest

from torchloupe.checkpoints import read_contents

_WRITER = """
import collections, json, sys, torch
from project import Net
torch.manual_seed(0)
net = torch.nn.DataParallel(Net(7))
torch.save(net, "whole.pt")
torch.save({"model": net.module, "epoch": 2}, "inside.pt")
torch.save(net.state_dict(), "state.pt")
json.dump({key: list(value.shape) for key, value in net.state_dict().items()}, open("keys.json", "w"))
"""

_PROJECT = """
import torch

class Config:
    def __init__(self, width):
        self.width = width

class Net(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.config = Config(width)
        self.name = "net"
        self.stem = torch.nn.Conv2d(3, width, 3, bias=False)
        self.norm = torch.nn.BatchNorm2d(width)
        self.blocks = torch.nn.ModuleList(torch.nn.Linear(width, width) for _ in range(2))
        self.again = self.blocks[0]
        self.scale = torch.nn.Parameter(torch.ones(width))
        self.register_buffer("mask", torch.ones(3, 3))
        self.register_buffer("passing", torch.ones(5), persistent=False)
        self.register_parameter("nothing", None)
        self.loose = torch.zeros(4)
        self.hidden = [torch.nn.Linear(2, 2)]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("modules")
    (where / "project.py").write_text(_PROJECT)
    subprocess.run([sys.executable, "-c", _WRITER], cwd=where, check=True, capture_output=True)
    return where


def test_that_the_keys_of_a_whole_module_are_those_of_its_state_dict(folder):
    assert "project" not in sys.modules
    whole, state = read_contents(folder / "whole.pt"), read_contents(folder / "state.pt")
    assert [(row.key, row.shape, row.dtype) for row in whole.tensors] == [
        (row.key, row.shape, row.dtype) for row in state.tensors
    ]
    assert {row.container for row in whole.tensors} == {""}
    assert "module.again.weight" in {row.key for row in whole.tensors}
    assert "project" not in sys.modules


def test_that_a_module_in_a_dict_is_a_container_with_its_name(folder):
    contents = read_contents(folder / "inside.pt")
    assert {row.container for row in contents.tensors} == {"model"}
    assert [row.key for row in contents.tensors][:3] == ["scale", "mask", "stem.weight"]


def test_that_parameters_and_buffers_are_told_apart(folder):
    rows = {row.key: row for row in read_contents(folder / "inside.pt").tensors}
    assert rows["scale"].is_parameter
    assert rows["scale"].requires_grad
    assert not rows["mask"].is_parameter


def test_that_classes_and_plain_attributes_are_values(folder):
    contents = read_contents(folder / "inside.pt")
    values = {value.path: (value.type, value.value) for value in contents.values}
    assert values["model"] == ("project.Net", "module")
    assert values["model.stem.out_channels"] == ("int", 7)
    assert values["model.name"] == ("str", "net")
    assert values["model.config"] == ("project.Config", "1 attribute")
    assert values["model.loose"] == ("Tensor", "float32 [4]")
    assert values["epoch"] == ("int", 2)


def test_that_it_is_said_once_that_the_file_is_a_module(folder):
    for name, path in (("whole.pt", ""), ("inside.pt", "model")):
        (found,) = [problem for problem in read_contents(folder / name).problems if problem.code == "checkpoint-pickled-module"]
        assert found.data["path"] == path
        assert "state_dict" in found.hint


def test_that_the_names_it_would_import_are_listed(folder):
    contents = read_contents(folder / "whole.pt")
    assert {"project.Net", "project.Config", "torch.nn.modules.conv.Conv2d"} <= set(contents.globals)
    assert list(contents.globals) == sorted(contents.globals)
