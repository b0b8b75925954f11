"""The rows of the form, and the keywords that they mean."""

from typing import Any

import pytest

from torchloupe.gui.target_dialog.form_rows import (
    FormRow,
    help_text,
    is_typed,
    keywords,
    lacking,
    reason,
    rows_of,
    shown_rows,
    typed_texts,
)
from torchloupe.wire.arguments import ArgumentField


def number(name: str, default: int | None = None, **facts: Any) -> ArgumentField:
    has_default = default is not None
    return ArgumentField(name, "int", "int", has_default, default, str(default) if has_default else "", **facts)


def made_of(name: str, *fields: ArgumentField, has_default: bool = False) -> ArgumentField:
    return ArgumentField(name, "config", "models.Config", has_default, fields=fields)


ENCODER = made_of("encoder", number("width", 8), number("depth", 2), has_default=True)
FIELDS = (made_of("cfg", ENCODER, number("latent")), number("classes", 10, summary="How many letters."))
LATENT, WIDTH, CLASSES = ("cfg", "latent"), ("cfg", "encoder", "width"), ("classes",)


def test_that_the_fields_of_an_object_follow_it() -> None:
    rows = list(rows_of(FIELDS))
    assert [row.name for row in rows] == ["cfg", "cfg.encoder", "cfg.encoder.width", "cfg.encoder.depth", "cfg.latent", "classes"]
    assert [row.is_group for row in rows] == [True, True, False, False, False, False]
    assert [row.name for row in rows if row.is_required] == ["cfg.latent"]


@pytest.mark.parametrize(
    ("texts", "made"),
    [
        ({LATENT: "5"}, {"cfg": {"latent": 5}}),
        ({}, {"cfg": {}}),
        ({CLASSES: "10"}, {"cfg": {}}),
        ({CLASSES: "11", WIDTH: "8"}, {"cfg": {}, "classes": 11}),
        ({WIDTH: "9", LATENT: "x"}, {"cfg": {"encoder": {"width": 9}}}),
    ],
)
def test_that_only_what_differs_from_the_default_is_given(texts: Any, made: dict[str, Any]) -> None:
    assert keywords(FIELDS, texts, {}) == made


def test_that_an_object_with_a_default_is_given_only_when_something_in_it_is() -> None:
    fields = (made_of("cfg", made_of("inner", number("a")), number("b", 1), has_default=True),)
    assert keywords(fields, {}, {}) == {}
    assert keywords(fields, {("cfg", "b"): "2"}, {}) == {"cfg": {"inner": {}, "b": 2}}


def test_that_keywords_without_a_row_are_kept() -> None:
    arguments = {"cfg": {"latent": 5, "odd": 1, "encoder": "small"}, "extra": [1]}
    texts, rest = typed_texts(FIELDS, arguments)
    assert texts == {LATENT: "5"}
    assert rest == {"cfg": {"odd": 1, "encoder": "small"}, "extra": [1]}
    assert keywords(FIELDS, texts, rest) == arguments


def test_that_what_is_typed_and_what_it_means_are_the_same_both_ways() -> None:
    arguments = {"cfg": {"encoder": {"width": 16, "depth": 3}, "latent": 7}, "classes": 4}
    texts, rest = typed_texts(FIELDS, arguments)
    assert rest == {}
    assert keywords(FIELDS, texts, rest) == arguments


def test_that_an_object_that_is_written_as_something_else_is_left_as_it_is() -> None:
    texts, rest = typed_texts(FIELDS, {"cfg": "name of a configuration"})
    assert keywords(FIELDS, texts, rest) == {"cfg": "name of a configuration"}


@pytest.mark.parametrize(
    ("texts", "rest", "names"),
    [
        ({}, {}, ["cfg.latent"]),
        ({LATENT: "5"}, {}, []),
        ({WIDTH: "5"}, {}, []),
        ({}, {"cfg": "one"}, []),
        ({LATENT: "  "}, {}, ["cfg.latent"]),
    ],
)
def test_that_what_must_be_typed_is_named(texts: Any, rest: dict[str, Any], names: list[str]) -> None:
    assert lacking(list(rows_of(FIELDS)), texts, rest) == names


def test_that_nothing_is_lacking_in_an_object_that_need_not_be_given() -> None:
    rows = list(rows_of((made_of("cfg", number("a"), has_default=True), number("b"))))
    assert lacking(rows, {}, {}) == ["b"]


def test_that_something_typed_in_an_object_is_found_at_any_depth() -> None:
    assert is_typed({WIDTH: "5"}, ("cfg",))
    assert not is_typed({WIDTH: " ", CLASSES: "1"}, ("cfg",))


def test_that_a_text_that_does_not_suit_has_a_reason() -> None:
    assert reason(number("a"), "x") == "Not a whole number."
    assert reason(number("a"), "5") == ""
    assert reason(number("a"), " ") == ""


def test_that_folded_objects_hide_what_is_in_them() -> None:
    rows = list(rows_of(FIELDS))
    assert shown_rows(rows, "", [("cfg", "encoder")]) == {("cfg",), ("cfg", "encoder"), LATENT, CLASSES}
    assert shown_rows(rows, "", [("cfg",)]) == {("cfg",), CLASSES}


def test_that_a_filter_finds_rows_by_name_or_words_and_shows_the_objects_around_them() -> None:
    rows = list(rows_of(FIELDS))
    assert shown_rows(rows, "width", [("cfg",)]) == {("cfg",), ("cfg", "encoder"), WIDTH}
    assert shown_rows(rows, "letters") == {CLASSES}
    assert shown_rows(rows, "nothing like it") == set()


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (FormRow(CLASSES, FIELDS[1]), "classes: int = 10. How many letters."),
        (FormRow(LATENT, number("latent")), "cfg.latent: int, required"),
        (FormRow(("x",), ArgumentField("x", "other")), "x, required"),
        (FormRow(("cfg",), FIELDS[0]), "cfg: models.Config"),
        (FormRow(("cfg",), ArgumentField("cfg", "config", fields=(number("a"),))), "cfg: an object with 1 field"),
    ],
)
def test_that_a_row_is_explained_in_words(row: FormRow, text: str) -> None:
    assert help_text(row) == text
