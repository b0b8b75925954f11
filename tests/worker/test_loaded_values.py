"""Values that were loaded are looked at: NaN, layers that were never trained, statistics that do not fit what arrives."""

import pytest
import torch
from torch import nn

from torchloupe.analysis.loaded_values import INITIAL, NOT_FINITE, SIBLINGS, STATISTICS
from torchloupe.wire.problems import ERROR, INFO, WARNING
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.handlers import inspect, load, open_target
from torchloupe.worker.loaded_values import weights_seen
from worker.test_loading import plan as plan  # the fixture

CONVOLUTIONS = """
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)

    def forward(self, x):
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(x + self.bn2(self.conv2(y)))


class Net(nn.Module):
    def __init__(self, width=12, blocks=3):
        super().__init__()
        self.stem, self.bn = nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.fc = nn.Linear(width, 10)

    def forward(self, x):
        x = torch.relu(self.bn(self.stem(x)))
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean((2, 3)))


def sample(count=8):
    made = torch.Generator().manual_seed(count)
    low = torch.randn(count, 3, 4, 4, generator=made)
    return nn.functional.interpolate(low, 16, mode="bilinear") + 0.3 + 0.1 * torch.randn(count, 3, 16, 16, generator=made)


def example_inputs():
    return (sample(96),)
"""
LAYERS = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width=40, layers=8):
        super().__init__()
        self.layers = nn.ModuleList(nn.ModuleDict({"q": nn.Linear(width, width), "k": nn.Linear(width, width)}) for _ in range(layers))

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer["q"](x)) + torch.tanh(layer["k"](x))
        return x


def example_inputs():
    return (torch.ones(2, 40),)
"""


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(5)


def made(source):
    held = {}
    exec(source, held)
    return held["Net"](), held


def trained(net, sample):
    """A net with weights that are not torch's own, and statistics that were gathered with them."""
    for parameter in net.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=1.2 / parameter[0].numel() ** 0.5)
            parameter.data += 0.4 * parameter.data.mean() + 0.1 * parameter.data.pow(3) * parameter[0].numel()
        else:
            parameter.data += 0.1 * torch.randn_like(parameter)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    net.train()
    with torch.no_grad():
        for number in range(8):
            net(sample(40 + number))
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum, module.num_batches_tracked.data = 0.1, torch.tensor(1000)
    return net.state_dict()


@pytest.fixture
def looked(plan, context, tmp_path):
    """What is said of a state_dict when it is loaded into the model of a source, and that was run."""

    def looked(source, state, **how):
        (tmp_path / "net.py").write_text(source)
        net, _ = made(source)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        load(context, plan(net, state))
        found = inspect(context, InspectModel(**how)).problems
        return [problem for problem in found if problem.code in (NOT_FINITE, INITIAL, STATISTICS, SIBLINGS)]

    return looked


@pytest.fixture
def good():
    """A state_dict that belongs to the net, and nothing is wrong with."""
    net, held = made(CONVOLUTIONS)
    return {key: value.clone() for key, value in trained(net, held["sample"]).items()}


def exchanged(state, one, other):
    return {**state, one: state[other], other: state[one]}


def test_that_nothing_is_said_of_weights_that_belong_here(looked, good):
    assert looked(CONVOLUTIONS, good) == []


@pytest.mark.parametrize("line", ["torch.randn(4, 3, 16, 16)", "torch.rand(2, 3, 16, 16)", "torch.zeros(1, 3, 16, 16)"])
def test_that_noise_as_an_input_is_no_reason_to_doubt_the_weights(looked, good, line):
    assert looked(CONVOLUTIONS.replace("(sample(96),)", f"({line},)"), good) == []


WRONG = {
    "two convolutions exchanged": (lambda s: exchanged(s, "blocks.1.conv1.weight", "blocks.2.conv2.weight"), "blocks.1.bn1"),
    "one convolution turned around": (
        lambda s: {**s, "blocks.0.conv2.weight": s["blocks.0.conv2.weight"].transpose(0, 1)},
        "blocks.0.bn2",
    ),
    "one layer made anew": (
        lambda s: {**s, "blocks.1.conv2.weight": torch.randn_like(s["blocks.1.conv2.weight"]) / 10},
        "blocks.1.bn2",
    ),
    "statistics of two layers exchanged": (
        lambda s: exchanged(
            exchanged(s, "blocks.0.bn1.running_mean", "blocks.2.bn1.running_mean"),
            "blocks.0.bn1.running_var",
            "blocks.2.bn1.running_var",
        ),
        "blocks.0.bn1",
    ),
}


@pytest.mark.parametrize("fault", list(WRONG))
def test_that_the_first_wrong_layer_is_named(looked, good, fault):
    broken, place = WRONG[fault]
    (problem,) = [each for each in looked(CONVOLUTIONS, broken(good)) if each.code == STATISTICS]
    assert (problem.module, problem.severity) == (place, WARNING)
    assert place.replace("bn", "conv") in problem.hint


