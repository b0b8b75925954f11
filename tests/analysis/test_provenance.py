"""Where a size comes from."""

from torchloupe.analysis.provenance import origin_of, square_side
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import FAILED, LayerCall


def call(index, module, shape, depth=1, line=19, status="done"):
    outputs = (TensorMeta(shape, "float32"),) if shape else ()
    return LayerCall(index, module, "Layer", 0, depth, (), outputs, status=status, line=line)


def test_that_a_flattened_size_is_explained_as_the_product_of_the_last_map():
    calls = [call(1, "conv", (8, 64, 12, 12)), call(2, "pool2", (8, 64, 5, 5))]
    origin = origin_of(1600, 3, calls)
    assert origin.call.module == "pool2"
    assert origin.text(1600) == "1600 = 64 x 5 x 5, the output of `pool2` (line 19)"


def test_that_a_whole_axis_is_named_without_arithmetic():
    origin = origin_of(32, 3, [call(1, "c1", (2, 16, 8, 8)), call(2, "c2", (2, 32, 8, 8))])
    assert origin.text(32) == "32 comes from `c2` (line 19)"


def test_that_the_batch_dimension_alone_is_never_the_origin():
    assert origin_of(8, 3, [call(1, "c1", (8, 3))]) is None


def test_that_calls_after_the_failure_and_unfinished_calls_are_not_asked():
    calls = [call(5, "later", (2, 7)), call(1, "broken", (2, 7), status=FAILED), call(2, "silent", None)]
    assert origin_of(7, 3, calls) is None


def test_that_a_container_gives_way_to_the_part_whose_output_it_passes_on():
    inner, outer = call(2, "features.pool", (8, 64, 5, 5), depth=2), call(1, "features", (8, 64, 5, 5), depth=1)
    assert origin_of(1600, 3, [inner, outer]).call.module == "features.pool"


def test_that_the_nearest_of_several_candidates_is_taken():
    calls = [call(1, "a", (2, 16)), call(2, "b", (2, 16))]
    assert origin_of(16, 3, calls).call.module == "b"


def test_that_a_square_side_is_found_only_where_there_is_one():
    assert square_side(3136, 64) == 7
    assert square_side(3136, 50) is None
    assert square_side(64, 64) is None
    assert square_side(3136, 0) is None
