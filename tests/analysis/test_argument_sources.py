"""What a checkpoint knows about constructor arguments, and how an answer is said."""

import pytest

from torchloupe.analysis.argument_sources import (
    SOURCE_WORDS,
    argument_sources,
    solution_verdict,
    solved_lines,
    stored_arguments,
    wanted_tensors,
)
from torchloupe.wire.arguments import SolvedArgument, SolvedArguments, WantedTensor
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue


def contents(*values, tensors=()):
    return CheckpointContents("/models/last.pt", "torch zip", 0, 0, tuple(tensors), tuple(values))


def value(path, held, kind=None):
    return StoredValue(path, kind or type(held).__name__, held)


def solved(**facts):
    return SolvedArguments(
        **{
            "target": "net.py",
            "arguments": {"width": 64},
            "values": (),
            "matched": 44,
            "wanted": 44,
            "unexpected": 0,
            "exact": True,
            "builds": 31,
            **facts,
        }
    )


def test_that_values_are_nested_by_their_path():
    stored = stored_arguments(
        contents(value("hyper_parameters.width", 4), value("hyper_parameters.block.act", "relu"), value("arch", "net"))
    )
    assert stored == {"hyper_parameters": {"width": 4, "block": {"act": "relu"}}, "arch": "net"}


def test_that_numbered_values_are_a_list_again():
    rows = [value(f"args.dims.{number}", width) for number, width in enumerate((8, 16))]
    assert stored_arguments(contents(*rows)) == {"args": {"dims": [8, 16]}}


def test_that_a_mapping_with_other_numbers_stays_a_mapping():
    assert stored_arguments(contents(value("args.1", 8), value("args.2", 9))) == {"args": {"1": 8, "2": 9}}


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("[3, 4]", "list", [3, 4]),
        ("(1, (2, 'a'))", "tuple", [1, [2, "a"]]),
        ("{'a': None}", "dict", {"a": None}),
        ('{"hidden_size": 8}', "str", {"hidden_size": 8}),
        ("{not json", "str", "{not json"),
        ("relu", "str", "relu"),
    ],
)
def test_that_a_short_text_of_a_list_is_read_back(text, kind, found):
    assert stored_arguments(contents(value("args.it", text, kind))) == {"args": {"it": found}}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("200 items: 0, 1, 2, …", "list"),
        ("[1, 2, …]", "list"),
        ("[open(1)]", "list"),
        ("[1j]", "list"),
        ("3 attributes", "argparse.Namespace"),
        ("module", "my.Net"),
    ],
)
def test_that_a_text_that_does_not_say_the_value_is_left_out(text, kind):
    assert stored_arguments(contents(value("it", text, kind))) == {}


def test_that_an_object_with_parts_is_its_parts():
    rows = (value("args", "1 attribute", "argparse.Namespace"), value("args.lr", 0.1), value("args", "1 attribute", "my.Config"))
    assert stored_arguments(contents(*rows)) == {"args": {"lr": 0.1}}


def test_that_a_value_that_turns_out_to_have_parts_gives_way_to_them():
    assert stored_arguments(contents(value("a", 1), value("a.b", 2), value("a", 3))) == {"a": {"b": 2}}


def test_that_what_belongs_to_the_training_is_no_argument():
    names = (
        "optimizer_states.0.eps",
        "optimizer.lr",
        "lr_schedulers.0.last_epoch",
        "callbacks.x.y",
        "loops.fit.n",
        "rng_state.a",
    )
    assert stored_arguments(contents(*(value(name, 1) for name in names))) == {}
    assert stored_arguments(contents(value("args.beta_schedule", "linear"))) == {"args": {"beta_schedule": "linear"}}


def test_that_a_configuration_beside_the_file_is_added_and_the_checkpoint_wins():
    beside = {"hidden_size": 8, "width": 1}
    assert stored_arguments(contents(value("width", 4)), beside) == {"hidden_size": 8, "width": 4}
    assert stored_arguments(contents(), None) == {}


def test_that_the_wanted_tensors_are_those_of_one_mapping():
    tensors = [
        StoredTensor("fc.weight", (3, 4), "float32", 48, "model"),
        StoredTensor("0.exp_avg", (3, 4), "float32", 48, "optimizer"),
    ]
    assert wanted_tensors(contents(tensors=tensors), "model") == (WantedTensor("fc.weight", (3, 4)),)
    assert wanted_tensors(contents(), "") == ()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({}, "Exact: 44 of 44 keys and shapes, built 31 times."),
        ({"builds": 1}, "Exact: 44 of 44 keys and shapes, built 1 time."),
        ({"matched": 38, "exact": False}, "38 of 44 keys fit: the closest arguments found, built 31 times."),
        (
            {"exact": False, "unexpected": 2},
            "44 of 44 keys fit, and the model has 2 more keys: the closest arguments found, built 31 times.",
        ),
    ],
)
def test_that_the_verdict_says_how_sure_it_is(facts, sentence):
    assert solution_verdict(solved(**facts)) == sentence


def test_that_the_items_of_a_list_are_one_argument():
    values = (
        SolvedArgument("cfg.dims[0]", 8, "default", "No shape depends on it: the default."),
        SolvedArgument("cfg.dims[1]", 16, "shapes", "From fc.weight [16, 8]."),
        SolvedArgument("cfg.dims[2]", 2, "guess", "It has to be given."),
        SolvedArgument("bias", True, "given", "You gave it."),
    )
    found = argument_sources(solved(arguments={"cfg": {"dims": [8, 16, 2]}, "bias": True}, values=values))
    assert list(found) == ["cfg.dims", "bias"]
    assert found["cfg.dims"] == SolvedArgument("cfg.dims", [8, 16, 2], "shapes", "From fc.weight [16, 8]. A guess: cfg.dims[2].")
    assert found["bias"] == values[3]


def test_that_each_argument_is_a_line_with_its_source():
    values = (
        SolvedArgument("width", 64, "shapes", "From fc1.weight [64, 3]."),
        SolvedArgument("act", "relu", "stored", "It is in the checkpoint."),
        SolvedArgument("heads", 4, "guess", "It has to be given, and no shape depends on it: a guess."),
        SolvedArgument("dropout", 0.1, "default", "No shape depends on it: the default."),
    )
    assert solved_lines(solved(values=values)) == [
        "width = 64  from fc1.weight [64, 3]",
        'act = "relu"  from the checkpoint',
        "heads = 4  guess: It has to be given, and no shape depends on it: a guess.",
        "dropout = 0.1  default",
    ]
    assert list(SOURCE_WORDS) == ["given", "stored", "shapes", "default", "guess"]
