"""The shape that a refused operation would have given, from what it was given and what it asks for."""

import pytest

from torchloupe.analysis.meant_shapes import combined, joined, lettered, multiplied, viewed


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((2, 16, 8, 8), (2, 16, 4, 4), [(2, 16, 8, 8), (2, 16, 4, 4)]),
        ((2, 1, 8), (1, 5, 6), [(2, 5, 8), (2, 5, 6)]),
        ((4, 3), (4, 3), [(4, 3)]),
        ((2, 7, 5), (2, 5), [(2, 7, 5)]),
        ((2,), (2, 3), [(2, 3)]),
        ((), (), [()]),
    ],
    ids=["two sizes clash", "ones give way", "equal", "an axis is missing", "the longer leads", "scalars"],
)
def test_that_a_sum_has_the_shape_of_one_of_its_operands(one, other, expected):
    assert combined(one, other) == expected


@pytest.mark.parametrize(
    ("shapes", "axis", "expected"),
    [
        ([(4, 10), (4, 12), (4,)], -1, [(4, 23)]),
        ([(4, 10), (4, 12), (4,)], 1, [(4, 23)]),
        ([(2, 8, 25, 25), (2, 4, 24, 24)], 1, [(2, 12, 25, 25), (2, 12, 24, 24)]),
        ([(2, 3), (5, 3)], 0, [(7, 3)]),
        ([(2, 3, 4), (4,)], 1, []),
        ([(2, 3)], 5, []),
        ([], 0, []),
    ],
    ids=["last axis", "counted from the front", "each size", "rows", "two are missing", "no such axis", "nothing"],
)
def test_that_a_join_has_the_sum_of_the_sizes_on_its_axis(shapes, axis, expected):
    assert joined(shapes, axis) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((3, 4), (5, 6), [(3, 6)]),
        ((2, 8, 3, 4), (2, 8, 5, 6), [(2, 8, 3, 6)]),
        ((2, 3, 4), (5, 4, 6), [(2, 3, 6), (5, 3, 6)]),
        ((2, 3, 4), (5, 6), [(2, 3, 6)]),
        ((4,), (5, 6), []),
    ],
    ids=["matrices", "batches", "batches that differ", "one batch", "a vector"],
)
def test_that_a_product_has_rows_of_one_and_columns_of_the_other(one, other, expected):
    assert multiplied(one, other) == expected


@pytest.mark.parametrize(
    ("equation", "shapes", "expected"),
    [
        ("bi,ij->bj", [(2, 10), (12, 6)], [(2, 6)]),
        ("bi, bj -> bij", [(2, 10), (3, 6)], [(2, 10, 6), (3, 10, 6)]),
        ("bi,ij", [(2, 10), (12, 6)], []),
        ("...i,ij->...j", [(2, 10), (12, 6)], []),
        ("bi,ij->bj", [(2, 10)], []),
        ("bi,ij->bj", [(2, 10, 3), (12, 6)], []),
        ("bi,ij->bk", [(2, 10), (12, 6)], []),
    ],
    ids=["a sum", "a batch that differs", "no result", "dots", "too few", "other ranks", "unknown letter"],
)
def test_that_an_equation_gives_the_sizes_of_its_letters(equation, shapes, expected):
    assert lettered(equation, shapes) == expected


@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [
        ((2, 4, 6, 6), (-1, 150), [(2, 150)]),
        ((2, 144), (2, 12, 13), [(2, 12, 13)]),
        ((2, 9, 4), (2, -1, 5), [(2, 7, 5)]),
        ((2, 3), (50, -1), []),
        ((2, 3), (-1, -1), []),
        ((2, 3), (0, 4, -1), []),
        ((), (-1, 2), []),
        ((2, 3), (), []),
    ],
    ids=["the batch is open", "all is said", "the middle is open", "nothing left", "two open", "zero", "scalar", "no target"],
)
def test_that_a_view_has_the_shape_that_it_asks_for(shape, target, expected):
    assert viewed(shape, target) == expected
