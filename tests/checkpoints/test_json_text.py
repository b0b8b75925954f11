"""JSON from strangers."""

import pytest

from torchloupe.checkpoints.json_text import DEEPEST, RepeatedKey, is_deep, parsed


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": [1, 2, {"b": null}]}', {"a": [1, 2, {"b": None}]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b"  [1]  ", [1]),
        ('{"ü": "[[[[[[[[[[[[[[[[[[[["}'.encode(), {"ü": "[" * 20}),
        (b'{"a": {"x": 1}, "b": {"x": 1}}', {"a": {"x": 1}, "b": {"x": 1}}),
    ],
)
def test_that_good_text_is_parsed(raw, value):
    assert parsed(raw) == value


@pytest.mark.parametrize("raw", [b"", b"{", b"nonsense", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 100_000, b"9" * 10_000])
def test_that_bad_text_is_one_kind_of_error(raw):
    with pytest.raises(ValueError, match=r"."):
        parsed(raw)


@pytest.mark.parametrize("raw", [b'{"a": 1, "a": 2}', b'{"x": [{"a": 1, "b": 2, "a": 3}]}'])
def test_that_a_key_that_stands_twice_is_named(raw):
    with pytest.raises(RepeatedKey, match=r"^a$"):
        parsed(raw)


@pytest.mark.parametrize("depth", [1, DEEPEST, 3 * DEEPEST, 500])
def test_that_depth_is_counted(depth):
    assert is_deep(b"[" * depth + b"]" * depth) is (depth > DEEPEST)
    assert is_deep(b'{"a":' * depth + b"1" + b"}" * depth) is (depth > DEEPEST)


def test_that_many_flat_parts_are_not_deep():
    assert not is_deep(b"[" + b"{}," * 100_000 + b"[]]")


def test_that_brackets_and_quotes_in_texts_do_not_count():
    assert not is_deep(b'{"a\\"[[[[[[[[[[[[[[[[[[[[[[[": "]]]}}}{{{{{{{{{{{{{{{{{{{{{"}')
