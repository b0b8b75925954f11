"""Names of axes."""

from typing import Any, Dict, Optional, Sequence, Tuple

import pytest

from torchloupe.analysis.axis_names import AxisNames, named_shape_text
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall

Shape = Tuple[int, ...]


def meta(shape: Shape, name: str = "", dtype: str = "float32") -> TensorMeta:
    return TensorMeta(shape, dtype, "cpu", name)


def call(class_name: str, given: Sequence[Any], made: Sequence[Any], module: str = "part", index: int = 1) -> LayerCall:
    """A call with tensors of these shapes; a tensor may be given as a meta."""
    inputs = tuple(each if isinstance(each, TensorMeta) else meta(each) for each in given)
    outputs = tuple(each if isinstance(each, TensorMeta) else meta(each) for each in made)
    return LayerCall(index, module, class_name, 0, int(bool(module)), inputs, outputs)


def named(one: LayerCall, *others: LayerCall, settings: Optional[Dict[str, str]] = None) -> Tuple[str, str]:
    """The first input and output of ``one`` with the names of their axes, in a run with ``others``."""
    names = AxisNames((one, *others), settings or {})
    given, made = names.inputs(one), names.outputs(one)
    return (
        named_shape_text(one.inputs[0].shape, given[0]) if given else "",
        named_shape_text(one.outputs[0].shape, made[0]) if made else "",
    )


IMAGE = "[batch 2, channels 3, height 8, width 9]"


@pytest.mark.parametrize(
    ("class_name", "given", "made", "names"),
    [
        ("Conv1d", (2, 3, 9), (2, 4, 9), ("[batch 2, channels 3, length 9]", "[batch 2, channels 4, length 9]")),
        ("Conv1d", (3, 9), (4, 9), ("[channels 3, length 9]", "[channels 4, length 9]")),
        ("Conv2d", (2, 3, 8, 9), (2, 4, 8, 9), (IMAGE, "[batch 2, channels 4, height 8, width 9]")),
        ("Conv2d", (3, 8, 9), (4, 8, 9), ("[channels 3, height 8, width 9]", "[channels 4, height 8, width 9]")),
        ("LazyConv2d", (2, 3, 8, 9), (2, 4, 8, 9), (IMAGE, "[batch 2, channels 4, height 8, width 9]")),
        ("ConvTranspose3d", (2, 3, 5, 6, 7), (2, 4, 5, 6, 7),
         ("[batch 2, channels 3, depth 5, height 6, width 7]", "[batch 2, channels 4, depth 5, height 6, width 7]")),
        ("BatchNorm1d", (2, 3), (2, 3), ("[batch 2, channels 3]", "[batch 2, channels 3]")),
        ("AdaptiveAvgPool2d", (2, 3, 8, 9), (2, 3, 1, 1), (IMAGE, "[batch 2, channels 3, height 1, width 1]")),
        ("ReflectionPad2d", (2, 3, 8, 9), (2, 3, 10, 11), (IMAGE, "[batch 2, channels 3, height 10, width 11]")),
        ("GroupNorm", (2, 4, 8, 9), (2, 4, 8, 9), ("[batch 2, channels 4, 8, 9]", "[batch 2, channels 4, 8, 9]")),
        ("PixelShuffle", (2, 4, 8, 9), (2, 1, 6, 8),
         ("[batch 2, channels 4, height 8, width 9]", "[batch 2, channels 1, height 6, width 8]")),
        ("Linear", (8,), (4,), ("[features 8]", "[features 4]")),
        ("Linear", (2, 8), (2, 4), ("[batch 2, features 8]", "[batch 2, features 4]")),
        ("Linear", (2, 5, 8), (2, 5, 4), ("[batch 2, tokens 5, features 8]", "[batch 2, tokens 5, features 4]")),
        ("Conv1D", (2, 5, 8), (2, 5, 4), ("[batch 2, tokens 5, features 8]", "[batch 2, tokens 5, features 4]")),
        ("Embedding", (2, 5), (2, 5, 8), ("[batch 2, tokens 5]", "[batch 2, tokens 5, features 8]")),
        ("Embedding", (5,), (5, 8), ("[tokens 5]", "[tokens 5, features 8]")),
        ("EmbeddingBag", (2, 5), (2, 8), ("[batch 2, 5]", "[batch 2, features 8]")),
        ("LSTMCell", (2, 5), (2, 8), ("[batch 2, features 5]", "[batch 2, features 8]")),
        ("LayerNorm", (2, 5, 8), (2, 5, 8), ("[2, 5, features 8]", "[2, 5, features 8]")),
        ("LlamaRMSNorm", (2, 5, 8), (2, 5, 8), ("[2, 5, features 8]", "[2, 5, features 8]")),
        ("ReLU", (2, 5), (2, 5), ("[2, 5]", "[2, 5]")),
        ("SomethingOfMine", (2, 5), (2, 5), ("[2, 5]", "[2, 5]")),
    ],
)  # fmt: skip
def test_that_a_class_names_the_axes_that_it_knows(class_name: str, given: Shape, made: Shape, names: Tuple[str, str]) -> None:
    assert named(call(class_name, [given], [made])) == names


