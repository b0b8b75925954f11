"""Why a layer failed, and what to change."""

import pytest

from torchloupe.analysis.mismatches import FailedLayer, explain_layer
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall

LINEAR = {"in_features": 3136, "out_features": 128, "training": True}
CONV = {"in_channels": 3, "out_channels": 8, "kernel_size": (3, 3), "padding": (1, 1), "dilation": (1, 1)}


def failed(layer, settings, *shapes, dtype="float32", device="cpu", weight_dtype="float32", module="head.fc1", **more):
    inputs = tuple(TensorMeta(shape, dtype, device) for shape in shapes)
    call = LayerCall(9, module, layer, 0, 2, inputs, file="net.py", line=31)
    return FailedLayer(call, layer, settings, TensorMeta((4, 4), weight_dtype), defined_at=("net.py", 12), **more)


def pool2(shape=(8, 64, 5, 5)):
    return LayerCall(3, "pool2", "MaxPool2d", 0, 1, (), (TensorMeta(shape, "float32"),), line=19, file="net.py")


def test_that_a_linear_that_wants_3136_says_where_1600_comes_from_and_both_repairs():
    problem = explain_layer(failed("Linear", LINEAR, (8, 1600)), [pool2()])
    assert problem.code == "shape-mismatch"
    assert problem.message == (
        "`head.fc1` (Linear) is built for 3136 features (in_features=3136), but 1600 arrive in [8, 1600]: "
        "1600 = 64 x 5 x 5, the output of `pool2` (line 19)."
    )
    assert problem.hint == "Set `in_features=1600` at line 12, or let `pool2` give 64 x 7 x 7 = 3136."
    assert (problem.module, problem.call, problem.file, problem.line) == ("head.fc1", 9, "net.py", 31)
    assert problem.data["definition_line"] == 12
    assert (problem.data["expected"], problem.data["got"]) == (3136, 1600)
    (fix,) = problem.fixes
    assert (fix.kind, fix.module, fix.argument, fix.value, fix.verified) == (
        "set_argument",
        "head.fc1",
        "in_features",
        1600,
        False,
    )


def test_that_an_unknown_origin_is_left_out_of_the_sentence():
    problem = explain_layer(failed("Linear", LINEAR, (8, 1601)), [pool2()])
    assert problem.message.endswith("but 1601 arrive in [8, 1601].")
    assert problem.hint == "Set `in_features=1601` at line 12, or change what comes before it."


def test_that_a_map_whose_product_is_wanted_lacks_a_flatten():
    problem = explain_layer(failed("Linear", LINEAR, (8, 64, 7, 7)), [])
    assert problem.code == "missing-flatten"
    assert "torch.flatten(x, 1)" in problem.hint


def test_that_one_long_row_of_whole_samples_means_that_the_batch_was_flattened():
    problem = explain_layer(failed("Linear", LINEAR, (8 * 3136,)), [])
    assert problem.code == "flattened-batch"
    assert "8 x 3136" in problem.message


def test_that_channels_last_at_the_models_input_is_an_input_layout():
    problem = explain_layer(failed("Conv2d", CONV, (4, 64, 48, 3)), [])
    assert problem.code == "input-layout"
    assert problem.fixes[0].value == [0, 3, 1, 2]


@pytest.mark.parametrize("made", [(2, 64, 32, 32), (2, 16, 32, 32)], ids=["as-it-is", "joined"])
def test_that_maps_whose_side_is_the_wanted_number_of_channels_lie_as_what_made_them(made):
    conv = LayerCall(4, "down", "Conv2d", 0, 1, (), (TensorMeta(made, "float32"),), line=19, file="net.py")
    settings = {**CONV, "in_channels": 32}
    problem = explain_layer(failed("Conv2d", settings, (2, 64, 32, 32)), [conv])
    assert [fix.argument for fix in problem.fixes] == ["in_channels"]
    turned = explain_layer(failed("Conv2d", settings, (2, 16, 16, 32)), [conv])
    assert [fix.kind for fix in turned.fixes] == ["permute"]


def test_that_channels_last_in_the_middle_is_a_mismatch_with_a_permute():
    problem = explain_layer(failed("Conv1d", {**CONV, "in_channels": 64}, (16, 50, 64)), [pool2((16, 50, 64))])
    assert problem.code == "shape-mismatch"
    assert "permute(0, 2, 1)" in problem.hint


