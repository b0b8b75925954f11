"""The header of a safetensors file, entry by entry: what JSON says, however it is written, up to where it is damaged."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.making_files import entry, safetensors
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.json_text import RepeatedKey
from torchloupe.checkpoints.safetensors_header import METADATA, Declared, NoObject, entries_of, text_of
from torchloupe.wire.errors import CorruptFile

_NAMES = st.text(max_size=6) | st.sampled_from(['"', "\\", "a\n", "}", METADATA, "ü"])
_COUNTS = st.integers(0, 1 << 65)
_USUAL = st.builds(
    lambda shape, a, b: {"dtype": "F32", "shape": shape, "data_offsets": [a, b]}, st.lists(_COUNTS), _COUNTS, _COUNTS
)
_OTHER = st.recursive(
    st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner)
)
_HEADERS = st.dictionaries(_NAMES, _USUAL | _OTHER, max_size=4)


def _plainly(text: str) -> dict:
    return {name: value.plain() if type(value) is Declared else value for name, value in entries_of(text)}


@settings(max_examples=40, deadline=None)
@given(_HEADERS, st.sampled_from([None, 1, "\t"]), st.sampled_from([(",", ":"), (", ", ": "), (" , ", "  :\r\n")]), st.booleans())
def test_that_every_object_is_read_as_the_library_reads_it(header, indent, separators, ascii_only):
    text = json.dumps(header, indent=indent, separators=separators, ensure_ascii=ascii_only)
    assert _plainly(f" \n{text} ") == header
    assert list(_plainly(text)) == list(header)


@settings(max_examples=40, deadline=None)
@given(_HEADERS, st.integers(0, 200), st.sampled_from(["", "}", ",", '"', "[", "\\", "x", ",}"]))
def test_that_damage_is_an_error_and_the_same_one_kind_as_for_the_library(header, place, inserted):
    text = json.dumps(header)
    damaged = text[:place] + inserted + text[place + 1 :]

    def outcome(read):
        try:
            return read(damaged)
        except ValueError:
            return "refused"

    def by_the_library(text):
        found = json.loads(text, object_pairs_hook=_unrepeated)
        if not isinstance(found, dict):
            raise ValueError(text)
        return found

    assert outcome(_plainly) == outcome(by_the_library)


def _unrepeated(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError(pairs)
    return dict(pairs)


@pytest.mark.parametrize("number", ["007", "-1", "1.5", "1e3", "+1", "", "0x1"])
def test_that_odd_numbers_are_not_taken_for_usual_ones(number):
    text = f'{{"a":{{"dtype":"F32","shape":[{number}],"data_offsets":[0,16]}}}}'
    try:
        wanted = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            _plainly(text)
    else:
        assert _plainly(text) == wanted


@pytest.mark.parametrize("other", [entry(), 1, {"x": 1}])
def test_that_a_key_that_stands_twice_is_an_error_when_it_is_reached(other):
    text = f'{{"a": {json.dumps(entry())}, "b": 2, "a": {json.dumps(other)}}}'
    found = entries_of(text)
    assert [next(found)[0], next(found)[0]] == ["a", "b"]
    with pytest.raises(RepeatedKey, match=r"^a$"):
        next(found)


def test_that_a_key_that_stands_twice_inside_an_entry_is_an_error():
    with pytest.raises(RepeatedKey, match="dtype"):
        list(entries_of('{"a": {"dtype": "F32", "dtype": "F16"}}'))


def test_that_the_same_name_in_other_letters_is_the_same_name():
    with pytest.raises(RepeatedKey, match=r"^a$"):
        list(entries_of(f'{{"a": {json.dumps(entry())}, "\\u0061": {json.dumps(entry())}}}'))


@pytest.mark.parametrize("text", ["[]", "1", '"a"', "null"])
def test_that_other_values_are_no_object(text):
    with pytest.raises(NoObject, match="not an object of tensors"):
        list(entries_of(text))


def test_that_text_is_put_together_from_slices_that_cut_letters(monkeypatch):
    monkeypatch.setattr("torchloupe.checkpoints.safetensors_header._SLICE", 3)
    assert text_of("aüß€𝄞b".encode()) == "aüß€𝄞b"
    with pytest.raises(UnicodeDecodeError):
        text_of("aü".encode()[:-1])


def _written(tmp_path, header: bytes):
    (tmp_path / "a.safetensors").write_bytes(safetensors(header, bytes(16)))
    return read_contents(tmp_path / "a.safetensors")


@pytest.mark.parametrize("broken", [b",", b',"b', b',"b":{"dtype":', b',"b":nonsense}', b"} more", b',"b":{"dtype":"F32"]}'])
def test_that_what_stands_before_the_damage_is_listed(tmp_path, broken):
    whole = json.dumps({"a": entry()})[:-1].encode()
    contents = _written(tmp_path, whole + broken)
    assert [(row.key, row.shape, row.broken) for row in contents.tensors] == [("a", (4,), "")]
    assert [problem.code for problem in contents.problems] == ["checkpoint-odd-file"]
    assert "after 1 tensors, is not JSON" in contents.problems[0].message


def test_that_damage_before_the_first_tensor_is_refused(tmp_path):
    with pytest.raises(CorruptFile, match="is not JSON"):
        _written(tmp_path, b'{"a": nonsense')


def test_that_deep_entries_are_refused_after_good_ones(tmp_path):
    whole = json.dumps({"a": entry()})[:-1].encode()
    with pytest.raises(CorruptFile, match="nested more than"):
        _written(tmp_path, whole + b',"b":' + b"[" * 100_000)


@pytest.mark.parametrize("space", ["", " ", "\n\t"])
def test_that_spaces_change_nothing(tmp_path, space):
    text = json.dumps({"a": entry(0, 16), METADATA: {"by": "me"}}, separators=(f"{space},{space}", f"{space}:{space}"))
    contents = _written(tmp_path, text.encode())
    assert [(row.key, row.stored_at) for row in contents.tensors] == [("a", f"{8 + len(text)}:{24 + len(text)}")]
    assert contents.values[0].value == "me"
    assert contents.problems == ()


def test_that_tensors_of_one_shape_are_each_held_against_their_place(tmp_path):
    header = {"a": entry(0, 8, (2,)), "b": entry(8, 16, (2,)), "c": entry(12, 16, (2,)), "d": entry(20, 12, (2,))}
    contents = _written(tmp_path, json.dumps(header, separators=(",", ":")).encode())
    assert [bool(row.broken) for row in contents.tensors] == [False, True, True, True]
    assert "overlaps" in contents.tensors[1].broken
    assert "takes 8 bytes" in contents.tensors[2].broken
    assert "is no range" in contents.tensors[3].broken
