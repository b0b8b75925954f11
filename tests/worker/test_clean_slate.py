"""Each target is opened as if it were the first."""

import sys

import pytest
import torch

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import forward, open_target

MODEL = """import torch
from torch import nn
from parts import WIDTH


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, WIDTH)

    def forward(self, x):
        return self.fc(x)


def example_inputs():
    return torch.ones(2, 4)
"""


@pytest.fixture
def project(tmp_path):
    """Makes a folder with a model and a neighbour file that says how wide it is; returns the target."""

    def make(name, width):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "model.py").write_text(MODEL)
        (folder / "parts.py").write_text(f"WIDTH = {width}\n")
        return str(folder / "model.py")

    yield make
    for name in ("model", "parts"):
        sys.modules.pop(name, None)


def width(opened):
    return opened.tree.parameters[0].shape[0]


def test_that_a_neighbour_of_the_same_name_in_another_project_is_not_mistaken(context, project):
    assert width(open_target(context, OpenTarget(project("one", 3)))) == 3
    assert width(open_target(context, OpenTarget(project("other", 50)))) == 50
    assert width(open_target(context, OpenTarget(project("one", 3)))) == 3


def test_that_a_neighbour_that_was_edited_is_read_again(context, project):
    assert width(open_target(context, OpenTarget(project("one", 3)))) == 3
    assert width(open_target(context, OpenTarget(project("one", 1234)))) == 1234


def test_that_a_module_of_a_package_that_was_edited_is_read_again(context, project, tmp_path):
    project("one", 3)
    (tmp_path / "one" / "__init__.py").write_text("")
    target = tmp_path / "one" / "model.py"
    target.write_text(MODEL.replace("from parts", "from .parts"))
    assert width(open_target(context, OpenTarget(str(target)))) == 3
    (tmp_path / "one" / "parts.py").write_text("WIDTH = 1234\n")
    assert width(open_target(context, OpenTarget(str(target)))) == 1234


def test_that_a_neighbour_that_failed_is_read_again_once_it_is_corrected(context, project, tmp_path):
    target = project("one", 3)
    (tmp_path / "one" / "parts.py").write_text("raise RuntimeError('not yet')\n")
    with pytest.raises(CouldNotRun):
        open_target(context, OpenTarget(target))
    assert width(open_target(context, OpenTarget(project("one", 3)))) == 3


def test_that_a_failed_opening_leaves_the_open_model_its_imports_and_defaults(context, project, models, tmp_path):
    target = project("one", 3)
    open_target(context, OpenTarget(target))
    parts = sys.modules["parts"]
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import torch\n\ntorch.set_default_dtype(torch.float64)\nraise RuntimeError('no')\n\n\ndef make_model():\n    pass\n"
    )
    with pytest.raises(CouldNotRun):
        open_target(context, OpenTarget(str(bad)))
    assert sys.modules["parts"] is parts
    assert torch.get_default_dtype() is torch.float32
    assert forward(context, RunForward()).problems == ()


def test_that_a_default_of_one_model_is_not_that_of_the_next(context, models):
    target = str(models / "odd_models.py")
    opened = open_target(context, OpenTarget(f"{target}:SetsTheDefaultDtype"))
    assert {entry.dtype for entry in opened.tree.parameters} == {"float64"}
    assert forward(context, RunForward()).outputs[0].dtype == "float64"
    opened = open_target(context, OpenTarget(f"{target}:Plain"))
    assert {entry.dtype for entry in opened.tree.parameters} == {"float32"}


def test_that_a_default_device_without_data_is_a_sentence_about_the_input(context, tmp_path):
    target = tmp_path / "meta.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\ndef make_model():\n    model = nn.Linear(4, 4)\n"
        "    torch.set_default_device('meta')\n    return model\n\n\ndef example_inputs():\n    return torch.ones(2, 4)\n"
    )
    open_target(context, OpenTarget(str(target)))
    with pytest.raises(CouldNotRun) as caught:
        forward(context, RunForward())
    [problem] = caught.value.problems
    assert problem.code == "input-failed"
    assert "meta device" in problem.message
    opened = open_target(context, OpenTarget(str(target)))
    assert {entry.device for entry in opened.tree.parameters} == {"cpu"}
