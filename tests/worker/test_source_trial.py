"""A line written otherwise runs for a while, in the functions of the model's classes, and leaves nothing behind."""

import linecache
import sys

import pytest
import torch

from torchloupe.analysis.source_edits import Edit
from torchloupe.wire.problems import Fix, Problem
from torchloupe.worker.patches import source_patch, with_patches
from torchloupe.worker.places import Places
from torchloupe.worker.source_trial import spot_of, with_edits

SOURCE = """import sys
import torch
from torch import nn

FRAMES = []


def helper(x):
    return x.sum(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 4)
        self.parts = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])

    def forward(self, x):
        FRAMES.append(sys._getframe())
        super().extra_repr()
        return helper(self.fc(x)), x.sum(0)

    @property
    def doubled(self):
        return 2 * self.fc.weight
"""


@pytest.fixture
def net(tmp_path, monkeypatch):
    (tmp_path / "edited_net.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    import edited_net

    yield edited_net
    del sys.modules["edited_net"]
    linecache.clearcache()


@pytest.fixture
def model(net):
    return net.Net()


@pytest.fixture
def spot(net, model):
    """The line of the forward that ended last."""
    model(torch.ones(2, 3))
    return spot_of(net.FRAMES[-1])


def test_that_a_place_is_a_line_of_the_users(net, spot):
    assert (spot.file, spot.is_direct) == (net.__file__, True)
    assert spot.source == SOURCE
    assert spot.code is net.Net.forward.__code__


def test_that_there_may_be_no_place():
    assert spot_of(None) is None


def test_that_an_expression_is_found_at_the_line_of_a_place(spot):
    there = type(spot)(spot.code, 21)
    assert [piece.text for piece in there.expression("helper").operands] == ["self.fc(x)"]
    assert type(spot)(spot.code, 21, is_direct=False).expression("helper") is None


def edit_of(spot, operation, text):
    return Edit(type(spot)(spot.code, 21).expression(operation).span, text)


def test_that_the_line_runs_otherwise_inside_and_as_ever_afterwards(spot, model, net):
    code = net.Net.forward.__code__
    with with_edits(model, [(spot, [edit_of(spot, "helper", "helper(self.fc(x).t())")])]) as is_made:
        assert is_made
        assert model(torch.ones(2, 3))[0].shape == (2,)
    assert model(torch.ones(2, 3))[0].shape == (4,)
    assert net.Net.forward.__code__ is code


def test_that_it_is_put_back_after_an_error(spot, model, net):
    code = net.Net.forward.__code__
    with pytest.raises(ZeroDivisionError), with_edits(model, [(spot, [edit_of(spot, "helper", "1 / 0")])]):
        model(torch.ones(2, 3))
    assert net.Net.forward.__code__ is code


def test_that_a_function_of_the_file_can_be_changed_too(spot, model, net):
    there = type(spot)(net.helper.__code__, 9)
    with with_edits(model, [(there, [Edit(there.expression("sum").span, "x.sum(1)")])]) as is_made:
        assert is_made
        assert model(torch.ones(2, 3))[0].shape == (2,)


def test_that_a_property_can_be_changed_too(spot, model, net):
    there = type(spot)(net.Net.doubled.fget.__code__, 25)
    with with_edits(model, [(there, [])]) as is_made:
        assert is_made


def test_that_what_cannot_be_compiled_is_not_run(spot, model):
    with with_edits(model, [(spot, [edit_of(spot, "helper", "helper(")])]) as is_made:
        assert not is_made


def test_that_a_file_that_was_saved_since_is_not_run(spot, model, net):
    with open(net.__file__, "a", encoding="utf-8") as file:
        file.write("# the end\n")
    linecache.checkcache()
    with with_edits(model, [(spot, [])]) as is_made:
        assert is_made  # what was added does not change the function
    with open(net.__file__, "w", encoding="utf-8") as file:
        file.write(SOURCE.replace("helper(self.fc(x))", "helper(self.fc(x) + 1)"))
    linecache.checkcache()
    with with_edits(model, [(spot, [])]) as is_made:
        assert not is_made


def test_that_code_of_strangers_is_not_changed(spot, model):
    with with_edits(torch.nn.Linear(2, 2), [(spot, [])]) as is_made:
        assert not is_made


def test_that_a_patch_names_the_file_from_the_folder_of_the_project(spot, tmp_path):
    text = source_patch(spot.file, [edit_of(spot, "helper", "helper(x)")], Places(str(tmp_path)))
    assert text.startswith("--- a/edited_net.py\n+++ b/edited_net.py\n")
    assert "-        return helper(self.fc(x)), x.sum(0)\n+        return helper(x), x.sum(0)\n" in text
    assert source_patch(spot.file, [], Places(str(tmp_path))) == ""
    assert source_patch("nowhere.py", [], Places()) == ""


def fixes_after(model, tmp_path, *fixes):
    (problem,) = with_patches([Problem("shape-mismatch", "", fixes=fixes)], model, Places(str(tmp_path)))
    return problem.fixes


def test_that_a_verified_argument_has_a_patch_of_its_constructor(model, tmp_path):
    (fix,) = fixes_after(model, tmp_path, Fix("set_argument", "", "fc", "in_features", 5, verified=True))
    assert "-        self.fc = nn.Linear(3, 4)\n+        self.fc = nn.Linear(5, 4)\n" in fix.patch


@pytest.mark.parametrize(
    "fix",
    [
        Fix("set_argument", "", "fc", "in_features", 5),
        Fix("set_argument", "", "parts.0", "in_features", 5, verified=True),
        Fix("change_input", "", value={"unsqueeze": 0}, verified=True),
    ],
    ids=["not verified", "made in a loop", "no change of the source"],
)
def test_that_others_have_none(fix, model, tmp_path):
    assert fixes_after(model, tmp_path, fix) == (fix,)
