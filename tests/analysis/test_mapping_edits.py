"""What a person decides about a mapping: pairs, keys that are left out, patterns, and what could be meant."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.diff_rows import (
    BUFFER,
    DTYPE,
    MISSING,
    RESIZED,
    SHAPE,
    TIED,
    TRANSPOSED,
    DiffRow,
    KeyEntry,
    StateDictDiff,
)
from torchloupe.analysis.locked_keys import LEFT_ALONE
from torchloupe.analysis.mapping_edits import (
    CHECKPOINT,
    MODEL,
    Candidate,
    RenamePreview,
    can_be_locked,
    candidate_steps,
    dropped_pair,
    mapped,
    pairs_of,
    rename_steps,
    still_there,
)
from torchloupe.analysis.state_dict_diff import state_dict_diff
from torchloupe.wire.errors import UsageError

WORDS = st.text("abc.01", min_size=1, max_size=6)


def entries(*keys: str, shape: tuple[int, ...] = (4, 4), **more: Any) -> list[KeyEntry]:
    return [KeyEntry(key, shape, "float32", **more) for key in keys]


def keys_of(diff: StateDictDiff, status: str) -> list[str]:
    sides = [row.expected or row.found for row in diff.rows if row.status == status]
    return [side.key for side in sides if side]


# deciding


def candidates(diff: StateDictDiff, entry: KeyEntry, side: str) -> list[Candidate]:
    *_, found = candidate_steps(diff, entry, side)
    return found or []


def test_that_a_home_belongs_to_the_one_that_was_given_it_last() -> None:
    assert mapped({"a": "x", "b": "y"}, [("c", "x")]) == {"b": "y", "c": "x"}
    assert mapped({"a": "x"}, [("a", "y")]) == {"a": "y"}
    assert mapped({"a": "x"}, [("b", "")]) == {"a": "x", "b": ""}


@given(st.dictionaries(WORDS, WORDS | st.just("")), st.dictionaries(WORDS, WORDS))
def test_that_no_home_is_ever_given_twice(locked: dict[str, str], pairs: dict[str, str]) -> None:
    one_each = dict({home: key for key, home in pairs.items()}.items())
    new = mapped(mapped({}, list(locked.items())[:1]), [(key, home) for home, key in one_each.items()])
    homes = [home for home in new.values() if home]
    assert len(set(homes)) == len(homes)


def test_that_a_key_that_is_left_out_stays_alone_and_says_so() -> None:
    diff = state_dict_diff(entries("fc.weight"), entries("module.fc.weight"), {"module.fc.weight": ""})
    assert diff.mapping == {}
    assert [(row.status, row.how) for row in diff.rows] == [(MISSING, ""), ("unexpected", LEFT_ALONE)]


def test_that_what_is_locked_stays_and_the_rest_is_solved_around_it() -> None:
    expected = entries("one.weight", "two.weight", shape=(3, 5))
    found = entries("m.one.weight", "m.two.weight", shape=(3, 5))
    free = state_dict_diff(expected, found)
    assert free.mapping == {"m.one.weight": "one.weight", "m.two.weight": "two.weight"}
    diff = state_dict_diff(expected, found, {"m.one.weight": "two.weight"})
    assert diff.mapping["m.one.weight"] == "two.weight"
    assert {row.how for row in diff.rows if row.found and row.found.key == "m.one.weight"} == {"given"}


@pytest.mark.parametrize(
    ("locked", "said"),
    [
        ({"nowhere": "a"}, "the checkpoint does not have: nowhere"),
        ({"b": "nowhere"}, "the model does not have: nowhere"),
        ({"b": "a", "c": "a"}, "gives a to more than one key"),
        ({"gone": ""}, "the checkpoint does not have: gone"),
    ],
)
def test_that_a_decision_about_keys_that_are_not_there_is_refused(locked: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        state_dict_diff(entries("a"), entries("b", "c"), locked)


def test_that_what_is_no_longer_there_is_no_decision_any_more() -> None:
    assert still_there({"a": "x", "b": "y", "c": ""}, entries("x"), entries("a", "b", "c")) == {"a": "x", "c": ""}
    assert still_there({}, entries("x"), entries("a")) == {}


def test_that_only_whole_pairs_can_be_locked() -> None:
    one, other = entries("a", "b")
    assert can_be_locked(DiffRow("renamed", one, other))
    assert not can_be_locked(DiffRow("missing", one, None))
    assert not can_be_locked(DiffRow("split", one, other, cut=(0, 0, 4)))


# candidates


def test_that_the_likeliest_keys_come_first() -> None:
    expected = [*entries("enc.fc1.weight", "enc.fc2.weight", "dec.fc1.weight"), *entries("enc.fc1.bias", shape=(4,))]
    diff = state_dict_diff(expected, entries("dec.fc1.weight", "encoder.fc2.kernel"))
    (entry,) = entries("encoder.fc2.kernel")
    told = candidates(diff, entry, CHECKPOINT)
    assert [each.entry.key for each in told if each.fits][-1] == "dec.fc1.weight"  # it is taken
    assert [each.taken for each in told if each.entry.key == "dec.fc1.weight"] == ["dec.fc1.weight"]
    assert told[-1].entry.key == "enc.fc1.bias"
    assert not told[-1].fits


def test_that_a_transposed_shape_fits_too_and_both_sides_can_ask() -> None:
    diff = state_dict_diff(entries("a.weight", shape=(3, 5)), entries("queue", shape=(5, 3)))
    (entry,) = entries("a.weight", shape=(3, 5))
    assert [(each.entry.key, each.fits) for each in candidates(diff, entry, MODEL)] == [("queue", True)]


# patterns


def rename_preview(diff: StateDictDiff, side: str, pattern: str, replacement: str) -> RenamePreview:
    *_, preview = rename_steps(diff, side, pattern, replacement)
    assert preview is not None
    return preview


def test_that_a_pattern_says_what_every_key_becomes() -> None:
    diff = state_dict_diff(entries("x.0.w", "x.1.w"), entries("y_0", "y_1", "z"))
    preview = rename_preview(diff, CHECKPOINT, r"y_(\d)", r"x.\1.w")
    assert [(row.key, row.new, row.note) for row in preview.rows] == [("y_0", "x.0.w", ""), ("y_1", "x.1.w", "")]
    assert pairs_of(preview, CHECKPOINT) == [("y_0", "x.0.w"), ("y_1", "x.1.w")]


def test_that_a_pattern_on_the_model_gives_pairs_the_other_way_round() -> None:
    diff = state_dict_diff(entries("x.0.w"), entries("y_0"))
    preview = rename_preview(diff, MODEL, r"x\.(\d)\.w", r"y_\1")
    assert pairs_of(preview, MODEL) == [("y_0", "x.0.w")]


def test_that_two_keys_that_become_the_same_are_told_and_only_one_is_paired() -> None:
    diff = state_dict_diff(entries("x"), entries("y1", "y2"))
    preview = rename_preview(diff, CHECKPOINT, r"y\d", "x")
    assert [row.note for row in preview.rows] == ["", "y1 becomes this, too"]


@pytest.mark.parametrize("key", ["nothing", "wrong"])
def test_that_a_key_the_other_side_has_not_is_no_pair(key: str) -> None:
    diff = state_dict_diff(entries("x"), entries("y"))
    (row,) = rename_preview(diff, CHECKPOINT, "y", key).rows
    assert row.note == "no key of the model"


@pytest.mark.parametrize(("pattern", "replacement"), [("(", ""), ("a", r"\1"), ("a", r"\g<name>"), ("[", "b"), ("*", "")])
def test_that_a_pattern_that_is_none_is_said_and_never_raises(pattern: str, replacement: str) -> None:
    preview = rename_preview(state_dict_diff(entries("b"), entries("a")), CHECKPOINT, pattern, replacement)
    assert preview.error.startswith("No pattern: ")
    assert preview.rows == ()


def test_that_no_pattern_matches_nothing() -> None:
    assert rename_preview(state_dict_diff(entries("b"), entries("a")), CHECKPOINT, "", "x").rows == ()


# dragging


def test_that_a_dragged_key_finds_its_partner_on_the_other_side() -> None:
    one, other = entries("a", "b")
    missing, unexpected = DiffRow("missing", one, None), DiffRow("unexpected", None, other)
    assert dropped_pair(unexpected, CHECKPOINT, missing) == ("b", "a")
    assert dropped_pair(missing, MODEL, unexpected) == ("b", "a")
    assert dropped_pair(missing, MODEL, missing) is None
    assert dropped_pair(unexpected, CHECKPOINT, DiffRow("unexpected", None, one)) is None


# rows that are more than absent, or than another shape


def test_that_a_tied_key_that_is_absent_is_no_missing_one() -> None:
    expected = [KeyEntry("tok.weight", (9, 4), "float32"), KeyEntry("head.weight", (9, 4), "float32", ("tok.weight",))]
    diff = state_dict_diff(expected, entries("tok.weight", shape=(9, 4)))
    assert keys_of(diff, TIED) == ["head.weight"]
    assert diff.rows[1].how == "the same tensor as tok.weight, which is there"
    alone = state_dict_diff(expected, [])
    assert keys_of(alone, MISSING) == ["tok.weight", "head.weight"]


@pytest.mark.parametrize("prefix", ["", "module."])
def test_that_a_buffer_the_model_does_not_save_is_told_from_foreign_keys(prefix: str) -> None:
    found = entries(prefix + "fc.weight", prefix + "emb.position_ids", prefix + "foreign")
    diff = state_dict_diff(entries("fc.weight"), found, unsaved=entries("emb.position_ids"))
    assert keys_of(diff, BUFFER) == [prefix + "emb.position_ids"]
    assert [cause.kind for cause in diff.causes][-2:] == ["buffer", "unexpected"]


@pytest.mark.parametrize(
    ("key", "mine", "theirs", "how"),
    [
        ("tok_embeddings.weight", (99, 4), (120, 4), "another vocabulary"),
        ("encoder.pos_embed", (1, 197, 8), (1, 577, 8), "another number of positions"),
        ("classifier.weight", (1000, 8), (10, 8), "another number of outputs"),
        ("classifier.bias", (1000,), (10,), "another number of outputs"),
    ],
)
def test_that_sizes_that_people_change_are_resized(key: str, mine: tuple[int, ...], theirs: tuple[int, ...], how: str) -> None:
    diff = state_dict_diff(entries(key, shape=theirs), entries(key, shape=mine))
    assert [(row.status, row.how) for row in diff.rows] == [(RESIZED, how)]


@pytest.mark.parametrize(
    ("key", "mine", "theirs"),
    [("layers.0.fc.weight", (8, 4), (16, 4)), ("conv.weight", (8, 3), (4, 3)), ("head.weight", (10, 8), (10, 16))],
)
def test_that_any_other_size_is_another_shape(key: str, mine: tuple[int, ...], theirs: tuple[int, ...]) -> None:
    assert keys_of(state_dict_diff(entries(key, shape=theirs), entries(key, shape=mine)), SHAPE) == [key]


def test_that_a_head_of_a_wider_model_is_no_change_of_its_own() -> None:
    def model(width: int) -> list[KeyEntry]:
        return [*entries("body.weight", shape=(width, 3)), *entries("head.weight", shape=(width, width))]

    assert state_dict_diff(model(8), model(16)).counts[SHAPE] == 2


# square matrices


def linears(turned: bool, *more: KeyEntry) -> list[KeyEntry]:
    found = []
    for number in range(2):
        for name, shape in (("q", (6, 6)), ("up", (24, 6)), ("down", (6, 24))):
            found += entries(f"layers.{number}.{name}.weight", shape=shape[::-1] if turned else shape)
    return [*found, *more]


def test_that_a_square_matrix_turns_with_its_siblings() -> None:
    table = KeyEntry("embed.weight", (6, 6), "float32")
    diff = state_dict_diff(linears(False, table), linears(True, table))
    status = {row.expected.key: row.status for row in diff.rows if row.expected}
    assert status["layers.0.q.weight"] == status["layers.1.up.weight"] == TRANSPOSED
    assert status["embed.weight"] == "matched"
    (row,) = [row for row in diff.rows if row.expected and row.expected.key == "layers.0.q.weight"]
    assert (row.confidence, row.how) == (0.85, "transposed as its siblings are")


def test_that_square_matrices_stay_where_one_sibling_stands_straight() -> None:
    straight = KeyEntry("layers.1.out.weight", (5, 6), "float32")
    diff = state_dict_diff(linears(False, straight), linears(True, straight))
    status = {row.expected.key: row.status for row in diff.rows if row.expected}
    assert status["layers.0.q.weight"] == "matched"
    assert status["layers.0.up.weight"] == TRANSPOSED


def test_that_a_matrix_that_kept_its_name_was_turned_around_and_not_exchanged() -> None:
    diff = state_dict_diff(linears(False), linears(True))
    assert all(row.expected and row.found and row.expected.key == row.found.key for row in diff.rows)
    assert diff.counts[DTYPE] == 0
