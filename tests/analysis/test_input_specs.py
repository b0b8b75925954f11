"""Sample inputs as a person writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.input_specs import (
    DTYPES,
    InputSpec,
    container_spec,
    format_input_spec,
    parse_input_spec,
    plain_spec,
    split_specs,
)
from torchloupe.wire.errors import UsageError


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("float32[2,3,28,28]", InputSpec(None, None, "float32", (2, 3, 28, 28))),
        ("int64[2,16]<1000", InputSpec(None, None, "int64", (2, 16), None, 1000)),
        ("int64[2,16]>=1<1000", InputSpec(None, None, "int64", (2, 16), 1, 1000)),
        ("float32[4]>=-1.5<1.5", InputSpec(None, None, "float32", (4,), -1.5, 1.5)),
        (" float32 [ 2 , 3 ] ", InputSpec(None, None, "float32", (2, 3))),
        ("float32[]", InputSpec(None, None, "float32", ())),
        ("float32[0,4]", InputSpec(None, None, "float32", (0, 4))),
        ("float32[5,]", InputSpec(None, None, "float32", (5,))),
        ("mask=bool[2,16]", InputSpec("mask", None, "bool", (2, 16))),
        ("input_ids = int64[2,16]<30", InputSpec("input_ids", None, "int64", (2, 16), None, 30)),
        ("torch.long[3]", InputSpec(None, None, "int64", (3,))),
        ("half[3]", InputSpec(None, None, "float16", (3,))),
        ("data/batch.npy", InputSpec(None, "data/batch.npy", "", ())),
        ("photo.JPG", InputSpec(None, "photo.JPG", "", ())),
        ("image=~/my photos/cat.png", InputSpec("image", "~/my photos/cat.png", "", ())),
        ("C:\\data\\x[1].pt", InputSpec(None, "C:\\data\\x[1].pt", "", ())),
    ],
)
def test_that_a_spec_is_understood(text: str, spec: InputSpec) -> None:
    assert parse_input_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "empty"),
        ("name=", "empty"),
        ("float32", "'float32'"),
        ("float32[2,3", "'float32[2,3'"),
        ("floaty[2]", "'floaty'"),
        ("float32[2,-3]", "'-3'"),
        ("float32[2,x]", "'x'"),
        ("float32[2,,3]", "''"),
        ("float32[2.5]", "'2.5'"),
        ("int64[2]<ten", "'<ten'"),
        ("int64[2]<1.5", "1.5"),
        ("int64[2]<0", "bounds"),
        ("int64[2]>=5<5", "bounds"),
        ("photo.doc", "'photo.doc'"),
        ("(2, x)", "'x'"),
        ('{"a": x}', "'x'"),
        ("{a: 3}", "'a: 3'"),
        ("float32[²]", "'²'"),
    ],
)
def test_that_what_is_not_understood_is_named_and_the_grammar_shown(text: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_input_spec(text)
    assert named in str(caught.value)
    assert "int64[2,16]<1000" in caught.value.hint


NUMBERS = st.integers(-1000, 1000)
SPECS = st.builds(
    InputSpec,
    st.none() | st.sampled_from(["x", "input_ids", "_mask2"]),
    st.none(),
    st.sampled_from([dtype for dtype in DTYPES if "int" not in dtype]),
    st.lists(st.integers(0, 10_000), max_size=5).map(tuple),
    st.none() | NUMBERS,
    st.none() | st.floats(1001, 1e12, allow_nan=False),
)


@given(SPECS)
def test_that_a_spec_written_is_the_spec_read(spec: InputSpec) -> None:
    assert parse_input_spec(format_input_spec(spec)) == spec


@given(st.text(max_size=30))
def test_that_any_text_is_a_spec_or_a_usage_error(text: str) -> None:
    try:
        hint = ""
        parse_input_spec(text)
    except UsageError as error:
        hint = error.hint
    assert not hint or "DTYPE[SIZES]" in hint


def test_that_files_are_written_as_they_were_read() -> None:
    assert format_input_spec(parse_input_spec("x=photo.png")) == "x=photo.png"


@pytest.mark.parametrize(
    "text",
    [
        *("3", "-2.5", "True", "None", "steps=3", "name='cosine'"),
        *("(float32[2,8], float32[2,8])", "(bool[2],)", "state=(float32[1,2,3], 4)", "[float32[3,8,11], int64[]]", "()", "[]"),
        *("{'input_ids': int64[2,8]<40, 'mask': None}", "[{'labels': int64[2]}]", "batch={'x': (float32[2], {'y': 1})}"),
    ],
)
def test_that_plain_values_and_containers_are_written_as_they_were_read(text: str) -> None:
    assert format_input_spec(parse_input_spec(text)) == text


def test_that_the_key_of_a_dict_is_kept_with_its_part() -> None:
    spec = parse_input_spec('{"x": int64[2]<5, "y": [True]}')
    assert (spec.container, [part.keyword for part in spec.parts]) == ("dict", ["x", "y"])
    assert spec.parts[1] == container_spec("list", (plain_spec(True),), "y")


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("3 steps=4", ("3", "steps=4")),
        ("(float32[2], 3) int64[2] <5", ("(float32[2], 3)", "int64[2]<5")),
        ("{'a': int64[2]}; [None, None]", ("{'a': int64[2]}", "[None, None]")),
        ("name='a b' 2", ("name='a b'", "2")),
    ],
)
def test_that_brackets_and_quotes_hold_a_spec_together(text: str, specs: "tuple[str, ...]") -> None:
    assert split_specs(text) == specs
