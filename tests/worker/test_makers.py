"""While a pass goes on it is kept which layer or function made each tensor, so that a mismatch can say where its sizes come from."""

import pytest
import torch

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.places import Places
from torchloupe.worker.recovery.makers import Makers

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"


@pytest.fixture
def origins(context, tmp_path):
    """Where the sizes of each mismatch come from."""

    def run(init, lines, inputs):
        source = HEAD + "".join(f"        {line}\n" for line in ["super().__init__()", *init])
        source += "\n    def forward(self, x):\n" + "".join(f"        {line}\n" for line in lines)
        source += f"\n\ndef example_inputs():\n    return ({inputs},)\n"
        (tmp_path / "net.py").write_text(source)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        problems = forward(context, RunForward()).problems
        assert all(problem.data.get("origin", "") in problem.message for problem in problems)
        return [problem.data.get("origin") for problem in problems]

    return run


CONV = ["self.conv = nn.Conv2d(3, 64, 3)", "self.pool = nn.MaxPool2d(2)", "self.fc = nn.Linear(3136, 10)"]


def test_that_a_product_is_of_the_layer_before_the_flatten(origins):
    lines = ["x = self.pool(self.conv(x))", "x = torch.relu(torch.flatten(x, 1))", "return self.fc(x)"]
    assert origins(CONV, lines, "torch.ones(2, 3, 14, 14)") == ["2304 = 64 x 6 x 6, the output of `pool` (line 14)"]


def test_that_a_function_is_named_as_it_is_written(origins):
    lines = ["x = F.avg_pool2d(self.conv(x), 3)", "return self.fc(x.view(x.size(0), -1))"]
    assert origins(CONV, lines, "torch.ones(2, 3, 14, 14)") == ["1024 = 64 x 4 x 4, the output of `F.avg_pool2d` (line 14)"]


def test_that_channels_are_of_the_layer_that_made_them(origins):
    init = ["self.a = nn.Conv2d(3, 8, 1)", "self.norm = nn.BatchNorm2d(8)", "self.b = nn.Conv2d(9, 2, 1)"]
    lines = ["x = F.max_pool2d(F.relu(self.norm(self.a(x))), 2)", "return self.b(x)"]
    assert origins(init, lines, "torch.ones(2, 3, 8, 8)") == ["8 comes from `a` (line 14)"]


def test_that_both_branches_of_a_sum_are_told(origins):
    init = ["self.a = nn.Conv2d(3, 8, 3, 2)", "self.b = nn.Conv2d(3, 8, 1)"]
    (origin,) = origins(init, ["return self.b(x) + self.a(x)"], "torch.ones(2, 3, 9, 9)")
    assert origin == "[2, 8, 9, 9] from `b` (line 13); [2, 8, 4, 4] from `a` (line 13)"


def test_that_what_follows_a_layer_that_failed_names_it(origins):
    init = ["self.a = nn.Linear(5, 8)", "self.b = nn.Linear(9, 2)"]
    first, second = origins(init, ["return self.b(F.relu(self.a(x)))"], "torch.ones(2, 4)")
    assert first is None
    assert second == "8 comes from `a` (line 13)"


def test_that_a_size_of_the_input_was_made_by_nobody(origins):
    assert origins(["self.fc = nn.Linear(5, 8)"], ["return self.fc(x.flatten(1))"], "torch.ones(2, 2, 2)") == [None]


def test_that_a_tensor_that_is_gone_has_no_maker():
    makers = Makers(Places())
    makers.note(torch.relu, (torch.ones(3),), {}, torch.ones(3), [])
    assert makers.of(torch.ones(3)) is None
    assert makers.of(None) is None
    assert makers.of_each([torch.ones(2)]) == [None]


def test_that_each_tensor_of_several_has_its_maker():
    makers, parts = Makers(Places()), torch.ones(4, 2).chunk(2)
    makers.note(torch.chunk, (torch.ones(4, 2), 2), {}, parts, [])
    assert [maker.shape for maker in makers.of_each(parts)] == [(2, 2), (2, 2)]
    assert makers.of(parts[0]).name == "`torch.chunk`"


def test_that_an_answer_that_is_no_tensor_is_not_kept():
    makers = Makers(Places())
    makers.note(torch.Tensor.item, (torch.ones(1),), {}, 1.0, [])
    assert makers._known == {}