def test_that_a_layer_norm_over_several_axes_names_none() -> None:
    one = call("LayerNorm", [(2, 4, 8, 9)], [(2, 4, 8, 9)])
    assert named(one, settings={"part": "(8, 9), eps=1e-05"}) == ("[2, 4, 8, 9]", "[2, 4, 8, 9]")
    assert named(one, settings={"part": "(9,), eps=1e-05"})[0] == "[2, 4, 8, features 9]"


def test_that_a_recurrent_layer_is_read_by_its_settings() -> None:
    given, made = [(4, 7, 5)], [(4, 7, 6), meta((2, 4, 6), "[1][0]"), meta((2, 4, 6), "[1][1]")]
    one = call("LSTM", given, made)
    assert named(one) == ("[steps 4, batch 7, features 5]", "[steps 4, batch 7, features 6]")
    names = AxisNames([one], {"part": "5, 6, num_layers=2, batch_first=True"})
    assert names.inputs(one) == (("batch", "steps", "features"),)
    assert names.outputs(one) == (
        ("batch", "steps", "features"),
        ("layers", "batch", "features"),
        ("layers", "batch", "features"),
    )


def test_that_a_recurrent_layer_without_a_batch_or_with_packed_input_is_understood() -> None:
    one = call("GRU", [(7, 5)], [(7, 6), meta((2, 6), "[1]")])
    assert AxisNames([one], {}).outputs(one) == (("steps", "features"), ("layers", "features"))
    packed = call(
        "GRU",
        [meta((9, 5), "input.data"), meta((4,), "input.batch_sizes", "int64")],
        [meta((9, 6), "[0].data"), meta((2, 3, 6), "[1]")],
    )
    assert AxisNames([packed], {}).inputs(packed) == (("", "features"), ("",))
    assert AxisNames([packed], {}).outputs(packed) == (("", "features"), ("layers", "batch", "features"))


@pytest.mark.parametrize(
    ("query", "weights", "axes", "weight_axes"),
    [
        ((2, 5, 8), (2, 5, 5), ("batch", "tokens", "features"), ("batch", "queries", "keys")),
        ((5, 2, 8), (2, 5, 5), ("tokens", "batch", "features"), ("batch", "queries", "keys")),
        ((2, 5, 8), (2, 4, 5, 7), ("batch", "tokens", "features"), ("batch", "heads", "queries", "keys")),
        ((5, 5, 8), (5, 5, 5), ("", "", "features"), ("batch", "queries", "keys")),
        ((2, 5, 8), None, ("", "", "features"), None),
        ((5, 8), (5, 7), ("tokens", "features"), ("queries", "keys")),
        ((5, 8), (4, 5, 7), ("tokens", "features"), ("heads", "queries", "keys")),
    ],
)
def test_that_attention_weights_tell_where_the_batch_is(
    query: Shape, weights: Optional[Shape], axes: Any, weight_axes: Any
) -> None:
    one = call("MultiheadAttention", [query] * 3, [query] if weights is None else [query, weights])
    names = AxisNames([one], {})
    assert names.inputs(one)[0] == axes
    assert names.outputs(one)[1:] == (() if weight_axes is None else (weight_axes,))


