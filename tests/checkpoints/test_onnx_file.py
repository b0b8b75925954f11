"""ONNX models as the library writes them, with values inside and beside the file."""

import numpy
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from checkpoints.stored_values import values_of
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.onnx_file import _DTYPES


def _model(*initializers: TensorProto) -> onnx.ModelProto:
    node = helper.make_node("Add", ["x", initializers[0].name if initializers else "x"], ["y"])
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", "y")]
    graph = helper.make_graph([node], "net", value[:1], value[1:], list(initializers))
    model = helper.make_model(
        graph, producer_name="pytorch", producer_version="2.13", opset_imports=[helper.make_opsetid("", 18)]
    )
    helper.set_model_props(model, {"author": "me"})
    return model


def _saved(tmp_path, *initializers, **how):
    onnx.save(_model(*initializers), tmp_path / "net.onnx", **how)
    return read_contents(tmp_path / "net.onnx")


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "uint8", "int32", "int64", "bool", "uint16"])
def test_that_raw_values_are_found(tmp_path, dtype):
    array = numpy.arange(6).reshape(2, 3).astype(dtype)
    contents = _saved(tmp_path, numpy_helper.from_array(array, "encoder.weight"))
    (row,) = contents.tensors
    assert (contents.format, contents.problems) == ("ONNX", ())
    assert (row.key, row.shape, row.dtype, row.bytes) == ("encoder.weight", (2, 3), dtype, array.nbytes)
    assert numpy.array_equal(values_of(tmp_path / "net.onnx", row), array)


def test_that_what_the_model_says_about_itself_is_shown(tmp_path):
    contents = _saved(tmp_path, numpy_helper.from_array(numpy.zeros(3, "float32"), "w"))
    values = {value.path: value.value for value in contents.values}
    assert (values["producer_name"], values["producer_version"], values["graph"], values["nodes"]) == (
        "pytorch",
        "2.13",
        "net",
        1,
    )
    assert (values["opset.ai.onnx"], values["metadata.author"]) == ("18", "me")


def test_that_floats_in_a_list_have_a_place_and_numbers_of_changing_width_have_none(tmp_path):
    floats = helper.make_tensor("floats", TensorProto.FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0])
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [1, -1])
    contents = _saved(tmp_path, floats, shape)
    assert contents.problems == ()
    assert values_of(tmp_path / "net.onnx", contents.tensors[0]).tolist() == [[1, 2], [3, 4]]
    assert (contents.tensors[1].shape, contents.tensors[1].stored_at) == ((2,), "")


def test_that_values_in_a_file_beside_it_are_found(tmp_path):
    arrays = {name: numpy.arange(2000, dtype="float32") + number for number, name in enumerate(("a", "b"))}
    initializers = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    contents = _saved(tmp_path, *initializers, save_as_external_data=True, location="weights.bin")
    assert contents.problems == ()
    for row in contents.tensors:
        assert (row.file, row.broken) == ("weights.bin", "")
        assert numpy.array_equal(values_of(tmp_path / "net.onnx", row), arrays[row.key])
    assert contents.file_bytes > 16_000 > contents.bytes_read
    (tmp_path / "weights.bin").unlink()
    assert "is missing" in read_contents(tmp_path / "net.onnx").tensors[0].broken


def test_that_values_are_passed_over_and_not_read(tmp_path):
    arrays = [numpy_helper.from_array(numpy.zeros(500_000, "float32"), f"w{number}") for number in range(10)]
    contents = _saved(tmp_path, *arrays)
    assert contents.file_bytes > 20_000_000
    assert contents.bytes_read < 100_000


def test_that_every_type_of_the_format_is_known():
    numbers = {value.number for value in TensorProto.DESCRIPTOR.enum_types_by_name["DataType"].values} - {0, 8}
    assert numbers <= set(_DTYPES)


def test_that_texts_are_listed_and_marked(tmp_path):
    (row,) = _saved(tmp_path, helper.make_tensor("names", TensorProto.STRING, [1], [b"cat"])).tensors
    assert row.broken == "Its elements are texts."


@pytest.mark.parametrize("location", ["../outside.bin", "/etc/passwd", "a/../../outside.bin", "\\\\server\\x", "link.bin"])
def test_that_no_file_outside_the_folder_is_looked_at(tmp_path, location):
    inside = tmp_path / "model"
    inside.mkdir()
    (tmp_path / "outside.bin").write_bytes(bytes(24))
    (inside / "link.bin").symlink_to("../outside.bin")
    tensor = TensorProto(name="w", dims=[6], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    (inside / "net.onnx").write_bytes(_model(tensor).SerializeToString())
    contents = read_contents(inside / "net.onnx")
    assert "leads out" in contents.tensors[0].broken
    assert any("leads out" in problem.message for problem in contents.problems)


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"offset": "-4"}, "not stored as numbers"),
        ({"length": "x"}, "not stored as numbers"),
        ({"offset": "9" * 5000}, "not stored as numbers"),
        ({"offset": "8"}, "It ends at byte 32 of here.bin, which has 24"),
        ({"length": "20"}, "takes 24 bytes and its place in here.bin has 20"),
        ({"location": ""}, "is no name of a file"),
    ],
)
def test_that_a_place_that_cannot_be_is_said_to_be_so(tmp_path, entries, says):
    (tmp_path / "here.bin").write_bytes(bytes(24))
    tensor = TensorProto(name="w", dims=[6], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": "here.bin", **entries}.items():
        tensor.external_data.add(key=key, value=value)
    (tmp_path / "net.onnx").write_bytes(_model(tensor).SerializeToString())
    assert says in read_contents(tmp_path / "net.onnx").tensors[0].broken


def test_that_a_cut_model_shows_what_came_before(tmp_path):
    arrays = [numpy_helper.from_array(numpy.zeros(1000, "float32"), f"w{number}") for number in range(3)]
    data = _model(*arrays).SerializeToString()
    (tmp_path / "net.onnx").write_bytes(data[:6000])
    contents = read_contents(tmp_path / "net.onnx")
    assert [bool(row.broken) for row in contents.tensors] == [False, True]
    assert any("cut off" in problem.message or "What came before" in problem.message for problem in contents.problems)
