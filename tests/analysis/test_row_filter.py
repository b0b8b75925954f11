"""What is typed into a filter field, and which rows stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.row_filter import (
    WORDS_KEPT,
    Group,
    Haystacks,
    Term,
    filter_trouble,
    haystack,
    matching,
    parse_filter,
    row_filter,
)

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


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("(fc1 | bias)", ["encoder.conv1.bias", "encoder.fc1.weight"]),
        ("(fc1|bias) encoder", ["encoder.conv1.bias", "encoder.fc1.weight"]),
        ("weight -(conv | head)", ["encoder.fc1.weight"]),
        ("fc1 | steps", ["encoder.fc1.weight", "steps"]),
        ("-(encoder -bias) -(head|steps|odd)", ["encoder.conv1.bias"]),
        ("((fc1)) (", ["encoder.fc1.weight"]),
        ("(fc1 | dtype:i64", ["encoder.fc1.weight", "steps"]),
        ("()", [row[0] for row in ROWS]),
        (")", []),
    ],
)
def test_that_groups_stand_wherever_a_word_may(text: str, keys: list[str]) -> None:
    assert kept(text) == (keys or [row[0] for row in ROWS])


SIZES = ("Key", "Size", "Time", "Mean")
NUMBERED = (
    ("a", "1,234", "3.2 ms", "-2e-05"),
    ("b", "1.69 MB", "1.2 s", "0.5"),
    ("c", "48 kB", "80 µs", ""),
)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("size>1000", "abc"),
        ("size>1M", "b"),
        ("size<=48k", "ac"),
        ("size<50 kb", "a"),
        ("time>1ms", "ab"),
        ("-time>1ms", "c"),
        ("mean<0", "a"),
        ("mean>=0.5", "b"),
        ("size>much", ""),
    ],
)
def test_that_numbers_are_compared_as_tables_write_them(text: str, keys: str) -> None:
    accepts = row_filter(text, SIZES)
    found = "".join(row[0] for row in NUMBERED if accepts(row))
    assert found == keys if text != "size<50 kb" else found in ("", "c")


def test_that_a_comparison_keeps_its_column_sign_and_limit() -> None:
    assert parse_filter("-size>=1.5M | fc") == (Group(((Term("1.5m", "size", False, ">="),), (Term("fc"),))),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        ("fc1 [*,768] mean:bf16 -bias (a | b) +c", ""),
        ("size>1M", ""),
        ("[2, ...]", ""),
        ("(fc1", "A bracket is not closed: ) is missing."),
        ("fc1)", "A ) closes nothing: there is no ( before it."),
        ('"fc1', 'A quotation mark is not closed: " is missing.'),
        ('"(fc1"', ""),
        ("[2, 3", "A shape is not closed: ] is missing."),
        ("[a, 3]", "a is no size: a shape has numbers, * for any size, and ... for any number of sizes."),
        ("colour:red", 'No column begins with colour. There are Key, Size, Time, Mean. As a word, write "colour:red".'),
        ("(fc1 | (b size>much))", "much is no number to compare size with: write size>1000 or 1.5M."),
    ],
)
def test_that_what_cannot_be_meant_is_said_with_the_reason(text: str, said: str) -> None:
    assert filter_trouble(text, SIZES) == said


def test_that_no_text_at_all_breaks_the_filter() -> None:
    alphabet = ["(", ")", "|", "-", "+", '"', "[", "]", "a", ":", ">", "=", " ", "1", "*", "key"]
    for number in range(16**4):
        text = "".join(alphabet[number // 16**place % 16] for place in range(4))
        if number % 7 == 0:
            matching(text, SIZES, [haystack(row) for row in NUMBERED])
            filter_trouble(text, SIZES)


MANY_ROWS = [f"blocks.{number // 10}.layer{number % 10}.{'bias' if number % 3 else 'weight'}" for number in range(2_500)]


@given(
    st.lists(
        st.sampled_from(["blocks", "blocks.24", "layer", "layer5", "-bias", "-ias", "5", "-5", "weight", "b*s", "q", "-q"]),
        max_size=4,
    )
)
def test_that_a_filter_typed_key_by_key_finds_what_it_finds_at_once(words: list[str]) -> None:
    typed, haystacks = " ".join(words), Haystacks(MANY_ROWS)
    for end in range(len(typed) + 1):
        assert matching(typed[:end], ["Key"], haystacks) == matching(typed[:end], ["Key"], MANY_ROWS)


def test_that_only_the_last_words_are_remembered_and_none_once_there_are_more_rows() -> None:
    haystacks = Haystacks(MANY_ROWS)
    for number in range(WORDS_KEPT + 1):
        matching(f"layer{number}", ["Key"], haystacks)
    assert haystacks.mask_of("layer0") is None
    assert haystacks.mask_of("layer1") is not None
    haystacks.append("blocks.999.layer1.bias")
    assert haystacks.mask_of("layer1") is None
    assert matching("layer1 999", ["Key"], haystacks) == [2_500]
