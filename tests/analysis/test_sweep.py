"""Which axes are varied, which sizes are tried next, and how what came of it reads."""

from typing import Callable, Dict, List, Optional, Sequence, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torchloupe.analysis.axis_names import BATCH, CHANNELS, FEATURES, STEPS, TOKENS, Axes
from torchloupe.analysis.sweep import (
    ANY,
    MULTIPLES,
    NONE,
    ONE,
    SOME,
    STEPPED,
    UNKNOWN,
    axes_to_sweep,
    first_sizes,
    next_size,
    read_axis,
    readings_told,
    sizes_to_explain,
    sweep_verdict,
)
from torchloupe.wire.problems import Problem
from torchloupe.wire.sweeps import SizeTried, SweptAxis
from torchloupe.wire.tensors import TensorMeta

IMAGE: Axes = (BATCH, CHANNELS, "height", "width")
MOST_PASSES = 40


def meta(*shape: int, dtype: str = "float32") -> TensorMeta:
    return TensorMeta(shape, dtype)


def ids(*shape: int) -> TensorMeta:
    return meta(*shape, dtype="int64")


def varied(inputs: Sequence[TensorMeta], named: Optional[Sequence[Axes]] = None) -> Dict[str, Tuple[Tuple[int, int], ...]]:
    """The axes by name, with their places; nothing is known of them unless ``named`` says so."""
    names = named or [("",) * len(each.shape) for each in inputs]
    return {axis.name: axis.places for axis in axes_to_sweep(inputs, names)}


def swept(name: str, base: int, runs: Callable[[int], Optional[bool]]) -> SweptAxis:
    """An axis after the whole conversation with a model that runs where ``runs`` says so."""
    axis = SweptAxis(name, base, ((0, 0),))
    tried: Dict[int, SizeTried] = {}
    waiting: List[int] = list(first_sizes(axis))
    while waiting:
        size = waiting.pop(0)
        assert size not in tried, "a size was tried twice"
        tried[size] = SizeTried(size, runs(size))
        if not waiting:
            more = next_size(in_order(tried))
            waiting += [] if more is None else [more]
    return SweptAxis(name, base, ((0, 0),), tuple(in_order(tried)))


def in_order(tried: Dict[int, SizeTried]) -> List[SizeTried]:
    return [tried[size] for size in sorted(tried)]


def with_problems(axis: SweptAxis, problems: Dict[int, Problem]) -> SweptAxis:
    tried = tuple(SizeTried(each.size, each.runs, problems.get(each.size)) for each in axis.tried)
    return SweptAxis(axis.name, axis.base, axis.places, tried)


# Axes


def test_that_of_a_picture_the_batch_and_both_sides_are_varied() -> None:
    assert varied([meta(2, 3, 32, 48)], [IMAGE]) == {"batch": ((0, 0),), "height": ((0, 2),), "width": ((0, 3),)}


def test_that_equal_sides_are_varied_together_too() -> None:
    assert varied([meta(2, 3, 32, 32)], [IMAGE])["height and width"] == ((0, 2), (0, 3))


def test_that_channels_and_features_are_left_alone() -> None:
    assert varied([meta(4, 12)], [(BATCH, FEATURES)]) == {"batch": ((0, 0),)}


def test_that_what_no_layer_named_is_known_by_its_rank() -> None:
    assert varied([meta(2, 3, 8, 9)]) == {"batch": ((0, 0),), "height": ((0, 2),), "width": ((0, 3),)}
    assert set(varied([meta(2, 3, 4, 8, 9)])) == {"batch", "depth", "height", "width"}
    assert varied([meta(2, 5, 6)]) == {"batch": ((0, 0),), "tokens": ((0, 1),)}
    assert varied([meta(7)]) == {"batch": ((0, 0),)}


def test_that_whole_numbers_in_rows_are_tokens() -> None:
    assert varied([ids(2, 16)]) == {"batch": ((0, 0),), "tokens": ((0, 1),)}


def test_that_inputs_of_one_length_change_together() -> None:
    assert varied([ids(2, 16), ids(2, 16)]) == {"batch": ((0, 0), (1, 0)), "tokens": ((0, 1), (1, 1))}


def test_that_inputs_of_different_lengths_are_told_apart() -> None:
    found = varied([ids(2, 16), ids(2, 9)])
    assert found == {"batch": ((0, 0), (1, 0)), "tokens of input 1": ((0, 1),), "tokens of input 2": ((1, 1),)}


def test_that_a_square_mask_follows_the_tokens() -> None:
    assert varied([ids(2, 16), meta(16, 16, dtype="float32")])["tokens"] == ((0, 1), (1, 0), (1, 1))


def test_that_the_labels_of_a_batch_follow_it() -> None:
    assert varied([meta(2, 3, 8, 9), ids(2)], [IMAGE, (TOKENS,)])["batch"] == ((0, 0), (1, 0))


