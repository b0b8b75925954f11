"""A comparison folded, weighed by its numbers, and written down as a report."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.diff_folding import folded, numbers_text, unfolded
from torchloupe.analysis.diff_rows import DiffRow, KeyEntry, StateDictDiff
from torchloupe.analysis.explained import (
    ABSENT,
    AS_IT_IS,
    CONVERSION,
    OTHER_SIZE,
    UNDER_ANOTHER,
    UNSURE,
    WAYS,
    Explained,
    Share,
    explained,
    explained_text,
    percent_text,
)
from torchloupe.analysis.report.diff_section import MOST_ROWS, diff_document
from torchloupe.analysis.report.html import document_html
from torchloupe.analysis.report.markdown import document_markdown
from torchloupe.analysis.state_dict_diff import state_dict_diff

SIDES = "Net", "a.pt"


def entry(key: str, *shape: int, dtype: str = "float32") -> KeyEntry:
    return KeyEntry(key, shape, dtype)


def pair(number: int, status: str = "renamed", how: str = "name and shape, 12 alike", **more: object) -> DiffRow:
    sides = entry(f"model.layers.{number}.q.weight", 4, 4), entry(f"layers.{number}.wq.weight", 4, 4)
    return DiffRow(status, *sides, how, 0.97)._replace(**more)


def diff_of(*rows: DiffRow) -> StateDictDiff:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.status] = counts.get(row.status, 0) + 1
    return StateDictDiff(rows, {}, counts, ())


# folding


def test_that_equal_layers_are_one_group_with_a_pattern() -> None:
    (group,) = folded([pair(number) for number in range(12)])
    assert (group.expected, group.found) == ("model.layers.{0..11}.q.weight", "layers.{0..11}.wq.weight")
    assert len(group.rows) == 12
    assert group.row == group.rows[0]


def test_that_a_layer_that_differs_stands_alone() -> None:
    rows = [pair(0), pair(1, status="transposed"), pair(2), pair(3, confidence=0.5)]
    assert [(each.expected, len(each.rows)) for each in folded(rows)] == [
        ("model.layers.{0,2}.q.weight", 2),
        ("model.layers.1.q.weight", 1),
        ("model.layers.3.q.weight", 1),
    ]


def test_that_only_whole_parts_are_places_of_layers() -> None:
    rows = [DiffRow("missing", entry(f"fc{number}.weight", 3), None) for number in (1, 2)]
    assert [each.expected for each in folded(rows)] == ["fc1.weight", "fc2.weight"]


def test_that_no_row_is_lost_by_folding_and_none_is_folded_unasked() -> None:
    rows = [pair(number, status="split", how=f"0 to 3 of dimension 0 of h.{number}.qkv") for number in range(5)]
    assert [row for group in folded(rows) for row in group.rows] == rows
    assert [len(group.rows) for group in unfolded(rows)] == [1] * 5
    assert len(folded(rows)) == 1


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([3, 3], "3"), ([0, 1, 2], "{0..2}"), ([2, 0, 1], "{0..2}"), ([0, 2, 4], "{0,2,4}"), ([0, 2, 4, 6, 9], "{0,2,4,…,9}")],
)
def test_that_numbers_are_said_shortly(numbers: list[int], text: str) -> None:
    assert numbers_text(numbers) == text


# what is explained


def test_that_every_tensor_of_the_model_counts_once_and_in_one_way() -> None:
    rows = [
        DiffRow("matched", entry("a", 10), entry("a", 10), "", 1.0),
        pair(0),
        DiffRow("transposed", entry("t", 2, 3), entry("t", 3, 2), "", 0.9),
        DiffRow("fused", entry("kv", 4), entry("k", 2), "", 0.9, (0, 0, 2)),
        DiffRow("fused", entry("kv", 4), entry("v", 2), "", 0.9, (0, 2, 4)),
        DiffRow("resized", entry("r", 5), entry("r", 6), "", 0.8),
        DiffRow("missing", entry("m", 7), None),
        DiffRow("unexpected", None, entry("u", 1000)),
        pair(1, confidence=0.5),
        DiffRow("tied", entry("tied", 3), None),
    ]
    told = explained(diff_of(*rows))
    numbers = {way: share.numbers for way, share in told.ways.items()}
    assert numbers == {AS_IT_IS: 13, UNDER_ANOTHER: 16, CONVERSION: 10, UNSURE: 16, OTHER_SIZE: 5, ABSENT: 7}
    assert (told.whole.numbers, told.explained.numbers) == (67, 39)
    assert told.whole.bytes == 4 * 67


def test_that_one_unsure_part_makes_the_whole_unsure() -> None:
    parts = [DiffRow("fused", entry("kv", 4), entry(key, 2), "", sure, (0, 0, 2)) for key, sure in (("k", 0.9), ("v", 0.5))]
    assert explained(diff_of(*parts)).ways[UNSURE].tensors == 1


def test_that_the_sentence_says_numbers_and_bytes() -> None:
    rows = [DiffRow("matched", entry("a", 900), entry("a", 900), "", 1.0), DiffRow("missing", entry("b", 100), None)]
    assert explained_text(explained(diff_of(*rows))) == (
        "90 % of 1,000 numbers (3.6 kB of 4 kB) are explained: 90 % as it is, 10 % missing."
    )
    assert explained_text(explained(diff_of(rows[0]))) == "100 % of 900 numbers (3.6 kB) are explained."
    assert explained_text(explained(diff_of())) == "The model has no parameters."


@given(st.lists(st.integers(0, 10**9), min_size=len(WAYS), max_size=len(WAYS)).filter(any))
def test_that_the_parts_of_a_model_make_the_whole_of_it(numbers: list[int]) -> None:
    told = Explained({way: Share(1, count, count) for way, count in zip(WAYS, numbers, strict=True)})
    text = explained_text(told)
    parts = [float(part) for part in re.findall(r"([\d.]+) % ", text.partition(": ")[2])] or [100.0]
    assert sum(parts) == pytest.approx(100)
    whole = float(text.partition(" %")[0])
    assert (whole == 100) == (told.explained.numbers == told.whole.numbers)
    assert (whole == 0) == (told.explained.numbers == 0)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 10, "0 %"), (10, 10, "100 %"), (999_999, 1_000_000, "99.9 %"), (1, 1_000_000, "0.1 %"), (123, 1000, "12.3 %")],
)
def test_that_nearly_all_is_never_called_all(part: int, whole: int, text: str) -> None:
    assert percent_text(part, whole) == text


# reports


def markdown(diff: StateDictDiff, sides: tuple[str, str]) -> str:
    return document_markdown(diff_document(diff, sides))


def page_of(diff: StateDictDiff, sides: tuple[str, str]) -> str:
    return document_html(diff_document(diff, sides))


class Tags(HTMLParser):
    """Whether every tag that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_that_the_markdown_has_counts_causes_and_a_table() -> None:
    expected = [entry(f"model.layers.{number}.q.weight", 4, 4) for number in range(3)]
    found = [entry(f"module.model.layers.{number}.q.weight", 4, 4) for number in range(3)]
    text = markdown(state_dict_diff(expected, found), SIDES)
    assert text.startswith("# State dict\n\na.pt against Net: 3 renamed.\n")
    assert "* 3 keys of the checkpoint" in text or "* All keys" in text or "module." in text
    assert "| renamed ×3 | `model.layers.{0..2}.q.weight` | `module.model.layers.{0..2}.q.weight` | [4, 4] |" in text


