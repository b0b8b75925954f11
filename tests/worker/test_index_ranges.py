"""How large an index gets is known from what counted it; a table that ends before is refused with or without data."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from torchloupe.worker.index_ranges import IndexRanges, PastTheTable, mark_as_given

ROWS = 8
COUNTED = [
    lambda length: torch.arange(length),
    lambda length: torch.arange(0, length),
    lambda length: torch.arange(end=length),
    lambda length: torch.arange(length).unsqueeze(0).expand(2, -1),
    lambda length: torch.arange(length)[None, :].repeat(3, 1),
    lambda length: torch.arange(length).view(1, -1).long().to("cpu"),
    lambda length: torch.arange(length - 2) + 2,
    lambda length: 2 + torch.arange(length - 2),
    lambda length: torch.arange(2, length),
    lambda length: torch.ones(2, length - 1).ne(0).cumsum(1) + 0,
    lambda length: torch.cumsum(torch.ones(2, length - 1).ne(0).int(), dim=1).long(),
    lambda length: torch.arange(length) * torch.ones(length).ne(0),
    lambda length: torch.arange(2, length + 2) - 2,
    lambda length: (torch.cumsum(torch.ones(2, length), dim=1) * torch.ones(2, length) - 1).long(),
]
"""Each makes indices of which the largest is ``length - 1``."""
UNKNOWN = [
    lambda length: torch.arange(length).clamp(max=ROWS - 1),
    lambda length: torch.arange(length) % ROWS,
    lambda length: torch.arange(length) - torch.arange(length),
    lambda length: torch.arange(length) // length,
    lambda length: torch.zeros(length, dtype=torch.int64),
    lambda length: torch.arange(0, length, length),
    lambda length: torch.arange(length).float().sigmoid().long(),
]
"""Each makes indices that all lie in the table, whatever the length."""


@pytest.fixture(params=["data", "shapes"])
def flow(request):
    return nullcontext() if request.param == "data" else FakeTensorMode(allow_non_fake_inputs=True)


@pytest.mark.parametrize("count", COUNTED)
def test_that_a_count_that_ends_with_the_table_is_let_through(flow, count):
    table = nn.Embedding(ROWS, 4)
    with torch.no_grad(), IndexRanges(), flow:
        assert table(count(ROWS)).shape[-1] == 4


@pytest.mark.parametrize("count", COUNTED)
def test_that_one_position_more_is_refused(flow, count):
    table = nn.Embedding(ROWS, 4)
    with pytest.raises(PastTheTable) as caught, torch.no_grad(), IndexRanges(), flow:
        table(count(ROWS + 1))
    assert (caught.value.rows, caught.value.index) == (ROWS, ROWS)
    assert caught.value.table is table.weight


@pytest.mark.parametrize("count", UNKNOWN)
def test_that_what_is_not_known_is_never_refused(flow, count):
    table = nn.Embedding(ROWS, 4)
    with torch.no_grad(), IndexRanges(), flow:
        assert table(count(5 * ROWS)).shape[-1] == 4


def test_that_a_parameter_that_is_indexed_is_a_table_too(flow):
    table = nn.Parameter(torch.zeros(ROWS, 4))
    with torch.no_grad(), IndexRanges(), flow:
        assert tuple(table[torch.arange(ROWS)].shape) == (ROWS, 4)
    with pytest.raises(PastTheTable), torch.no_grad(), IndexRanges(), flow:
        table[torch.arange(ROWS + 1)]


def test_that_a_slice_of_a_table_is_none_of_its_business(flow):
    table = nn.Parameter(torch.zeros(ROWS, 4))
    with torch.no_grad(), IndexRanges(), flow:
        assert table[: ROWS + 5].shape[0] == ROWS


def test_that_the_ids_of_a_sample_are_not_looked_at():
    table = nn.Embedding(ROWS, 4)
    with torch.no_grad(), IndexRanges(), FakeTensorMode(allow_non_fake_inputs=True):
        assert table(torch.randint(0, 1000, (2, 5))).shape == (2, 5, 4)


def test_that_a_table_is_known_that_is_asked_for_the_very_numbers_of_an_input():
    words, kinds, positions = nn.Embedding(ROWS, 4), nn.Embedding(3, 4), nn.Embedding(ROWS, 4)
    with torch.no_grad(), FakeTensorMode(allow_non_fake_inputs=True):
        ids, other = torch.zeros(2, 5, dtype=torch.long), torch.zeros(2, 5, dtype=torch.long)
        mark_as_given(ids, 0)
        mark_as_given(other, 1)
        with IndexRanges() as ranges:
            words(ids.view(-1).long())
            kinds(other)
            positions(other + 1)  # no longer what was given
            words(torch.arange(5))
    assert {number: table.shape[0] for number, table in ranges.tables.items()} == {0: ROWS, 1: 3}


def test_that_the_smallest_of_several_tables_counts():
    large, small = nn.Embedding(50, 4), nn.Embedding(3, 4)
    ids = torch.zeros(2, 5, dtype=torch.long)
    mark_as_given(ids, 0)
    with IndexRanges() as ranges:
        for table in (large, small, large):
            table(ids)
    assert ranges.tables[0] is small.weight


def test_that_a_wrong_call_raises_what_it_always_raises():
    with pytest.raises(TypeError), IndexRanges():
        torch.arange("three")
    with pytest.raises(TypeError), IndexRanges():
        nn.functional.embedding()


def test_that_the_error_is_the_one_that_an_index_raises():
    error = PastTheTable(torch.zeros(3, 2), 7)
    assert isinstance(error, IndexError)
    assert str(error) == "index 7 is out of range for a table of 3 rows"