def test_that_an_input_that_is_not_normalised_is_named_and_not_the_weights(looked, good):
    (problem,) = looked(CONVOLUTIONS.replace("(sample(96),)", "(sample(96) * 60 + 120,)"), good)
    assert problem.module == "bn"
    assert "not normalised" in problem.hint


def test_that_statistics_which_were_hardly_gathered_say_nothing(looked, good):
    young = {key: torch.tensor(3) if key.endswith("tracked") else value for key, value in good.items()}
    broken, _ = WRONG["one layer made anew"]
    assert looked(CONVOLUTIONS, broken(young)) == []


def test_that_a_run_on_shapes_alone_looks_at_the_weights_only(looked, good):
    broken = {**WRONG["one layer made anew"][0](good), "fc.bias": torch.full((10,), float("nan"))}
    assert [problem.code for problem in looked(CONVOLUTIONS, broken, shapes_only=True)] == [NOT_FINITE]


def test_that_nan_and_infinity_are_counted(looked, good):
    good["blocks.1.conv1.weight"].view(-1)[3:5] = float("nan")
    good["fc.weight"].view(-1)[7] = float("inf")
    (problem,) = [each for each in looked(CONVOLUTIONS, good, shapes_only=True) if each.code == NOT_FINITE]
    assert problem.severity == ERROR
    assert problem.message.startswith("blocks.1.conv1.weight of a.pt has 2 NaN, and 1 more tensor has such values.")
    assert problem.data["keys"] == ["blocks.1.conv1.weight", "fc.weight"]


def test_that_a_layer_that_was_never_trained_is_told_among_others(looked, good):
    good["blocks.2.conv2.weight"] = nn.Conv2d(12, 12, 3).weight.detach()
    problems = [each for each in looked(CONVOLUTIONS, good) if each.code == INITIAL]
    assert [each.severity for each in problems] == [WARNING]
    assert "blocks.2.conv2.weight of a.pt still looks like" in problems[0].message


def test_that_a_file_saved_before_training_is_a_remark_only(looked):
    net, _ = made(CONVOLUTIONS)
    state = {key: value + 0.5 if "tracked" not in key and "running" in key else value for key, value in net.state_dict().items()}
    (problem,) = looked(CONVOLUTIONS, state)
    assert (problem.code, problem.severity) == (INITIAL, INFO)
    assert "saved before training" in problem.hint


def layered(layers=8, width=40):
    """Rows of q differ in length and columns do not; those of k are the other way round, as in networks that were trained."""
    state = {}
    rows = torch.linspace(0.2, 3, width)[:, None]
    for number in range(layers):
        for part, scale in (("q", rows), ("k", rows.t())):
            state[f"layers.{number}.{part}.weight"] = 0.2 * torch.randn(width, width) * scale
            state[f"layers.{number}.{part}.bias"] = 0.1 * torch.randn(width)
    return state


def test_that_equal_layers_that_agree_are_left_alone(looked):
    assert looked(LAYERS, layered()) == []


def test_that_a_square_matrix_that_was_turned_around_is_seen_by_its_siblings(looked):
    state = layered()
    state["layers.3.q.weight"] = state["layers.3.q.weight"].t().contiguous()
    (problem,) = looked(LAYERS, state)
    assert (problem.code, problem.severity, problem.parameter) == (SIBLINGS, WARNING, "layers.3.q.weight")
    assert "likely transposed" in problem.message


def test_that_two_weights_that_were_exchanged_are_seen_by_theirs(looked):
    state = layered()
    for number in range(8):
        state[f"layers.{number}.k.weight"] = 0.02 * torch.randn(40, 40)
        state[f"layers.{number}.q.weight"] = 0.2 * torch.randn(40, 40)
    (problem,) = looked(LAYERS, exchanged(state, "layers.5.q.weight", "layers.5.k.weight"))
    assert problem.data["keys"] == ["layers.5.q.weight", "layers.5.k.weight"]
    assert "likely exchanged" in problem.message


def test_that_the_model_is_as_it_was_after_it_was_looked_at(looked, good, context):
    looked(CONVOLUTIONS, good)
    held = context.state["open"]
    assert all(torch.equal(value, good[key]) for key, value in held.model.state_dict().items())
    assert held.model.training
    assert not context.state.get("spoiled")


def test_that_odd_tensors_are_passed_over():
    net = nn.Module()
    net.register_buffer("mask", torch.full((3, 3), float("-inf")))
    net.register_buffer("count", torch.tensor(3))
    net.lazy = nn.LazyLinear(4)
    net.empty = nn.Parameter(torch.empty(0, 4))
    keys = frozenset(["mask", "count", "lazy.weight", "empty"])
    looks = {look.key: look for look in weights_seen(net, keys, lambda: None)}
    assert looks.keys() == keys
    assert (looks["mask"].inf, looks["mask"].is_parameter, looks["count"].scale) == (9, False, None)


def test_that_a_weight_whose_nan_was_told_already_is_not_told_again(looked, good, context):
    good["fc.bias"].fill_(float("nan"))
    looked(CONVOLUTIONS, good)
    problems = inspect(context, InspectModel()).problems
    assert [problem.parameter for problem in problems if "NaN" in problem.message] == ["fc.bias"]
