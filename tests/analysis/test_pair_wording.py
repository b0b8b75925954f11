"""The words for two checkpoints side by side."""

import pytest

from torchloupe.analysis.pair_wording import describe_pair, pair_counts, pair_headline, two_names
from torchloupe.analysis.state_dict_diff import KeyEntry, StateDictDiff, state_dict_diff

NAMES = ("epoch3.pt", "epoch4.pt")


def keys(**shapes: tuple[int, ...]) -> list[KeyEntry]:
    return [KeyEntry(key.replace("_", "."), shape, "float32") for key, shape in shapes.items()]


def diff_of(expected: list[KeyEntry], found: list[KeyEntry]) -> StateDictDiff:
    return state_dict_diff(expected, found)


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("/runs/a.pt", "/runs/b.pt", ("a.pt", "b.pt")),
        ("/runs/1/best.pt", "/runs/2/best.pt", ("1/best.pt", "2/best.pt")),
        ("/x/1/out/best.pt", "/x/2/out/best.pt", ("1/out/best.pt", "2/out/best.pt")),
        ("/best.pt", "/old/best.pt", ("/best.pt", "old/best.pt")),
        ("C:\\runs\\a\\m.pt", "C:\\runs\\b\\m.pt", ("a/m.pt", "b/m.pt")),
        ("/runs/a.pt", "/runs/a.pt", ("a.pt", "a.pt (the same file)")),
        ("/runs/folder/", "/runs/other", ("folder", "other")),
    ],
)
def test_that_two_files_have_names_that_tell_them_apart(one: str, other: str, names: tuple[str, str]) -> None:
    assert two_names(one, other) == names


def test_that_equal_keys_are_said_in_one_sentence() -> None:
    diff = diff_of(keys(a_weight=(2, 3), a_bias=(2,)), keys(a_weight=(2, 3), a_bias=(2,)))
    assert pair_headline(diff, NAMES) == "epoch3.pt and epoch4.pt have the same 2 keys."
    assert pair_counts(diff) == (("matched", 2),)


def test_that_the_headline_counts_both_sides() -> None:
    diff = diff_of(keys(a_weight=(2, 3), gone=(7,)), keys(a_weight=(2, 3), more=(9, 9), most=(5, 5, 5)))
    assert pair_headline(diff, NAMES) == "epoch3.pt has 2 keys, epoch4.pt has 3; 1 key is the same in both."
    assert dict(pair_counts(diff)) == {"matched": 1, "missing": 1, "unexpected": 2}


def test_that_files_without_a_common_key_say_so_and_what_to_do() -> None:
    diff = diff_of(keys(a=(2,)), keys(completely_different=(3, 3)))
    text = pair_headline(diff, NAMES)
    assert "they have no key in common. Check that both files are of the same model." in text
    assert "Checkpoint panel" in text


@pytest.mark.parametrize(
    ("expected", "found", "words"),
    [
        (keys(a=(2,)), [], "only in epoch3.pt"),
        ([], keys(a=(2,)), "only in epoch4.pt"),
        (keys(a=(2,)), keys(a=(3,)), "other shape, so the values are not compared: [2] and [3]"),
        (keys(a=(2, 3)), keys(a=(3, 2)), "transposed: [2, 3] and [3, 2]"),
        (keys(a=(2,)), keys(a=(2,)), ""),
        ([KeyEntry("a", (2,), "float32")], [KeyEntry("a", (2,), "float16")], "float32 and float16"),
    ],
)
def test_that_a_row_says_what_the_keys_have_to_do_with_each_other(
    expected: list[KeyEntry], found: list[KeyEntry], words: str
) -> None:
    (row,) = diff_of(expected, found).rows
    assert describe_pair(row, NAMES) == words


def test_that_a_renamed_key_says_the_other_name_and_how() -> None:
    shapes = {f"layer{n}_weight": (n + 2, 3) for n in range(6)}
    expected = keys(**shapes)
    found = [entry._replace(key=f"module.{entry.key}") for entry in expected]
    row = diff_of(expected, found).rows[0]
    assert describe_pair(row, NAMES).startswith("renamed: module.layer0.weight (")