def test_that_steps_may_come_before_the_batch() -> None:
    assert varied([meta(5, 2, 6)], [(STEPS, "", FEATURES)]) == {"steps": ((0, 0),), "batch": ((0, 1),)}


def test_that_a_picture_without_a_batch_has_two_sides() -> None:
    assert set(varied([meta(3, 8, 9)], [(CHANNELS, "height", "width")])) == {"height", "width"}


def test_that_a_number_alone_and_an_empty_axis_are_no_axes_to_vary() -> None:
    assert varied([meta()]) == {}
    assert varied([meta(0, 4)]) == {}
    assert varied([]) == {}


# Sizes


@pytest.mark.parametrize(("name", "base"), [("batch", 2), ("tokens", 8), ("steps", 5), ("height", 224), ("length", 16000)])
def test_that_the_size_of_the_sample_is_tried_first_then_its_neighbours(name: str, base: int) -> None:
    sizes = first_sizes(SweptAxis(name, base, ((0, 0),)))
    assert sizes[:4] == (base, base + 1, base - 1, 2 * base)
    assert len(set(sizes)) == len(sizes)
    assert min(sizes) == 1


def test_that_no_size_is_tried_that_costs_much_more_than_the_sample() -> None:
    assert max(first_sizes(SweptAxis("height", 32, ()))) == 128
    assert max(first_sizes(SweptAxis("steps", 5, ()))) == 64
    assert max(first_sizes(SweptAxis("tokens", 10_000, ()))) == 20_000
    assert max(first_sizes(SweptAxis("batch", 2, ()))) == 64


def test_that_of_an_axis_of_one_no_size_below_is_tried() -> None:
    assert 0 not in first_sizes(SweptAxis("batch", 1, ()))


def test_that_nothing_more_is_tried_where_all_run_or_none_does() -> None:
    assert next_size([SizeTried(8, True), SizeTried(9, True)]) is None
    assert next_size([SizeTried(8, False), SizeTried(9, False)]) is None
    assert next_size([SizeTried(8, None), SizeTried(9, None)]) is None


def test_that_a_limit_is_found_by_halves() -> None:
    tried = [SizeTried(8, True), SizeTried(9, True), SizeTried(4096, False)]
    assert next_size(tried) == 9 + (4096 - 9) // 2


def test_that_a_common_step_is_doubted_before_it_is_believed() -> None:
    tried = [SizeTried(112, True), SizeTried(224, True), SizeTried(225, False), SizeTried(448, True)]
    assert next_size(tried) == 112 + 56


def test_that_a_sweep_ends_whatever_the_model_answers() -> None:
    odd = swept("height", 224, lambda size: size in (224, 100, 77) or size % 31 == 0)
    assert len(odd.tried) <= MOST_PASSES


# Rules


@pytest.mark.parametrize(
    ("name", "base", "runs", "kind", "sentence"),
    [
        ("batch", 2, lambda _: True, ANY, "any size, tried from 1 to 64"),
        ("batch", 8, lambda size: size == 8, ONE, "only 8"),
        ("batch", 2, lambda size: size > 1, ANY, "at least 2, tried up to 64"),
        ("height", 32, lambda size: size % 4 == 0, MULTIPLES, "multiples of 4, tried up to 128"),
        ("height", 224, lambda size: size % 14 == 0, MULTIPLES, "multiples of 14, tried up to 896"),
        ("height", 224, lambda size: size % 32 == 0, MULTIPLES, "multiples of 32, tried up to 896"),
        ("height", 96, lambda size: size % 16 == 0 and size <= 128, MULTIPLES, "multiples of 16, at most 128"),
        ("height", 33, lambda size: size % 16 == 1 and size > 1, STEPPED, "1 more than a multiple of 16, at least 17, tried up to 65"),
        ("tokens", 8, lambda size: size <= 512, ANY, "at most 512"),
        ("tokens", 8, lambda size: size <= 77, ANY, "at most 77"),
        ("height", 224, lambda size: size >= 11, ANY, "at least 11, tried up to 896"),
        ("height", 28, lambda size: size in (28, 29), ANY, "from 28 to 29"),
        ("batch", 2, lambda _: False, NONE, "none of 8 sizes that were tried"),
        ("batch", 2, lambda _: None, UNKNOWN, "shapes alone cannot tell"),
    ],
)  # fmt: skip
def test_that_the_rule_behind_the_sizes_is_found(
    name: str, base: int, runs: Callable[[int], Optional[bool]], kind: str, sentence: str
) -> None:
    reading = read_axis(swept(name, base, runs))
    assert (reading.kind, reading.sentence) == (kind, sentence)


def test_that_sizes_without_a_rule_are_listed() -> None:
    axis = SweptAxis("batch", 2, (), tuple(SizeTried(size, size in (2, 3, 7)) for size in (1, 2, 3, 5, 7)))
    reading = read_axis(axis)
    assert reading.kind == SOME
    assert reading.sentence == "some: 2, 3, 7; not 5"


