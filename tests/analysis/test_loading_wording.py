"""What became of a load, as sentences and problems."""

import pytest

from torchloupe.analysis.loading_wording import (
    NOTHING_LOADED,
    left_out_lines,
    loading_problems,
    loading_sentence,
    values_text,
    weights_text,
)
from torchloupe.wire.loading import DIFFERS, LOADED, MISSING, REFUSED, TIED, UNEXPECTED, LoadedCheckpoint, LoadedKey
from torchloupe.wire.problems import ERROR, Problem


def result(*keys: LoadedKey, verified: bool = True, path: str = "/runs/epoch3.pt") -> LoadedCheckpoint:
    return LoadedCheckpoint(path, keys, verified)


def some(count: int, status: str = LOADED, reason: str = "") -> list[LoadedKey]:
    return [LoadedKey(f"{status}.{number}", status, "", reason) for number in range(count)]


SHAPE = LoadedKey("fc.weight", "shape", "fc.weight", "shape differs: [10, 5] in the checkpoint, [10, 7] in the model")


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (some(21), "All 21 tensors are loaded and verified."),
        (some(1), "The one tensor is loaded and verified."),
        ([*some(20), *some(1, TIED)], "All 21 tensors are loaded and verified."),
        ([*some(20), SHAPE], "20 of 21 tensors loaded and verified; 1 stays as constructed: fc.weight (shape differs)."),
        (
            [*some(3), *some(2, MISSING, "missing in the checkpoint")],
            "3 of 5 tensors loaded and verified; 2 stay as constructed: missing.0 (missing in the checkpoint), "
            "missing.1 (missing in the checkpoint).",
        ),
        (
            [*some(1200), *some(9, MISSING, "missing in the checkpoint")],
            "1,200 of 1,209 tensors loaded and verified; 9 stay as constructed: missing in the checkpoint, such as missing.0.",
        ),
        (
            [*some(1), *some(4, MISSING, "missing"), SHAPE],
            "1 of 6 tensors loaded and verified; 5 stay as constructed: 4 missing (such as missing.0), "
            "1 shape differs (such as fc.weight).",
        ),
        (
            [*some(2), *some(1, UNEXPECTED)],
            "All 2 tensors are loaded and verified; 1 of the checkpoint has no place in the model.",
        ),
        (
            [*some(2), *some(14, UNEXPECTED)],
            "All 2 tensors are loaded and verified; 14 of the checkpoint have no place in the model.",
        ),
        (
            some(3, MISSING),
            "0 of 3 tensors loaded; 3 stay as constructed: missing.0 (missing), missing.1 (missing), missing.2 (missing).",
        ),
    ],
)
def test_that_one_sentence_says_what_was_loaded_and_what_was_not(keys: list[LoadedKey], sentence: str) -> None:
    assert loading_sentence(result(*keys)) == sentence


@pytest.mark.parametrize(
    ("changed", "effect"), [(0, "which changed no value"), (1, "which changed 1 value"), (4321, "which changed 4,321 values")]
)
def test_that_a_conversion_says_whether_it_changed_values(changed: int, effect: str) -> None:
    keys = [LoadedKey("a", LOADED, "a", "", "float64", changed), LoadedKey("b", LOADED, "b")]
    assert loading_sentence(result(*keys)).endswith(f"verified; 1 converted from float64, {effect}.")


def test_that_several_dtypes_are_named_once() -> None:
    keys = [LoadedKey(str(number), LOADED, "", "", dtype) for number, dtype in enumerate(("float64", "int64", "float64"))]
    assert "3 converted from float64, int64, which changed no value" in loading_sentence(result(*keys))


def test_that_values_which_are_others_afterwards_are_not_called_verified() -> None:
    tied = LoadedKey(
        "head.weight", DIFFERS, "head.weight", "it is tied to embed.weight, which the checkpoint has other values for"
    )
    sentence = loading_sentence(result(*some(2), tied, verified=False))
    assert sentence.startswith("2 of 3 tensors loaded; 1 has other values than the checkpoint: head.weight (it is tied")
    assert "verified" not in sentence
    assert "as constructed" not in sentence


