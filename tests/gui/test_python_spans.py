"""Python source taken apart for colouring."""

import keyword
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QPlainTextEdit

from torchloupe.gui import python_spans as python_spans_module
from torchloupe.gui import theme
from torchloupe.gui.python_colors import PythonColors
from torchloupe.gui.python_spans import ROLES, Span, python_spans


def said(text: str) -> list[tuple[str, str]]:
    """What of each line is coloured, and as what."""
    lines = text.split("\n")
    spans = python_spans(lines)
    return [
        (line[span.start : span.start + span.length], span.kind) for line, of in zip(lines, spans, strict=True) for span in of
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", [("1", "number")]),
        ("def forward(self):", [("def", "keyword"), ("forward", "name"), ("self", "constant")]),
        ("class Net(nn.Module):", [("class", "keyword"), ("Net", "name")]),
        ("return None  # why", [("return", "keyword"), ("None", "constant"), ("# why", "comment")]),
        ("@torch.no_grad()", [("@torch", "decorator")]),
        ("    @property", [("@property", "decorator")]),
        ("a @ b", []),
        ('x = "a # b"', [('"a # b"', "string")]),
        (r"x = 'it\'s' + y", [(r"'it\'s'", "string")]),
        ("x = f'{y}' rb'z'", [("f'", "string"), ("'", "string"), ("rb'z'", "string")]),
        ("x = 0x1F + 1e-3", [("0x1F", "number"), ("1e-3", "number")]),
        ("returned = importer", []),
        ("x = 'open", [("'open", "string")]),
        ("", []),
    ],
)
def test_that_each_kind_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(text) == expected


def test_that_a_string_over_several_lines_is_one_on_each() -> None:
    text = 'x = """one\n\n  two # no comment\nthree""" + 4'
    assert said(text) == [('"""one', "string"), ("  two # no comment", "string"), ('three"""', "string"), ("4", "number")]


def test_that_a_string_that_is_never_closed_goes_to_the_end() -> None:
    assert said("'''a\nb = 1") == [("'''a", "string"), ("b = 1", "string")]


def test_that_every_keyword_is_one() -> None:
    for word in keyword.kwlist:
        assert python_spans([f"{word} x"])[0][0].kind in ("keyword", "constant")


@given(st.text(alphabet="ab\"'\\#\n d=()1@"))
def test_that_whatever_is_typed_has_spans_inside_of_its_lines(text: str) -> None:
    lines = text.split("\n")
    spans = python_spans(lines)
    assert len(spans) == len(lines)
    for line, of in zip(lines, spans, strict=True):
        ends = [0]
        for span in of:
            assert ends[-1] <= span.start < span.start + span.length <= len(line)
            ends.append(span.start + span.length)


def test_that_match_is_a_keyword_only_where_it_is_one() -> None:
    assert said("match x:\n    case 1: pass")[0] == ("match", "keyword")
    assert said("match = 1")[0] == ("1", "number")


def test_that_what_stands_in_a_string_with_values_is_no_string() -> None:
    assert said("f'a {x + 1!r} b'") == [("f'a ", "string"), ("1", "number"), (" b'", "string")]


def test_that_only_the_lines_that_are_wanted_are_told_and_as_in_the_whole() -> None:
    lines = ['x = """a', "1 # no comment", 'b""" + 2', "return 3"]
    assert python_spans(lines, 1, 3) == python_spans(lines)[1:3]
    assert python_spans(lines, 1, 99) == python_spans(lines)[1:]
    assert python_spans(lines, 9, 12) == ()


def test_that_of_a_very_long_file_the_lines_behind_a_definition_are_gone_through(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["x = (1", "@property", "def f():", "    'doc'", "    return 1"]
    gone_through = []
    tokens = python_spans_module._tokens
    monkeypatch.setattr(python_spans_module, "_tokens", lambda text: gone_through.append(text) or tokens(text))
    assert [[span.kind for span in of] for of in python_spans(lines, 3)] == [["string"], ["keyword", "number"]]
    assert gone_through[-1] == "\n".join(lines)
    monkeypatch.setattr(python_spans_module, "MOST_LETTERS", 30)
    assert [[span.kind for span in of] for of in python_spans(lines, 3)] == [["string"], ["keyword", "number"]]
    assert gone_through[-1].startswith("def f():")


def test_that_our_own_source_is_coloured_in_no_time() -> None:
    text = Path(theme.__file__).read_text(encoding="utf-8")
    assert {kind for _, kind in said(text)} >= {"comment", "string", "keyword", "name", "number"}


@pytest.mark.parametrize(("by", "moved"), [(4, Span(6, 3, "name")), (-2, Span(0, 3, "name")), (-4, Span(0, 1, "name"))])
def test_that_a_span_moves_with_its_line(by: int, moved: Span) -> None:
    assert Span(2, 3, "name").moved(by) == moved


def test_that_every_kind_has_a_role_of_the_theme() -> None:
    assert set(ROLES.values()) <= set(theme.ROLES)


def test_that_a_document_is_coloured_behind_what_stands_before_each_line(qtbot: Any, qapp: Any) -> None:
    field = QPlainTextEdit()
    qtbot.addWidget(field)
    document = field.document()
    colors = PythonColors(document)
    text = "x = 1\nreturn x"
    colors.set_spans(python_spans(text.split("\n")), offset=3)
    field.setPlainText("\n".join(f"1  {line}" for line in text.split("\n")) + "\none line more")
    qapp.processEvents()
    found = document.findBlockByNumber(1).layout().formats()
    assert [(each.start, each.length) for each in found] == [(3, 6)]
    assert found[0].format.foreground().color() == theme.color("accent")
    assert document.findBlockByNumber(2).layout().formats() == []