def test_that_an_unknown_size_breaks_no_rule() -> None:
    axis = SweptAxis("batch", 2, (), (SizeTried(1, None), SizeTried(2, True), SizeTried(3, True)))
    assert read_axis(axis).kind == ANY


@settings(max_examples=60, deadline=None)
@given(step=st.integers(1, 48), times=st.integers(1, 12))
def test_that_a_rule_that_is_told_holds_for_every_size_that_was_tried(step: int, times: int) -> None:
    axis = swept("height", step * times, lambda size: size % step == 0)
    reading = read_axis(axis)
    for each in axis.tried:
        if reading.kind == MULTIPLES:
            assert each.runs == (each.size % reading.step == 0)
            assert reading.step % step == 0
        elif reading.kind == ANY:
            assert step == 1


@settings(max_examples=60, deadline=None)
@given(base=st.integers(2, 300), room=st.integers(0, 3000))
def test_that_the_length_of_a_table_is_found_exactly(base: int, room: int) -> None:
    most = base + room
    reading = read_axis(swept("tokens", base, lambda size: size <= most))
    if room == 0:
        assert most in (reading.most, reading.axis.tried[0].size, base)
    elif any(each.runs is False for each in reading.axis.tried):
        assert reading.most == most


# Causes


def test_that_the_table_with_the_rows_is_named_beside_the_limit() -> None:
    axis = swept("tokens", 8, lambda size: size <= 96)
    problem = Problem("index-out-of-range", "Row 96.", data={"rows": 96, "table": "pos"})
    assert read_axis(with_problems(axis, {97: problem})).sentence == "at most 96 (the table `pos` has 96 rows)"


def test_that_a_number_in_the_code_is_named_with_its_line() -> None:
    axis = swept("batch", 8, lambda size: size == 8)
    problem = Problem("batch-hard-coded", "`view` makes the batch 8.", line=31, data={"hard_coded": 8})
    assert read_axis(with_problems(axis, {7: problem})).sentence == "only 8 (hard-coded at line 31)"
    nowhere = Problem("batch-hard-coded", "`view` makes the batch 8.", data={"hard_coded": 8})
    assert read_axis(with_problems(axis, {7: nowhere})).sentence == "only 8 (hard-coded)"


def test_that_the_nearest_refused_sizes_are_looked_at() -> None:
    axis = swept("height", 32, lambda size: size % 4 == 0)
    assert {31, 33} <= sizes_to_explain(axis.tried, 32)
    limit = swept("tokens", 8, lambda size: size <= 96)
    assert sizes_to_explain(limit.tried, 8) == {97}
    assert sizes_to_explain(swept("batch", 2, lambda _: False).tried, 2) == {2}
    assert sizes_to_explain(swept("batch", 2, lambda _: True).tried, 2) == frozenset()
    assert sizes_to_explain([SizeTried(2, None)], 2) == frozenset()


def test_that_a_base_that_does_not_run_is_no_anchor() -> None:
    axis = SweptAxis("batch", 2, (), (SizeTried(2, False), SizeTried(8, True), SizeTried(9, False)))
    assert sizes_to_explain(axis.tried, 2) == {2, 9}


def test_that_one_cause_is_told_once_with_the_nearest_size() -> None:
    problem = Problem("broadcast-mismatch", "`+` cannot combine.", module="up", file="m.py", line=18)
    side = swept("height", 32, lambda size: size % 4 == 0)
    height = read_axis(with_problems(side, {18: problem, 33: problem}))
    width = read_axis(with_problems(SweptAxis("width", 32, (), side.tried), {33: problem}))
    assert sweep_verdict([height, width]) == ["height 33 in `up`: `+` cannot combine (line 18)."]


def test_that_another_cause_is_told_beside_the_first() -> None:
    near = Problem("one", "The pool is too large for `pool`.", module="pool", line=3)
    far = Problem("two", "The table ends.")
    axis = SweptAxis("length", 8, (), (SizeTried(4, False, near), SizeTried(8, True), SizeTried(64, False, far)))
    assert sweep_verdict([read_axis(axis)]) == [
        "length 4: The pool is too large for `pool` (line 3).",
        "length 64: The table ends.",
    ]


def test_that_both_sides_together_have_a_row_only_where_they_tell_another_story() -> None:
    def axes(both: Callable[[int], bool]) -> List[SweptAxis]:
        alone = [swept(name, 32, lambda size: size == 32) for name in ("height", "width")]
        return [*alone, swept("height and width", 32, both)]

    assert [each.axis.name for each in readings_told(axes(lambda size: size == 32))] == ["height", "width"]
    assert [each.axis.name for each in readings_told(axes(lambda size: size % 4 == 0))] == ["height", "width", "height and width"]
