"""What is typed for one argument, read by its kind."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.gui.target_dialog.field_values import choices_of, default_text, is_default, placeholder, read_value, text_of
from torchloupe.wire.arguments import ArgumentField


def field(kind: str, **facts: Any) -> ArgumentField:
    return ArgumentField("it", kind, **facts)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "64", 64),
        ("int", " 1e6 ", 1_000_000),
        ("int", "32_000", 32_000),
        ("int", "50,257", 50_257),
        ("int", "-1", -1),
        ("float", "1e-5", 1e-5),
        ("float", "3", 3.0),
        ("bool", "True", True),
        ("bool", "no", False),
        ("str", "relu", "relu"),
        ("str", "'two words '", "two words "),
        ("str", '""', ""),
        ("str", "None", "None"),
        ("list", "[64, 64]", [64, 64]),
        ("list", "(1, (2, None))", [1, [2, None]]),
        ("list", "[true, null]", [True, None]),
        ("dict", '{"a": [1]}', {"a": [1]}),
        ("dict", "{1: 'b'}", {"1": "b"}),
        ("other", "64", 64),
        ("other", "torch.nn.GELU", "torch.nn.GELU"),
        ("other", "[1, 2]", [1, 2]),
        ("other", "None", None),
        ("class", "Bottleneck", "Bottleneck"),
    ],
)
def test_that_a_text_is_read_by_the_kind_of_the_argument(kind: str, text: str, value: Any) -> None:
    found = read_value(field(kind), text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        ("int", "wide", "Not a whole number."),
        ("int", "1.5", "Not a whole number."),
        ("int", "1e999", "not finite"),
        ("int", "1e30", "too large"),
        ("float", "x", "Not a number."),
        ("float", "nan", "not finite"),
        ("bool", "maybe", "Neither True nor False."),
        ("list", "64", "Not a list"),
        ("list", "[1,", "Not a list"),
        ("list", "[inf]", "Not a list"),
        ("dict", "[1]", "Not a mapping"),
        ("dict", "{", "Not a mapping"),
        ("str", "'open", "quotes do not end"),
        ("int", "None", "None is not allowed"),
        ("list", "null", "None is not allowed"),
    ],
)
def test_that_another_text_is_refused_with_a_reason(kind: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_value(field(kind), text)


@pytest.mark.parametrize("kind", ["int", "float", "bool", "str", "list", "dict", "choice", "class"])
def test_that_none_may_be_given_where_it_is_optional(kind: str) -> None:
    assert read_value(field(kind, optional=True, choices=("a",)), "None") is None


def test_that_a_choice_is_one_of_its_words() -> None:
    act = field("choice", choices=("relu", "gelu"))
    assert read_value(act, "gelu") == "gelu"
    with pytest.raises(ValueError, match=r"Not one of relu, gelu\."):
        read_value(act, "tanh")


@given(
    st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3))
)
def test_that_a_value_that_is_written_down_is_read_back(value: Any) -> None:
    for kind in ("other", "list" if isinstance(value, list) else "other"):
        assert read_value(field(kind), text_of(field(kind), value)) == value


@given(st.text(max_size=6))
def test_that_every_word_is_written_so_that_it_is_read_back(word: str) -> None:
    assert read_value(field("str", optional=True), text_of(field("str", optional=True), word)) == word


@pytest.mark.parametrize(
    ("made", "default", "shown"),
    [
        (field("int", has_default=True, default=64, default_text="64"), "64", "64 by default"),
        (field("str", has_default=True, default="relu", default_text="'relu'"), "relu", "relu by default"),
        (field("int", has_default=True, default_text="None", optional=True), "None", "None by default"),
        (field("other", has_default=True, default_text="<function relu>"), "<function relu>", "<function relu> by default"),
        (field("int"), "", "a whole number"),
        (field("other", annotation="nn.Module"), "", "nn.Module"),
        (field("config", has_default=True, default_text="Config()"), "", " by default"),
    ],
)
def test_that_an_empty_field_says_its_default_or_what_belongs_there(made: ArgumentField, default: str, shown: str) -> None:
    assert default_text(made) == default
    assert placeholder(made) == shown


def test_that_a_value_is_the_default_only_when_it_is_the_same_kind_of_thing() -> None:
    assert is_default(field("int", has_default=True, default=1, default_text="1"), 1)
    assert not is_default(field("int", has_default=True, default=1, default_text="1"), True)
    assert not is_default(field("int", default=None), None)
    assert not is_default(field("other", has_default=True, default_text="<object>"), None)
    assert is_default(field("int", has_default=True, default_text="None"), None)


def test_that_flags_and_words_are_chosen_and_none_among_them_when_it_may_be() -> None:
    assert choices_of(field("bool")) == ("True", "False")
    assert choices_of(field("bool", optional=True)) == ("True", "False", "None")
    assert choices_of(field("choice", choices=("a", "None"), optional=True)) == ("a", "None")
    assert choices_of(field("int", optional=True)) == ()
