"""What is typed into a filter field, and which rows stay."""

import pytest

from torchloupe.gui.row_filter import Term, haystack, matching, parse_filter, row_filter

TITLES = ("Key", "Shape", "Dtype", "Container")
ROWS = (
    ("encoder.conv1.weight", "[64, 3, 7, 7]", "float32", "model"),
    ("encoder.conv1.bias", "[64]", "float32", "model"),
    ("encoder.fc1.weight", "[10, 768]", "bfloat16", "model"),
    ("head.weight", "[5, 10, 768]", "bfloat16", "ema"),
    ("steps", "[]", "int64", "optimizer"),
    ("Conv:odd", "[640]", "uint8", "[64]"),
)


def kept(text: str) -> list[str]:
    """The keys that stay, by both doors: haystacks made once, and cells looked at row by row."""
    found = [ROWS[position][0] for position in matching(text, TITLES, [haystack(row) for row in ROWS])]
    accepts = row_filter(text, TITLES)
    assert found == [row[0] for row in ROWS if accepts(row)]
    return found


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", [row[0] for row in ROWS]),
        ("fc1", ["encoder.fc1.weight"]),
        ("CONV1 weight", ["encoder.conv1.weight"]),
        ("weight conv1", ["encoder.conv1.weight"]),
        ("+conv1 -bias", ["encoder.conv1.weight"]),
        ("encoder*bias", ["encoder.conv1.bias"]),
        ('"conv:odd"', ["Conv:odd"]),
        ('"int64" "step', ["steps"]),
        ("bf16", ["encoder.fc1.weight", "head.weight"]),
        ("encoder*model", []),
        ("*conv1*", ["encoder.conv1.weight", "encoder.conv1.bias"]),
        ("no such thing", []),
    ],
)
def test_that_all_words_must_be_found_anywhere_in_the_row(text: str, keys: list[str]) -> None:
    assert kept(text) == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("[*,768]", ["encoder.fc1.weight"]),
        ("[*, 768]", ["encoder.fc1.weight"]),
        ("[?,?,?,?]", ["encoder.conv1.weight"]),
        ("[...,768]", ["encoder.fc1.weight", "head.weight"]),
        ("[64,...]", ["encoder.conv1.weight", "encoder.conv1.bias", "Conv:odd"]),
        ("shape:[64]", ["encoder.conv1.bias"]),
        ("[]", ["steps"]),
        ("[...] container:opt", ["steps"]),
        ("[5,...,768]", ["head.weight"]),
        ("[10, 768", ["encoder.fc1.weight"]),
        ("shape:[64", ["encoder.conv1.weight", "encoder.conv1.bias", "Conv:odd"]),
        ("shape:[64,", ["encoder.conv1.weight", "encoder.conv1.bias"]),
        ("-[*] -[] -[64]", ["encoder.conv1.weight", "encoder.fc1.weight", "head.weight"]),
    ],
)
def test_that_a_bracket_is_a_shape_with_wild_sizes(text: str, keys: list[str]) -> None:
    assert kept(text) == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("dtype:bf16", ["encoder.fc1.weight", "head.weight"]),
        ("dtype:float32 bias", ["encoder.conv1.bias"]),
        ("d:i64", ["steps"]),
        ("-dtype:f32 -dtype:bf16", ["steps", "Conv:odd"]),
        ("container:ema", ["head.weight"]),
        ("conv:odd", ["Conv:odd"]),
        ("dtype:", [row[0] for row in ROWS]),
        ("-", [row[0] for row in ROWS]),
    ],
)
def test_that_a_column_is_named_by_the_start_of_its_title(text: str, keys: list[str]) -> None:
    assert kept(text) == keys


def test_that_terms_keep_their_sign_and_column() -> None:
    assert parse_filter("+conv -Bias dtype:BF16 [*, 768] -shape:[3]") == (
        Term("conv"),
        Term("bias", wanted=False),
        Term("bf16", "dtype"),
        Term("[*, 768]"),
        Term("[3]", "shape", wanted=False),
    )


def test_that_half_typed_terms_do_not_count_yet() -> None:
    assert parse_filter("- + dtype: ") == ()
