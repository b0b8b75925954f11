"""What the values of a tensor say of how it was initialised."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from torchloupe.wire.errors import UsageError
from torchloupe.wire.registration import Initialisation, RecogniseInitialisation
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.handlers import initialisation, open_target
from torchloupe.worker.initialisation import recognised


def names(model, *keys):
    return {each.key: each.name for each in recognised(model, keys, lambda: None)}


def name_of(values):
    model = nn.Module()
    model.weight = nn.Parameter(values, requires_grad=values.is_floating_point())
    return names(model)["weight"]


@pytest.mark.parametrize(
    "make",  # in the test, where it is known what is drawn: of three thousand layers one looks like nothing in particular
    [
        partial(nn.Linear, 300, 200),
        partial(nn.Linear, 3, 2),
        partial(nn.Linear, 64, 64, dtype=torch.bfloat16),
        partial(nn.Linear, 64, 64, dtype=torch.float16),
        partial(nn.Conv1d, 4, 8, 3),
        partial(nn.Conv2d, 8, 16, 3, groups=2),
        partial(nn.Conv3d, 2, 4, 3),
        partial(nn.ConvTranspose2d, 16, 8, 3),
    ],
)
def test_that_the_default_of_linear_and_convolutions_is_recognised(make):
    assert set(names(make()).values()) == {"kaiming_uniform default"}


def test_that_the_default_of_recurrent_layers_is_recognised():
    assert set(names(nn.LSTM(32, 64, 2)).values()) == {"uniform default"}


def test_that_other_layers_of_torch_are_told_as_they_are_drawn():
    assert names(nn.Embedding(1000, 64, padding_idx=0)) == {"weight": "normal std 1"}
    assert names(nn.MultiheadAttention(64, 4)) == {
        "in_proj_weight": "xavier_uniform",
        "in_proj_bias": "zeros",
        "out_proj.weight": "kaiming_uniform default",
        "out_proj.bias": "zeros",
    }
    assert list(names(nn.BatchNorm2d(8)).values()) == ["ones", "zeros", "zeros", "ones", "zeros"]


@pytest.mark.parametrize(
    ("fill", "name"),
    [
        (nn.init.zeros_, "zeros"),
        (nn.init.ones_, "ones"),
        (lambda tensor: nn.init.constant_(tensor, 0.02), "constant 0.02"),
        (nn.init.eye_, "identity"),
        (nn.init.orthogonal_, "orthogonal"),
        (lambda tensor: nn.init.orthogonal_(tensor, math.sqrt(2)), "orthogonal"),
        (nn.init.xavier_uniform_, "xavier_uniform"),
        (lambda tensor: nn.init.kaiming_uniform_(tensor, nonlinearity="relu"), "kaiming_uniform"),
        (lambda tensor: nn.init.uniform_(tensor, 0.2, 0.7), "uniform"),
        (lambda tensor: nn.init.normal_(tensor, std=0.02), "normal std 0.02"),
        (lambda tensor: nn.init.trunc_normal_(tensor, std=0.02), "normal std 0.02"),
        (lambda tensor: nn.init.sparse_(tensor, 0.1), ""),
        (lambda tensor: tensor.copy_(torch.randn(96, 64) ** 3), ""),
        (lambda tensor: tensor.copy_(torch.randn(96, 64) + 1), ""),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_that_each_initialisation_is_recognised_and_nothing_else(fill, name, dtype):
    tensor = torch.zeros(96, 64, dtype=dtype)
    fill(tensor)
    assert name_of(tensor) == name


def test_that_trained_values_are_not_taken_for_the_default():
    layer = nn.Linear(64, 64)
    with torch.no_grad():
        layer.weight.add_(torch.randn_like(layer.weight) * 0.1)
    assert names(layer)["weight"] == ""


def test_that_values_within_the_bound_but_not_spread_to_it_are_not_the_default():
    layer = nn.Linear(64, 64)
    with torch.no_grad():
        layer.weight.mul_(0.7)
    assert names(layer)["weight"] == "uniform"


def test_that_a_large_tensor_is_sampled_from_everywhere():
    values = torch.randn(600, 1000) * 0.02
    assert name_of(values) == "normal std 0.02"
    assert name_of(values.t()) == "normal std 0.02"
    values[:300] = 0
    assert name_of(values) == ""


def test_that_one_other_value_in_a_large_tensor_is_no_constant():
    values = torch.zeros(600, 1000)
    assert name_of(values) == "zeros"
    values[599, 998] = 1
    assert name_of(values) == ""


def test_that_integers_are_constants_or_nothing():
    assert name_of(torch.zeros(3, dtype=torch.int64)) == "zeros"
    assert name_of(torch.arange(1000)) == ""
    assert name_of(torch.ones(3, dtype=torch.bool)) == "ones"


def test_that_few_drawn_values_look_like_anything():
    assert name_of(torch.randn(100)) == ""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.empty(30, 30, device="meta"),
        lambda: torch.eye(3).to_sparse(),
        lambda: torch.empty(0, 3),
        lambda: torch.ones(3, dtype=torch.complex64),
        lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        lambda: torch.full((300,), float("nan")),
        lambda: torch.randn(1000).index_fill_(0, torch.tensor([5]), float("inf")),
    ],
)
def test_that_what_cannot_be_judged_has_no_name(make):
    model = nn.Module()
    model.register_buffer("odd", make())
    assert names(model) == {"odd": ""}


def test_that_lazy_tensors_have_no_name():
    assert names(nn.LazyLinear(3)) == {"weight": "", "bias": ""}


def test_that_only_the_wanted_keys_are_looked_at():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    assert list(names(model, "1.bias", "0.weight")) == ["0.weight", "1.bias"]
    assert list(names(model)) == ["0.weight", "0.bias", *(f"1.{key}" for key in nn.BatchNorm1d(2).state_dict())]


def test_that_no_random_number_is_used_up_and_nothing_changes():
    layer = nn.Linear(300, 300)
    before, state = layer.weight.detach().clone(), torch.random.get_rng_state()
    names(layer)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(layer.weight, before)
    assert layer.weight.grad is None


def test_that_it_can_be_stopped_between_two_tensors():
    class Enough(Exception):
        pass

    looked = []

    def check():
        looked.append(1)
        if len(looked) == 3:
            raise Enough

    with pytest.raises(Enough):
        recognised(nn.LSTM(4, 4, 4), (), check)
    assert len(looked) == 3


def test_that_the_open_model_is_asked(context, models):
    open_target(context, OpenTarget(str(models / "clean_cnn.py")))
    (found,) = initialisation(context, RecogniseInitialisation(("head.bias",))).found
    assert found == Initialisation("head.bias", "kaiming_uniform default")


def test_that_without_an_open_model_it_is_a_sentence(context):
    with pytest.raises(UsageError, match="No model is open"):
        initialisation(context, RecogniseInitialisation())