def test_that_a_conv_is_told_how_many_channels_to_take():
    problem = explain_layer(failed("Conv2d", CONV, (4, 8, 9, 9)), [pool2((4, 8, 9, 9))])
    assert "8 comes from `pool2`" in problem.message
    assert (problem.fixes[0].argument, problem.fixes[0].value) == ("in_channels", 8)


def test_that_a_missing_batch_dimension_is_added():
    problem = explain_layer(failed("BatchNorm2d", {"num_features": 3}, (3, 9, 9)), [])
    assert problem.code == "missing-dimension"
    assert "unsqueeze(0)" in problem.hint


def test_that_too_many_dimensions_are_a_shape_mismatch():
    problem = explain_layer(failed("Conv1d", CONV, (2, 3, 4, 5, 6)), [])
    assert problem.code == "shape-mismatch"
    assert "takes 3 dimensions" in problem.message


@pytest.mark.parametrize(
    ("layer", "settings", "shape", "code"),
    [
        ("MaxPool2d", {"kernel_size": 3}, (2, 3, 2, 2), "input-too-small"),
        ("BatchNorm1d", {"num_features": 3, "training": True}, (1, 3), "batch-of-one"),
    ],
)
def test_that_windows_and_single_values_have_codes_of_their_own(layer, settings, shape, code):
    assert explain_layer(failed(layer, settings, shape), []).code == code


def test_that_float64_into_float32_weights_is_a_dtype_mismatch_with_the_conversion():
    problem = explain_layer(failed("Linear", LINEAR, (8, 3136), dtype="float64"), [])
    assert problem.code == "dtype-mismatch"
    assert "x.float()" in problem.hint
    assert "numpy" in problem.hint


def test_that_float_indices_into_an_embedding_are_a_dtype_mismatch():
    problem = explain_layer(failed("Embedding", {"num_embeddings": 10}, (2, 3)), [])
    assert (problem.code, problem.data["expected"]) == ("dtype-mismatch", "int64")


def test_that_int32_indices_are_fine():
    assert explain_layer(failed("Embedding", {"num_embeddings": 10}, (2, 3), dtype="int32", index_range=(0, 9)), []) is None


def test_that_an_index_beyond_the_table_names_the_size_that_would_do():
    problem = explain_layer(failed("Embedding", {"num_embeddings": 1000}, (2, 3), dtype="int64", index_range=(0, 1023)), [])
    assert problem.code == "index-out-of-range"
    assert problem.fixes[0].value == 1024


def test_that_a_negative_index_is_not_repaired_by_a_larger_table():
    problem = explain_layer(failed("Embedding", {"num_embeddings": 10}, (2, 3), dtype="int64", index_range=(-1, 3)), [])
    assert problem.fixes == ()
    assert "Indices start at 0" in problem.hint


def test_that_an_input_on_another_device_is_named():
    problem = explain_layer(failed("Linear", LINEAR, (8, 3136), device="cuda:0"), [])
    assert (problem.code, problem.data["got"]) == ("device-mismatch", "cuda:0")


def test_that_the_state_of_an_rnn_is_checked_against_its_layers_and_batch():
    settings = {"input_size": 7, "hidden_size": 64, "num_layers": 2, "bidirectional": False, "batch_first": True}
    problem = explain_layer(failed("LSTM", settings, (16, 20, 7), (2, 20, 64)), [])
    assert (problem.code, problem.data["expected"]) == ("rnn-state-shape", [2, 16, 64])
    assert explain_layer(failed("LSTM", settings, (16, 20, 7), (2, 16, 64)), []) is None


def test_that_layer_norm_over_one_axis_takes_a_number_and_over_two_a_list():
    assert explain_layer(failed("LayerNorm", {"normalized_shape": (64,)}, (2, 32)), []).fixes[0].value == 32
    assert explain_layer(failed("LayerNorm", {"normalized_shape": (4, 64)}, (2, 4, 32)), []).fixes[0].value == [4, 32]


def test_that_a_fitting_input_and_no_input_give_no_problem():
    assert explain_layer(failed("Linear", LINEAR, (8, 3136)), []) is None
    assert explain_layer(failed("Linear", LINEAR), []) is None


def test_that_the_root_layer_is_named_by_its_class():
    problem = explain_layer(failed("Linear", LINEAR, (8, 5), module=""), [])
    assert problem.message.startswith("The Linear is built for")
