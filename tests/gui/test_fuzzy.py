"""A few letters find the right line."""

import pytest

from torchloupe.gui.fuzzy import LIMIT, best_matches_steps, fuzzy_score
from torchloupe.gui.slices import all_at_once

KEYS = [
    f"encoder.layers.{layer}.mlp.{part}.{name}" for layer in range(24) for part in ("fc1", "fc2") for name in ("weight", "bias")
]


def matches(typed: str, texts: list[str], limit: int = LIMIT) -> list[str]:
    return all_at_once(best_matches_steps(typed, texts, str, limit))


def best(typed: str, texts: list[str]) -> str:
    return matches(typed, texts)[0]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("l12fc1w", "encoder.layers.12.mlp.fc1.weight"),
        ("layers.3 fc2 bias", "encoder.layers.3.mlp.fc2.bias"),
        ("23fc2b", "encoder.layers.23.mlp.fc2.bias"),
    ],
)
def test_that_initials_and_numbers_find_a_key(typed: str, wanted: str) -> None:
    assert best(typed, KEYS) == wanted


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("run sa", "Run: Run sample input"), ("cop", "Edit: Copy"), ("dark", "View: Dark"), ("restart", "Run: Restart worker")],
)
def test_that_the_beginning_of_a_word_finds_a_command(typed: str, wanted: str) -> None:
    commands = [
        "File: Open checkpoint",
        "Edit: Copy",
        "Edit: Copy dotted path",
        "Run: Run sample input",
        "Run: Restart worker",
        "View: Dark",
    ]
    assert best(typed, commands) == wanted


def test_that_letters_that_do_not_occur_in_this_order_find_nothing() -> None:
    assert fuzzy_score("ba", "abc") is None
    assert matches("zzz", KEYS) == []


def test_that_a_word_start_further_on_never_hides_a_match() -> None:
    assert fuzzy_score("ab", "xaxb a") is not None


def test_that_case_and_spaces_do_not_count() -> None:
    assert fuzzy_score("FC 1", "fc1") == fuzzy_score("fc1", "fc1")


def test_that_the_shorter_of_two_equal_matches_comes_first() -> None:
    assert matches("copy", ["copy dotted path", "copy"]) == ["copy", "copy dotted path"]


def test_that_nothing_typed_shows_everything_in_its_order_up_to_the_limit() -> None:
    assert matches(" ", KEYS, limit=10) == KEYS[:10]


def test_that_capital_letters_inside_a_word_start_one() -> None:
    in_camel_case, in_plain = fuzzy_score("ln", "LayerNorm"), fuzzy_score("ln", "layernorm")
    assert in_camel_case is not None
    assert in_plain is not None
    assert in_camel_case > in_plain
