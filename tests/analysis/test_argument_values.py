"""Constructor arguments as a tree of values: where the numbers stand, what stays, and the tree with one of them changed."""

import pytest

from torchloupe.analysis.argument_values import (
    LENGTH,
    Coordinate,
    changed,
    coordinates,
    current,
    first_arguments,
    key_of,
    leaves,
    merged,
    path_text,
    value_at,
    with_length,
    with_value,
)
from torchloupe.wire.arguments import ArgumentField

ENCODER = ArgumentField(
    "encoder", "config", fields=(ArgumentField("width", "int"), ArgumentField("bias", "bool", "", True, True))
)
FIELDS = (ArgumentField("cfg", "config", fields=(ENCODER, ArgumentField("latent", "int"))), ArgumentField("dims", "list"))
ARGUMENTS = {"cfg": {"encoder": {"width": 8, "bias": True}, "latent": 5}, "dims": [4, 6]}


def names(fixed):
    return [each.name if each.kind != LENGTH else f"{each.name} length" for each in coordinates(FIELDS, ARGUMENTS, fixed)]


def test_that_everything_can_be_varied_when_nothing_is_fixed():
    assert names({}) == ["cfg.encoder.width", "cfg.encoder.bias", "cfg.latent", "dims length", "dims[0]", "dims[1]"]


@pytest.mark.parametrize(
    ("fixed", "free"),
    [
        ({"dims": [4, 6]}, ["cfg.encoder.width", "cfg.encoder.bias", "cfg.latent"]),
        ({"cfg": {"latent": 5}, "dims": []}, ["cfg.encoder.width", "cfg.encoder.bias"]),
        ({"cfg": {"encoder": {"bias": True}}, "dims": []}, ["cfg.encoder.width", "cfg.latent"]),
        ({"cfg": {}, "dims": []}, ["cfg.encoder.width", "cfg.encoder.bias", "cfg.latent"]),
        ({"cfg": "the name of one", "dims": []}, []),
        ({"cfg": None, "dims": []}, []),
    ],
)
def test_that_what_is_fixed_stays_in_an_object_only_its_fields(fixed, free):
    assert names(fixed) == free


def test_that_two_trees_are_merged_and_the_second_is_right():
    under = {"cfg": {"encoder": {"width": 8, "bias": True}, "latent": 5}, "dims": [1]}
    over = {"cfg": {"encoder": {"width": 9}}, "dims": [2, 3], "more": 1}
    assert merged(under, over) == {"cfg": {"encoder": {"width": 9, "bias": True}, "latent": 5}, "dims": [2, 3], "more": 1}
    assert merged(under, {"cfg": None})["cfg"] is None
    assert merged({}, over) == over
    assert under["cfg"]["encoder"]["width"] == 8


def test_that_leaves_are_the_values_under_their_paths():
    found = dict(leaves(ARGUMENTS))
    assert found == {("cfg", "encoder", "width"): 8, ("cfg", "encoder", "bias"): True, ("cfg", "latent"): 5, ("dims",): [4, 6]}
    assert dict(leaves({"empty": {}})) == {("empty",): {}}


def test_that_a_path_is_written_as_a_person_does():
    assert path_text(("config", "layers", 2)) == "config.layers[2]"
    assert path_text(()) == ""


def test_that_a_value_is_found_and_nothing_where_there_is_none():
    assert value_at(ARGUMENTS, ("cfg", "encoder", "width")) == 8
    assert value_at(ARGUMENTS, ("dims", 1)) == 6
    for path in (("dims", 5), ("none",), ("cfg", "latent", "x")):
        assert value_at(ARGUMENTS, path) is None


def test_that_changing_makes_another_tree_and_leaves_the_old_one():
    assert with_value(ARGUMENTS, ("cfg", "encoder", "width"), 16)["cfg"]["encoder"] == {"width": 16, "bias": True}
    assert with_value(ARGUMENTS, ("dims", 0), 7)["dims"] == [7, 6]
    assert with_value(ARGUMENTS, ("dims", 9), 7)["dims"] == [4, 6]
    assert with_value({}, ("cfg", "width"), 1) == {"cfg": {"width": 1}}
    assert ARGUMENTS["dims"] == [4, 6]


def test_that_a_list_gets_longer_by_its_last_item_and_shorter():
    assert with_length(ARGUMENTS, ("dims",), 4)["dims"] == [4, 6, 6, 6]
    assert with_length(ARGUMENTS, ("dims",), 1)["dims"] == [4]
    length = Coordinate(("dims",), LENGTH)
    assert current(ARGUMENTS, length) == 2
    assert changed(ARGUMENTS, length, 3)["dims"] == [4, 6, 6]


def test_that_the_search_begins_with_what_is_given_then_defaults_then_what_is_usual():
    fields = (ArgumentField("n_heads", "int"), ArgumentField("bias", "bool", "", True, True), ArgumentField("width", "int"))
    assert first_arguments(fields, {"width": 7, "other": 1}) == {"n_heads": 4, "bias": True, "width": 7, "other": 1}


def test_that_numbers_of_heads_are_told_by_their_name():
    assert Coordinate(("cfg", "n_head"), "int").divides
    assert not Coordinate(("cfg", "width"), "int").divides
    assert not Coordinate((0,), "int").divides


def test_that_equal_arguments_have_equal_keys():
    assert key_of({"a": 1, "b": [2]}) == key_of({"b": [2], "a": 1})
    assert key_of({"a": 1}) != key_of({"a": True})
