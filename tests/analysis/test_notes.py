"""Notes and bookmarks as data, as a file, as lines of a report."""

import json
from typing import Any

import pytest

from torchloupe.analysis.notes import MODULE, PARAMETER, TENSOR, Note, note_lines, notes_object, notes_of_object, sign_words

NOTES = (
    Note(MODULE, "", "the whole model"),
    Note(PARAMETER, "fc.weight", "too large\n\nask Anna", marked=True),
    Note(TENSOR, "model.fc.weight", marked=True),
)


@pytest.mark.parametrize(("note", "sign"), list(zip(NOTES, ("✎", "★✎", "★"), strict=True)))
def test_that_a_sign_says_without_colour_what_there_is(note: Note, sign: str) -> None:
    assert note.sign == sign
    assert note.says_something


def test_that_a_sign_can_be_spoken() -> None:
    assert [sign_words(sign) for sign in ("", "★", "✎", "★✎")] == [[], ["bookmark"], ["note"], ["bookmark", "note"]]


def test_that_blanks_alone_say_nothing() -> None:
    assert not Note(MODULE, "fc", " \n ").says_something
    assert Note(MODULE, "fc", " \n ").sign == ""


def test_that_notes_come_back_from_their_file() -> None:
    text = json.dumps(notes_object("/m/net.py:Net", (*NOTES, Note(MODULE, "silent"))))
    assert tuple(notes_of_object(json.loads(text))) == NOTES


def test_that_what_is_no_note_costs_no_other_one() -> None:
    plain: dict[str, Any] = notes_object("a", NOTES)
    plain["notes"] += [{"kind": "planet", "name": "x"}, "text", {"kind": MODULE}, {"kind": MODULE, "name": 7}]
    assert tuple(notes_of_object(plain)) == NOTES


@pytest.mark.parametrize("plain", [None, [], {}, {"notes": "many"}, 7])
def test_that_a_file_without_a_list_of_notes_is_an_error(plain: Any) -> None:
    with pytest.raises(ValueError, match="no list of notes"):
        notes_of_object(plain)


def test_that_a_report_has_one_line_for_each() -> None:
    assert note_lines((*NOTES, Note(MODULE, "silent"))) == [
        "✎ `(model)` (module): the whole model",
        "★✎ `fc.weight` (parameter): too large ask Anna",
        "★ `model.fc.weight` (tensor)",
    ]
