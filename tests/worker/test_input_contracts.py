"""What layers would refuse, before they run: from their settings and from what arrives."""

import pytest
import torch
from torch import nn

from torchloupe.analysis.input_candidates import Wanted
from torchloupe.worker.input_contracts import refusal_of_layer

X = ("x",)


def refusal(layer, *given, settled=()):
    """What ``layer`` says to an input that reaches it as it is."""
    leaves = {X: given[0]} if isinstance(given[0], torch.Tensor) else {}
    return refusal_of_layer("part", layer, given, {}, lambda each: (X,) if each is not None else (), leaves, frozenset(settled))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Linear(4, 2), (2, 4)),
        (nn.Conv2d(3, 2, 3), (2, 3, 224, 224)),
        (nn.LSTM(4, 2), (5, 2, 4)),
        (nn.BatchNorm1d(4), (2, 4)),
        (nn.ReLU(), (7,)),
    ],
)
def test_that_what_fits_is_not_refused(layer, shape):
    assert refusal(layer, torch.zeros(shape), settled=[X]) is None


def test_that_a_wrong_size_says_what_arrived_and_what_is_wanted():
    found = refusal(nn.Linear(4, 2), torch.zeros(2, 11))
    assert found.wanted == (Wanted(11, 4, (X,)),)
    assert found.sentence == "`part` (Linear) gets 11 features, it wants 4"


def test_that_tables_want_whole_numbers_below_their_size():
    assert refusal(nn.Embedding(9, 2), torch.zeros(2, 8)).dtypes == ("int64",)
    found = refusal(nn.Embedding(5, 2), torch.arange(8))
    assert (found.below, found.wanted) == (5, (Wanted(8, 5, (X,)),))
    assert refusal(nn.EmbeddingBag(9, 2), torch.zeros(2, 8).long(), torch.zeros(2).long()).ranks == (-1,)


def test_that_a_picture_gets_its_channels_and_the_usual_side():
    assert refusal(nn.Conv2d(3, 2, 3), torch.zeros(2, 11)).shapes == ((X, (2, 3, 224, 224), (2, 3)),)
    assert refusal(nn.Conv1d(4, 2, 3), torch.zeros(2, 11)).shapes == ((X, (2, 4, 100), (2,)),)


def test_that_a_state_has_the_shape_that_the_layer_remembers():
    found = refusal(nn.GRU(4, 6, num_layers=2, batch_first=True), torch.zeros(3, 5, 4), torch.zeros(2, 11))
    assert found.shapes == ((X, (2, 3, 6), None),)
    assert refusal(nn.LSTMCell(4, 6), torch.zeros(3, 4), torch.zeros(2, 11)).pairs == ((X, (3, 6)),)


def test_that_further_inputs_of_a_layer_are_looked_at():
    assert refusal(nn.Bilinear(4, 5, 1), torch.zeros(2, 4), torch.zeros(2, 7)).wanted == (Wanted(7, 5, (X,)),)
    attention = nn.MultiheadAttention(8, 2, kdim=6)
    assert refusal(attention, torch.zeros(3, 2, 8), torch.zeros(3, 2, 5), torch.zeros(3, 2, 8)).wanted == (Wanted(5, 6, (X,)),)


def test_that_dtypes_must_agree_and_windows_fit():
    assert refusal(nn.Linear(4, 2, dtype=torch.float64), torch.zeros(2, 4)).dtypes == ("float64",)
    assert refusal(nn.MaxPool1d(4), torch.zeros(2, 3, 2)).too_small


def test_that_ids_turned_the_wrong_way_are_a_fault_of_the_model():
    leaves = {X: torch.zeros(2, 8).long()}
    found = refusal_of_layer("part", nn.Conv1d(64, 2, 3), (torch.zeros(2, 8, 64),), {}, lambda _: (X,), leaves, frozenset())
    assert found.own_fault