def test_that_the_page_is_whole_and_marks_old_and_new() -> None:
    expected, found = [entry("net.fc.weight", 3)], [entry("net.fc.gamma", 3)]
    page = page_of(state_dict_diff(expected, found), SIDES)
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert "net.fc.<s>gamma</s>" in page
    assert "net.fc.<ins>weight</ins>" in page


def test_that_names_from_strangers_are_only_text() -> None:
    odd = '<script>alert("x")</script>|`*\u202e'
    diff = state_dict_diff([entry("a", 1)], [entry(odd, 2)])
    page, text = page_of(diff, ("<b>", "a|b")), markdown(diff, ("<b>", "a|b"))
    assert "<script>" not in page
    assert "\u202e" not in page + text
    table = [line for line in text.splitlines() if line.startswith("| unexpected")]
    assert table[0].replace("\\|", "").count("|") == 7


def test_that_a_report_of_very_many_rows_is_cut_with_a_word() -> None:
    rows = [DiffRow("missing", entry(f"x{number}y", 1), None) for number in range(MOST_ROWS + 5)]
    assert "and 5 more rows" in markdown(diff_of(*rows), SIDES)
    assert "and 5 more rows" in page_of(diff_of(*rows), SIDES)


def test_that_two_equal_sides_have_no_table() -> None:
    same = state_dict_diff([entry("a", 1)], [entry("a", 1)])
    assert "|" not in markdown(same, SIDES)
    assert "<table" not in page_of(same, SIDES)