def test_that_the_log_names_every_key_that_was_not_loaded() -> None:
    assert left_out_lines(result(*some(2), SHAPE, *some(1, UNEXPECTED, "not in the model"))) == (
        "not loaded: fc.weight, shape differs: [10, 5] in the checkpoint, [10, 7] in the model",
        "not loaded: unexpected.0, not in the model",
    )


@pytest.mark.parametrize(
    ("loaded", "text"),
    [
        (None, "weights as constructed"),
        (result(*some(3)), "weights of epoch3.pt"),
        (result(*some(3), *some(2, UNEXPECTED)), "weights of epoch3.pt"),
        (result(*some(3), SHAPE), "3 of 4 weights of epoch3.pt"),
        (result(*some(1), path="C:\\runs\\a.safetensors"), "weights of a.safetensors"),
        (result(*some(1), path="/runs/sharded/"), "weights of sharded"),
    ],
)
def test_that_a_run_says_with_which_weights_it_was_made(loaded: LoadedCheckpoint | None, text: str) -> None:
    assert weights_text(loaded) == text


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (LoadedKey("a", LOADED, "a"), "loaded from epoch3.pt"),
        (LoadedKey("a", LOADED, "a", "", "float64", 0), "loaded from epoch3.pt, converted from float64, which changed no value"),
        (LoadedKey("a", TIED, "", "tied to b"), "loaded from epoch3.pt, tied to b"),
        (LoadedKey("a", "shape", "a", "shape differs: [1] in the checkpoint, [2] in the model"), "as constructed: shape differs"),
        (LoadedKey("a", MISSING), "as constructed: missing"),
        (LoadedKey("a", DIFFERS, "a", "it is tied to b"), "others than in epoch3.pt: it is tied to b"),
        (LoadedKey("a", UNEXPECTED), "as constructed"),
        (LoadedKey("b", LOADED), "as constructed"),
    ],
)
def test_that_one_parameter_says_where_its_values_come_from(key: LoadedKey, text: str) -> None:
    assert values_text(result(key), "a") == text


def test_that_a_whole_load_has_no_problem() -> None:
    assert loading_problems(result(*some(3), SHAPE, *some(1, UNEXPECTED))) == ()


def test_that_nothing_loaded_is_an_error_with_the_counts() -> None:
    (problem,) = loading_problems(result(*some(3, MISSING), SHAPE, *some(2, UNEXPECTED)))
    assert (problem.code, problem.severity) == ("checkpoint-nothing-loaded", ERROR)
    assert problem.message == "0 of 4 tensors of the model could be loaded from the checkpoint."
    assert problem.data == {"file": "/runs/epoch3.pt", "counts": {"missing": 3, "shape": 1, "unexpected": 2}}


def test_that_nothing_loaded_is_not_said_twice() -> None:
    assert loading_problems(result(*some(3, MISSING)), [Problem(NOTHING_LOADED, "None fits.")]) == ()


def test_that_values_which_could_not_be_read_are_errors_at_their_key() -> None:
    (problem,) = loading_problems(
        result(*some(1), LoadedKey("a.weight", REFUSED, "a.weight", "this torch has no float8_e8m0fnu"))
    )
    assert problem.code == "checkpoint-not-loaded"
    assert problem.message == "a.weight was not loaded: this torch has no float8_e8m0fnu."
    assert (problem.module, problem.parameter) == ("a", "a.weight")


def test_that_a_tie_that_the_file_does_not_have_is_an_error_of_another_kind() -> None:
    (problem,) = loading_problems(result(*some(1), LoadedKey("b", DIFFERS, "b", "it is tied to a")))
    assert problem.message == "b has other values than the checkpoint: it is tied to a."
    assert "Break the tie" in problem.hint


def test_that_a_wall_of_them_is_folded() -> None:
    problems = loading_problems(result(*some(1), *some(50, REFUSED, "it is sparse")))
    assert len(problems) == 4
    assert problems[-1].message == "47 more tensors could not be loaded either, such as refused.3."