def test_that_weights_of_attention_of_the_users_are_told_from_its_cache() -> None:
    weights, cache = meta((2, 4, 6, 6), "[1]"), meta((2, 4, 6, 6), "[2][0]")
    one = call("MyAttention", [(2, 6, 8)], [(2, 6, 8), weights])
    assert AxisNames([one], {}).outputs(one)[1] == ("batch", "heads", "queries", "keys")
    one = call("MyAttention", [(2, 6, 8)], [(2, 6, 8), cache])
    assert AxisNames([one], {}).outputs(one)[1] == ("", "", "", "")


def test_that_a_tensor_of_the_same_shape_gets_the_names() -> None:
    conv, act = call("Conv2d", [(2, 3, 8, 9)], [(2, 4, 8, 9)]), call("ReLU", [(2, 4, 8, 9)], [(2, 4, 8, 9)])
    assert named(act, conv) == ("[batch 2, channels 4, height 8, width 9]",) * 2
    root = call("Net", [(2, 3, 8, 9)], [(2, 4, 8, 9)], module="", index=0)
    assert named(root, conv)[0] == "[batch 2, channels 3, height 8, width 9]"


def test_that_numbers_of_tokens_and_measurements_of_one_shape_are_apart() -> None:
    tokens = call("Embedding", [meta((2, 5), dtype="int64")], [(2, 5, 8)])
    linear = call("Linear", [(2, 8)], [(2, 5)])
    assert named(tokens, linear)[0] == "[batch 2, tokens 5]"
    assert named(linear, tokens)[1] == "[batch 2, features 5]"
    other = call("Net", [meta((2, 5), dtype="int64")], [(2, 5)])
    assert named(other, tokens, linear) == ("[batch 2, tokens 5]", "[batch 2, features 5]")


def test_that_a_size_that_meant_one_thing_only_is_followed() -> None:
    tokens = call("Embedding", [(2, 5)], [(2, 5, 8)])
    heads = call("Split", [(2, 5, 8)], [(2, 4, 5, 6)])
    assert named(heads, tokens)[1] == "[batch 2, 4, tokens 5, 6]"
    assert AxisNames([tokens], {}).of(meta((7, 8))) == ("", "features")
    assert AxisNames([tokens], {}).of(meta((8, 7))) == ("", "")


def test_that_a_size_that_meant_two_things_names_nothing() -> None:
    tokens = call("Embedding", [(2, 8)], [(2, 8, 8)])
    assert AxisNames([tokens], {}).of(meta((3, 8, 4, 9))) == ("", "", "", "")


def test_that_a_size_of_one_is_never_followed() -> None:
    tokens = call("Embedding", [(1, 5)], [(1, 5, 8)])
    assert AxisNames([tokens], {}).of(meta((1, 3))) == ("", "")


def test_that_what_has_another_first_size_than_the_input_is_no_batch() -> None:
    root = call("Net", [(2, 5, 8)], [(2, 3)], module="", index=0)
    assert named(call("Linear", [(10, 8)], [(10, 3)]), root) == ("[10, features 8]", "[10, features 3]")
    assert named(call("Embedding", [(1, 5)], [(1, 5, 8)]), root) == ("[1, tokens 5]", "[1, tokens 5, features 8]")
    assert named(call("Linear", [(2, 8)], [(2, 3)]), root) == ("[batch 2, features 8]", "[batch 2, features 3]")


def test_that_a_call_that_failed_names_its_inputs_and_a_text_without_names_is_a_shape() -> None:
    assert named(call("Linear", [(2, 9)], [])) == ("[batch 2, features 9]", "")
    assert AxisNames([], {}).inputs(call("Linear", [], [])) == ()
    assert named_shape_text((2, -1), ("batch", "")) == "[batch 2, ?]"
    assert named_shape_text((2, 3), ()) == "[2, 3]"
    assert named_shape_text((), ()) == "[]"
