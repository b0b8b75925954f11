"""A size that does not fit is traced to what made it: an axis of a result, or the product of several."""

import pytest

from torchloupe.analysis.origins import with_origin
from torchloupe.analysis.provenance import Maker, made_text, shape_made_text
from torchloupe.wire.problems import Problem

CONV = Maker("`conv`", 18, (2, 64, 24, 24), makes=True)
POOL = Maker("`F.max_pool2d`", 19, (2, 64, 12, 12), CONV)
FLAT = Maker("`.flatten`", 20, (2, 9216), POOL, hands_on=True)
RELU = Maker("`F.relu`", 21, (2, 9216), FLAT, hands_on=True)


@pytest.mark.parametrize(
    ("size", "maker", "text"),
    [
        (9216, POOL, "9216 = 64 x 12 x 12, the output of `F.max_pool2d` (line 19)"),
        (9216, RELU, "9216 = 64 x 12 x 12, the output of `F.max_pool2d` (line 19)"),
        (64, POOL, "64 comes from `conv` (line 18)"),
        (12, POOL, "12 comes from `F.max_pool2d` (line 19)"),
        (144, POOL, "144 = 12 x 12, the output of `F.max_pool2d` (line 19)"),
        (7, POOL, ""),
        (64, None, ""),
        (5, Maker("`.flatten`", 2, (1, 5), None, hands_on=True), ""),
    ],
)
def test_that_a_size_is_told_with_its_maker(size, maker, text):
    assert made_text(size, maker) == text


def test_that_a_layer_that_makes_as_many_features_as_it_gets_is_their_maker():
    first = Maker("`a`", 3, (2, 8), makes=True)
    assert made_text(8, Maker("`b`", 4, (2, 8), first, makes=True)) == "8 comes from `b` (line 4)"


def test_that_a_join_is_the_maker_of_the_sum():
    part = Maker("`a`", 3, (2, 8, 5, 5), makes=True)
    assert made_text(16, Maker("`torch.cat`", 4, (2, 16, 5, 5), part)) == "16 comes from `torch.cat` (line 4)"


def test_that_a_maker_without_a_line_is_told_by_its_name():
    assert made_text(8, Maker("`a`", None, (2, 8))) == "8 comes from `a`"


def test_that_a_shape_is_told_with_what_first_had_it():
    relu = Maker("`F.relu`", 19, (2, 64, 24, 24), CONV, hands_on=True)
    assert shape_made_text((2, 64, 24, 24), relu) == "[2, 64, 24, 24] from `conv` (line 18)"
    assert shape_made_text((2, 9216), FLAT) == "[2, 9216] from `.flatten` (line 20)"
    assert shape_made_text((2, 3), None) == ""


def test_that_a_layer_says_where_its_input_was_made():
    known = "9216 = 64 x 12 x 12, the output of the model"
    problem = Problem("shape-mismatch", f"fc gets 9216: {known}.", data={"expected": 3136, "got": 9216, "origin": known})
    told = with_origin(problem, [RELU])
    assert told.message == "fc gets 9216: 9216 = 64 x 12 x 12, the output of `F.max_pool2d` (line 19)."
    assert told.data["origin"] == "9216 = 64 x 12 x 12, the output of `F.max_pool2d` (line 19)"


def test_that_a_layer_that_said_nothing_of_it_says_it_too():
    problem = Problem("missing-flatten", "A flatten is missing.", data={"expected": 9216, "got": 12})
    assert with_origin(problem, [POOL]).message == (
        "A flatten is missing. 9216 = 64 x 12 x 12, the output of `F.max_pool2d` (line 19)."
    )


def test_that_an_operation_says_where_each_of_its_tensors_was_made():
    shapes = [[2, 64, 24, 24], [2, 64, 12, 12], [2, 64, 24, 24]]
    problem = Problem("cat-mismatch", "They do not join.", data={"operation": "cat", "shapes": shapes})
    told = with_origin(problem, [CONV, POOL, CONV])
    assert told.data["origin"] == "[2, 64, 24, 24] from `conv` (line 18); [2, 64, 12, 12] from `F.max_pool2d` (line 19)"
    assert told.message == f"They do not join. {told.data['origin']}."


def test_that_a_view_says_what_each_sample_is_made_of():
    problem = Problem("view-mismatch", "It cannot hold it.", data={"operation": "view", "shapes": [[2, 64, 12, 12]]})
    assert with_origin(problem, [POOL]).data["origin"].startswith("9216 = 64 x 12 x 12")


@pytest.mark.parametrize(
    ("data", "makers"),
    [
        ({"got": "float64"}, [POOL]),
        ({"got": 7}, [POOL]),
        ({"got": 9216}, [None]),
        ({"got": 9216}, []),
        ({"operation": "view", "shapes": [[5]]}, []),
        ({"operation": "+", "shapes": [[5], [6]]}, [None, None]),
    ],
)
def test_that_nothing_is_said_where_nothing_is_known(data, makers):
    code = "view-mismatch" if data.get("operation") == "view" else "shape-mismatch"
    problem = Problem(code, "No.", data=data)
    assert with_origin(problem, makers) == problem


def test_that_a_line_of_another_file_has_its_name():
    maker = Maker("`x * y`", 66, (2, 64), file="/packages/modeling.py", makes=True)
    assert made_text(64, maker, "/home/net.py") == "64 comes from `x * y` (line 66 of modeling.py)"
    assert made_text(64, maker, "/packages/modeling.py") == "64 comes from `x * y` (line 66)"
    assert shape_made_text((2, 64), maker, "/home/net.py") == "[2, 64] from `x * y` (line 66 of modeling.py)"
