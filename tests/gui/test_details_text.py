"""Details as text: nothing of a model, a path or an error is taken for markup; source lines stand around their place."""

import re
from urllib.parse import unquote

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics

from torchloupe.gui.details.model import Details, Fact, Section
from torchloupe.gui.details.rich_text import FittingText, breakable, facts_html, head_html, with_code
from torchloupe.gui.details.source import CONTEXT, ReadSource, SourceView, lines_around
from torchloupe.gui.source_places import SourcePlace

NASTY = "<b>a & b</b> \"quoted\" 'too'"
SOURCE = "\n".join(f"    line {number}" for number in range(1, 31))


@pytest.fixture
def text(qtbot):
    widget = FittingText("Facts")
    qtbot.addWidget(widget)
    widget.resize(300, 10)
    return widget


def test_that_words_between_backticks_are_code_and_the_rest_is_escaped():
    html = with_code("Set `in_features=<3>` & go")
    assert "in_features=&lt;3&gt;</span>" in html
    assert "&amp; go" in html
    assert "`" not in html


def test_that_a_lonely_backtick_stays():
    assert with_code("one ` alone") == "one ` alone"


def test_that_names_and_sentences_are_never_markup(text):
    text.show_html(head_html(Details(title=NASTY, subtitle=NASTY, sentences=(NASTY,))))
    assert text.toPlainText().count(NASTY) == 3


def test_that_facts_are_never_markup_and_links_keep_their_address(text):
    sections = (Section(NASTY, (Fact(NASTY, NASTY), Fact("Module", NASTY, link=NASTY))),)
    text.show_html(facts_html(sections))
    assert text.toPlainText().count(NASTY) == 4
    links = []
    block = text.document().begin()
    while block.isValid():
        fragments = block.begin()
        while not fragments.atEnd():
            form = fragments.fragment().charFormat()
            links += [form.anchorHref()] if form.isAnchor() else []
            fragments += 1
        block = block.next()
    assert [unquote(link) for link in links] == [NASTY]


def test_that_no_text_takes_no_room_and_more_text_more(text):
    text.show_html("")
    assert text.isHidden()
    text.show_html("<p>one line</p>")
    one = text.minimumHeight()
    text.show_html("<p>one line</p>" * 5)
    assert text.minimumHeight() > 3 * one


def test_that_the_lines_around_a_place_lose_their_common_indentation():
    source = lines_around("m.py", SOURCE, 15)
    assert (source.first, source.marked, len(source.lines)) == (15 - CONTEXT, 15, 2 * CONTEXT + 1)
    assert source.lines[CONTEXT] == "line 15"


@pytest.mark.parametrize(("line", "marked"), [(1, 1), (30, 30), (99, 30), (0, 1), (-4, 1)])
def test_that_a_line_outside_of_the_file_marks_the_nearest(line, marked):
    source = lines_around("m.py", SOURCE, line)
    assert source.marked == marked
    assert source.lines[source.marked - source.first] == f"line {marked}"


def test_that_an_empty_file_has_no_lines_and_no_error():
    source = lines_around("m.py", "", 3)
    assert source.lines == ()
    assert source.as_text() == ""


def test_that_text_has_numbers_of_equal_width_and_an_arrow():
    assert lines_around("m.py", "a\n\tb\nc", 2).as_text().splitlines() == ["  1  a", "▶ 2      b", "  3  c"]
    shown = lines_around("m.py", SOURCE, 9).as_text().splitlines()
    assert {line.index("line") for line in shown} == {6}


def test_that_a_file_that_is_no_utf8_is_shown_as_far_as_it_goes(tmp_path):
    path = tmp_path / "latin.py"
    path.write_bytes(b"# caf\xe9\nx = 1\n")
    source = ReadSource(str(path), 2)(lambda done, total, what: None)
    assert source.lines == ("# caf\ufffd", "x = 1")


def test_that_a_file_that_is_gone_is_an_error_for_the_job(tmp_path):
    with pytest.raises(OSError, match="gone"):
        ReadSource(str(tmp_path / "gone.py"), 1)(lambda done, total, what: None)


def test_that_the_marked_line_is_on_a_coloured_ground_and_a_click_opens_it(qtbot):
    view = SourceView(SourcePlace("Called here", "/models/<b>net</b>.py", 15))
    qtbot.addWidget(view)
    view.show_lines(lines_around(view.place.file, SOURCE, 15))
    [marked] = view.lines.extraSelections()
    assert marked.cursor.block().text().startswith("▶ 15")
    assert "&lt;b&gt;net" in view.label.text() or "b&gt;.py" in view.label.text()
    with qtbot.waitSignal(view.opened, timeout=10_000) as opened:
        view.label.linkActivated.emit("source")
    assert opened.args == ["/models/<b>net</b>.py", 15]
    assert view.lines.lineWrapMode() == view.lines.LineWrapMode.NoWrap
    assert view.lines.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff


def test_that_lines_that_cannot_be_read_leave_the_place_and_say_why(qtbot):
    view = SourceView(SourcePlace("Its class", "/models/net.py", 3))
    qtbot.addWidget(view)
    view.show_failure("The file is gone: <none>.")
    assert "net.py:3" in view.label.text()
    assert "The file is gone: &lt;none&gt;." in view.label.text()
    assert view.lines.isHidden()


def rows_of(text: FittingText) -> list[str]:
    return [line for line in text.toPlainText().split("\n") if line.strip()]


def test_that_values_stand_below_each_other_in_all_sections(text: FittingText) -> None:
    html = facts_html((Section("", (Fact("Call", "9"),)), Section("Inputs", (Fact("hidden states", "[2, 3]"),))))
    widths = re.findall(r"<td width='(\d+)'", html)
    assert len(widths) == 2
    assert len(set(widths)) == 1
    assert int(widths[0]) > QFontMetrics(text.font()).horizontalAdvance("hidden states")


def test_that_what_is_long_gets_lines_of_its_own(text: FittingText) -> None:
    long = "blocks.0.attention.in_proj_weight"
    html = facts_html(
        (Section("", (Fact("Parameters", f"{long}, {long}"), Fact("a_very_long_argument", "1"), Fact("Call", "9"))),)
    )
    assert html.count("colspan='2'") == 4
    text.show_html(html)
    assert rows_of(text) == ["Parameters", f"{long}, {long}", "a_very_long_argument", "1", "Call", "9"]


def test_that_long_code_may_be_broken_and_nothing_else_is_touched() -> None:
    html = breakable(with_code("Write `self.scales = nn.ParameterList(rows)` in a.very.long.module.name, or `a.b`."))
    assert html.count("&#8203;") == 3
    assert html.replace("&#8203;", "") == with_code(
        "Write `self.scales = nn.ParameterList(rows)` in a.very.long.module.name, or `a.b`."
    )
