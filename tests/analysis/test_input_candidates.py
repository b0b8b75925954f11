"""Where a search for an input starts, and what it tries next."""

import itertools

import pytest

from torchloupe.analysis.input_candidates import Argument, Candidate, Refusal, Wanted, start, template, with_argument
from torchloupe.analysis.input_proposals import MOST_ELEMENTS, proposals
from torchloupe.analysis.input_specs import InputSpec, format_input_spec, parse_input_spec

X = ("x",)


def texts(candidate: Candidate, *arguments: Argument) -> "list[str]":
    return [format_input_spec(spec) for spec in candidate.specs(arguments)]


def one(text: str, spatial: "tuple[int, ...] | None" = None) -> Candidate:
    return Candidate(((X, parse_input_spec(text)),), spatial=((X, spatial),) if spatial else ())


def tried(refusal: Refusal, candidate: Candidate, *arguments: Argument, most: int = 40) -> "list[str]":
    arguments = arguments or (Argument("x"),)
    return [" ".join(texts(each, *arguments)) for each in itertools.islice(proposals(refusal, candidate, arguments), most)]


@pytest.mark.parametrize(
    ("argument", "spec"),
    [
        (Argument("x"), "float32[2,11]"),
        (Argument("input_ids"), "int64[2,8]"),
        (Argument("ids", "FloatTensor"), "float32[2,11]"),
        (Argument("phonemes", "LongTensor"), "int64[2,8]"),
        (Argument("attention_mask", "Optional[Tensor]"), "int64[2,8]>=1<2"),
        (Argument("src_mask"), "bool[2,8]"),
        (Argument("lengths"), "int64[2]>=1<2"),
        (Argument("t"), "int64[2]>=1<2"),
        (Argument("labels"), "int64[2]"),
        (Argument("steps_done", "int"), "2"),
        (Argument("state", "Tuple[Tensor, Tensor]"), "(float32[2,11], float32[2,11])"),
        (Argument("images", "typing.List[Tensor]"), "[float32[2,11], float32[2,11]]"),
        (Argument("batch", "Dict[str, Tensor]"), "{}"),
        (Argument("targets", "Optional[List[Dict[str, Tensor]]]"), "[{}, {}]"),
    ],
)
def test_that_name_and_annotation_say_where_to_start(argument: Argument, spec: str) -> None:
    assert texts(start((argument,)), argument) == [spec]


def test_that_optional_arguments_stay_away_and_those_after_a_gap_are_named() -> None:
    arguments = (Argument("x"), Argument("more", required=False), Argument("z", keyword=True))
    assert texts(start(arguments), *arguments) == ["float32[2,11]", "z=float32[2,13]"]
    more = with_argument(start(arguments), arguments[1])
    assert texts(more, *arguments) == ["float32[2,11]", "float32[2,17]", "z=float32[2,13]"]


def test_that_a_size_that_stands_in_the_input_is_changed_there_first() -> None:
    assert tried(Refusal((X,), wanted=(Wanted(11, 5, (X,)),)), one("float32[2,11]"))[0] == "float32[2,5]"


def test_that_two_inputs_side_by_side_share_what_is_missing() -> None:
    y = ("y",)
    candidate = Candidate(((X, parse_input_spec("float32[2,11]")), (y, parse_input_spec("float32[2,13]"))))
    found = tried(Refusal((X, y), wanted=(Wanted(24, 23, (X, y)),)), candidate, Argument("x"), Argument("y"), most=4)
    assert "float32[2,10] float32[2,13]" in found


def test_that_the_usual_side_of_a_picture_comes_before_the_computed_one() -> None:
    found = tried(Refusal((X,), wanted=(Wanted(44944, 400, (X,)),)), one("float32[2,3,224,224]", (2, 3)))
    assert found[0] == "float32[2,3,28,28]" or found[0] == "float32[2,3,16,16]"
    assert "float32[2,3,21,21]" in found


def test_that_what_is_too_small_grows() -> None:
    found = tried(Refusal((X,), too_small=True), one("float32[2,1,100]", (2,)), most=4)
    assert found == ["float32[2,1,128]", "float32[2,1,256]", "float32[2,1,400]", "float32[2,1,1000]"]


def test_that_wishes_for_values_and_dimensions_are_followed() -> None:
    assert tried(Refusal((X,), dtypes=("int64",)), one("float32[2,11]"))[0] == "int64[2,8]"
    assert tried(Refusal((X,), below=7), one("int64[2,8]"))[0] == "int64[2,8]<7"
    assert tried(Refusal((X,), positive=True), one("int64[2]"))[0] == "int64[2]>=1<2"
    assert tried(Refusal((X,), ranks=(1,)), one("float32[2,11]"))[0] == "float32[2,8,11]"
    assert tried(Refusal((X,), shapes=((X, (4, 5), None),)), one("float32[2,11]"))[0] == "float32[4,5]"
    assert tried(Refusal((X,), pairs=((X, (1, 2, 3)),)), one("float32[2,11]"))[0] == "(float32[1,2,3], float32[1,2,3])"


def test_that_a_number_on_the_failing_line_may_be_a_divisor() -> None:
    assert "float32[2,1,28,28]" in tried(Refusal((X,), numbers=(7,)), one("float32[2,1,30,34]"))


def test_that_keys_of_a_dict_are_added_where_they_are_missing() -> None:
    empty = start((Argument("x", "dict"),))
    (first, *_) = proposals(Refusal(keys=("input_ids",)), empty, (Argument("x"),))
    assert texts(first, Argument("x")) == ["{'input_ids': int64[2,8]}"]
    (second, *_) = proposals(Refusal(keys=("mask",)), first, (Argument("x"),))
    assert texts(second, Argument("x")) == ["{'input_ids': int64[2,8], 'mask': bool[2,8]}"]
    assert tried(Refusal((X,), looked_up=("ids",)), one("float32[2,11]"))[0] == "{'ids': int64[2,8]}"


def test_that_the_items_of_a_list_stay_alike() -> None:
    images = start((Argument("x", "List[Tensor]"),))
    refusal = Refusal((("x", 0),), wanted=(Wanted(11, 3, (("x", 0),)),))
    assert tried(refusal, images)[0] == "[float32[2,3], float32[2,3]]"


def test_that_a_missing_argument_that_the_error_names_is_added() -> None:
    arguments = (Argument("x"), Argument("input_ids", required=False))
    assert tried(Refusal((X,), absent=("input_ids",)), one("float32[2,11]"), *arguments)[0] == "float32[2,11] int64[2,8]"


def test_that_nothing_is_tried_when_no_input_can_help_and_nothing_is_huge() -> None:
    assert tried(Refusal((X,), wanted=(Wanted(11, 5, (X,)),), own_fault=True), one("float32[2,11]")) == []
    for each in proposals(Refusal((X,), wanted=(Wanted(1, 60000, (X,)),)), one("float32[2,3,224,224]", (2, 3)), (Argument("x"),)):
        shape = each.leaves[0][1].shape
        assert all(size > 0 for size in shape[1:])
        assert shape[0] * shape[-1] <= MOST_ELEMENTS


@pytest.mark.parametrize("rank", range(6))
def test_that_there_is_a_shape_for_each_number_of_dimensions(rank: int) -> None:
    assert len(template(rank, InputSpec(None, None, "float32", (2, 11)))) == rank


def test_that_the_distance_tells_the_nearer_of_two() -> None:
    near, far = (Refusal(wanted=(Wanted(got, 400, (X,)),)) for got in (380, 4000))
    assert near.distance < far.distance
    assert Refusal().distance == 0
