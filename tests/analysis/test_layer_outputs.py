"""The shapes that a layer gives are those that torch says it gives."""

import pytest
import torch
from torch import nn

from torchloupe.analysis.layer_outputs import output_shapes

LAYERS = [
    (nn.Linear(5, 7), (2, 5)),
    (nn.Linear(5, 7), (2, 3, 5)),
    (nn.Linear(5, 7), (5,)),
    (nn.Conv1d(3, 4, 3, stride=2, padding=1), (2, 3, 9)),
    (nn.Conv2d(3, 4, (3, 5), stride=(1, 2), padding=(2, 1), dilation=2), (2, 3, 15, 17)),
    (nn.Conv2d(3, 4, 3), (3, 8, 9)),
    (nn.Conv2d(3, 4, 3, padding="same"), (2, 3, 8, 9)),
    (nn.Conv2d(3, 4, 3, padding="valid"), (2, 3, 8, 9)),
    (nn.Conv3d(3, 4, 2, stride=2), (2, 3, 6, 7, 8)),
    (nn.ConvTranspose1d(3, 4, 3, stride=2), (2, 3, 9)),
    (nn.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1), (2, 3, 5, 6)),
    (nn.ConvTranspose2d(3, 4, 3, dilation=2), (2, 3, 5, 6)),
    (nn.LSTM(5, 7, 2, bidirectional=True), (9, 2, 5)),
    (nn.LSTM(5, 7, proj_size=3, batch_first=True), (2, 9, 5)),
    (nn.GRU(5, 7), (9, 2, 5)),
    (nn.GRU(5, 7), (9, 5)),
    (nn.RNN(5, 7, batch_first=True), (2, 9, 5)),
    (nn.LSTMCell(5, 7), (2, 5)),
    (nn.GRUCell(5, 7), (2, 5)),
]


def shapes_in(value):
    if isinstance(value, torch.Tensor):
        return [tuple(value.shape)]
    return [shape for each in value for shape in shapes_in(each)]


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=[f"{layer} {list(shape)}" for layer, shape in LAYERS])
def test_that_a_layer_gives_what_torch_gives(layer, shape):
    assert output_shapes(type(layer).__name__, vars(layer), shape) == shapes_in(layer(torch.ones(shape)))


def test_that_another_width_changes_nothing_else():
    assert output_shapes("Linear", vars(nn.Linear(5, 7)), (2, 9)) == [(2, 7)]
    assert output_shapes("Conv2d", vars(nn.Conv2d(3, 4, 3)), (2, 8, 5, 5)) == [(2, 4, 3, 3)]
    assert output_shapes("GRU", vars(nn.GRU(5, 7)), (9, 2, 6)) == [(9, 2, 7), (1, 2, 7)]


def test_that_the_two_inputs_of_a_bilinear_give_one():
    assert output_shapes("Bilinear", vars(nn.Bilinear(3, 4, 5)), (2, 3)) == [(2, 5)]


@pytest.mark.parametrize(
    ("layer", "settings", "shape"),
    [
        ("Embedding", {}, (2, 3)),
        ("Linear", {}, (2, 3)),
        ("Conv2d", vars(nn.Conv2d(3, 4, 9)), (2, 3, 4, 4)),
        ("Conv2d", vars(nn.Conv2d(3, 4, 3)), ()),
        ("GRU", vars(nn.GRU(5, 7)), (9,)),
    ],
    ids=["another kind", "no settings", "a map that is too small", "no axes", "one axis"],
)
def test_that_nothing_is_said_of_what_is_not_known(layer, settings, shape):
    assert output_shapes(layer, settings, shape) is None
