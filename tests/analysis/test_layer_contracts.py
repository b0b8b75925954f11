"""Whether an input fits a layer, from settings and shapes alone."""

import pytest

from torchloupe.analysis.layer_contracts import RankMismatch, SingleValue, SizeMismatch, TooSmall, check_layer

LINEAR = {"in_features": 3136, "out_features": 10}
CONV = {"in_channels": 3, "out_channels": 8, "kernel_size": (5, 5), "padding": (0, 0), "dilation": (1, 1)}


@pytest.mark.parametrize(
    ("layer", "settings", "shape"),
    [
        ("Linear", LINEAR, (8, 3136)),
        ("Linear", LINEAR, (8, 5, 3136)),
        ("Linear", LINEAR, (3136,)),
        ("Conv2d", CONV, (2, 3, 32, 32)),
        ("Conv2d", CONV, (3, 32, 32)),
        ("Conv2d", {**CONV, "padding": "same"}, (2, 3, 2, 2)),
        ("ConvTranspose2d", CONV, (2, 3, 1, 1)),
        ("BatchNorm2d", {"num_features": 8, "training": True}, (2, 8, 1, 1)),
        ("BatchNorm2d", {"num_features": 8, "training": False}, (1, 8, 1, 1)),
        ("LayerNorm", {"normalized_shape": (4, 6)}, (2, 4, 6)),
        ("GroupNorm", {"num_channels": 6}, (1, 6)),
        ("LSTM", {"input_size": 7, "batch_first": True}, (4, 9, 7)),
        ("MultiheadAttention", {"embed_dim": 16}, (5, 2, 16)),
        ("MaxPool2d", {"kernel_size": 2}, (2, 3, 8, 8)),
        ("ReLU", {}, (1,)),
        ("SomethingNew", {}, ()),
    ],
)
def test_that_an_input_that_fits_gives_no_finding(layer, settings, shape):
    assert check_layer(layer, settings, shape) is None


@pytest.mark.parametrize(
    ("layer", "settings", "shape", "finding"),
    [
        ("Linear", LINEAR, (8, 1600), SizeMismatch("in_features", 3136, 1600, -1, "features")),
        ("Linear", LINEAR, (), RankMismatch((1, 2), 0, "..., features")),
        ("Bilinear", {"in1_features": 4}, (2, 5), SizeMismatch("in1_features", 4, 5, -1, "features")),
        ("Conv2d", CONV, (2, 1, 32, 32), SizeMismatch("in_channels", 3, 1, 1, "channels")),
        ("Conv2d", CONV, (1, 32, 32), SizeMismatch("in_channels", 3, 1, 0, "channels")),
        ("Conv2d", CONV, (32, 32), RankMismatch((4,), 2, "batch, channels, height, width")),
        ("Conv2d", CONV, (2, 3, 4, 32), TooSmall(4, 5)),
        ("Conv2d", {**CONV, "dilation": (2, 2)}, (2, 3, 8, 32), TooSmall(8, 9)),
        ("BatchNorm2d", {"num_features": 8}, (2, 4, 3, 3), SizeMismatch("num_features", 8, 4, 1, "channels")),
        ("BatchNorm1d", {"num_features": 8}, (8,), RankMismatch((2, 3), 1, "batch, channels, length")),
        ("BatchNorm2d", {"num_features": 8, "training": True}, (1, 8, 1, 1), SingleValue()),
        ("LayerNorm", {"normalized_shape": (4, 6)}, (2, 5, 6), SizeMismatch("normalized_shape", 4, 5, -2, "features")),
        ("LayerNorm", {"normalized_shape": (4, 6)}, (6,), RankMismatch((3,), 1, "batch, ..., features")),
        ("GroupNorm", {"num_channels": 6}, (6,), RankMismatch((2,), 1, "batch, channels, ...")),
        ("LSTM", {"input_size": 7, "batch_first": True}, (4, 9, 24), SizeMismatch("input_size", 7, 24, -1, "features")),
        ("GRU", {"input_size": 7}, (4,), RankMismatch((3,), 1, "time, batch, features")),
        ("MultiheadAttention", {"embed_dim": 16}, (5, 2, 12), SizeMismatch("embed_dim", 16, 12, -1, "features")),
        ("MaxPool2d", {"kernel_size": 3, "padding": 0}, (2, 3, 2, 2), TooSmall(2, 3)),
        ("AvgPool1d", {"kernel_size": (3,), "padding": (0,)}, (2,), RankMismatch((3,), 1, "batch, channels, length")),
    ],
)
def test_that_what_does_not_fit_is_named_with_both_sizes(layer, settings, shape, finding):
    assert check_layer(layer, settings, shape) == finding
