"""Arguments that are no tensors."""

from collections import OrderedDict

import pytest
import torch

from torchloupe.wire.traces import PlainValue
from torchloupe.worker.plain_values import MOST_LETTERS, MOST_VALUES, plain_text, plain_values


def some_function():
    raise AssertionError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0.5, "0.5"),
        (True, "True"),
        (None, "None"),
        ("mean", "'mean'"),
        (2j, "2j"),
        (..., "..."),
        (b"abc", "bytes of length 3"),
        (slice(None), ":"),
        (slice(1, None), "1:"),
        (slice(None, 5, 2), ":5:2"),
        (range(3), "range(0, 3)"),
        ((3,), "(3,)"),
        ((2, -1), "(2, -1)"),
        ([1, [2]], "[1, [2]]"),
        ({"dim": 1}, "{'dim': 1}"),
        (torch.float16, "torch.float16"),
        (torch.device("cpu"), "'cpu'"),
        (torch.Size([2, 3]), "[2, 3]"),
        (torch.channels_last, "torch.channels_last"),
        ((slice(None), torch.ones(1), None, ...), "(:, tensor, None, ...)"),
    ],
)
def test_that_plain_values_are_written_as_in_python(value, text):
    assert plain_text(value) == text


def test_that_what_is_long_or_deep_is_cut():
    assert plain_text("a" * 5000) == "'" + "a" * (MOST_LETTERS - 2) + "…"
    assert plain_text(list(range(1000))) == "[0, 1, 2, 3, 4, 5, 6, 7, …]"
    assert plain_text(dict.fromkeys(range(9), 0)).endswith("7: 0, …}")
    assert plain_text([[[[1]]]]) == "[[[[…]]]]"
    assert plain_text({1: {2: {3: {4: 5}}}}) == "{1: {2: {3: {…}}}}"
    assert len(plain_text([["long" * 30] * 8] * 8)) == MOST_LETTERS


def test_that_a_list_that_holds_itself_ends():
    ring = []
    ring.append(ring)
    assert plain_text(ring) == "[[[[…]]]]"


def test_that_a_number_too_long_for_python_to_write_is_told_by_its_size():
    assert plain_text(10**9000) == "a number of 29898 bits"


def test_that_nothing_of_the_users_is_run():
    class Stubborn:
        """Whatever one asks of its objects ends the process."""

        def __repr__(self):
            raise SystemExit

        def __getattribute__(self, name):
            raise SystemExit

    class StubbornKind(type):
        def __getattribute__(cls, name):
            raise SystemExit

    class OfStubbornKind(metaclass=StubbornKind):
        pass

    assert plain_text(Stubborn()) == "Stubborn"
    assert plain_text(Stubborn) == "Stubborn"
    assert plain_text(OfStubbornKind) == plain_text(OfStubbornKind()) == "OfStubbornKind"
    assert plain_text([Stubborn()]) == "[Stubborn]"
    assert plain_text(OrderedDict(a=1)) == "OrderedDict"


def test_that_functions_have_their_names_and_generators_are_left_alone():
    numbers = (number for number in (1, 2))
    assert plain_text(some_function) == "some_function()"
    assert plain_text(torch.relu) == "relu()"
    assert plain_text(torch.Tensor.view) == "view()"
    assert plain_text(numbers) == "generator"
    assert list(numbers) == [1, 2]


def test_that_arguments_have_names_and_tensors_are_left_to_others():
    one = torch.ones(1)
    given = (one, 2, [one, (one, one)], (one, 3), "x")
    values = plain_values(given, {"p": 0.1, "mask": one, "other": None}, ("x", "times"))
    assert values == (
        PlainValue("times", "2"),
        PlainValue("[3]", "(tensor, 3)"),
        PlainValue("[4]", "'x'"),
        PlainValue("p", "0.1"),
        PlainValue("other", "None"),
    )
    assert plain_values((one, torch.nn.Parameter(one)), {}) == ()


def test_that_very_many_values_are_cut_and_empty_containers_are_told():
    assert len(plain_values(tuple(range(1000)), {})) == MOST_VALUES
    assert plain_values(([], {}), {}) == (PlainValue("[0]", "[]"), PlainValue("[1]", "{}"))
