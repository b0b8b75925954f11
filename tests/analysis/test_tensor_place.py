"""A word of the command line may name a tensor, and a part of it."""

import pytest

from torchloupe.analysis.tensor_place import TensorPlace, tensor_place


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("model.pt", TensorPlace("model.pt")),
        ("model.pt::fc.weight", TensorPlace("model.pt", "fc.weight")),
        ("model.pt::fc.weight[0,:]", TensorPlace("model.pt", "fc.weight", "0,:")),
        ("a b/m.pt::x[ 1:3, ... ]", TensorPlace("a b/m.pt", "x", "1:3, ...")),
        ("C:\\m\\net.pt::fc.bias[2]", TensorPlace("C:\\m\\net.pt", "fc.bias", "2")),
        ("odd::name.pt::key", TensorPlace("odd::name.pt", "key")),
        ("m.pt::key[0", TensorPlace("m.pt", "key[0")),
        ("m.pt::", TensorPlace("m.pt::")),
        ("::key", TensorPlace("::key")),
        ("model.py:Net", TensorPlace("model.py:Net")),
        ("m.pt::key[]", TensorPlace("m.pt", "key")),
    ],
)
def test_that_file_key_and_index_are_told_apart(word: str, place: TensorPlace) -> None:
    assert tensor_place(word) == place
