"""Everything that was found as one document, and what each format makes of it."""

import json
from html.parser import HTMLParser

import pytest

from torchloupe.analysis.report.as_json import document_json
from torchloupe.analysis.report.building import Findings, problem_section, report_document
from torchloupe.analysis.report.document import (
    Bullets,
    Code,
    Document,
    Facts,
    Figure,
    Name,
    Section,
    Table,
    Text,
    printable,
    without_home,
)
from torchloupe.analysis.report.html import FOLDED_FROM as FOLDED_ON_PAGE
from torchloupe.analysis.report.html import document_html
from torchloupe.analysis.report.markdown import FEWEST_ROWS, FOLDED_FROM, document_markdown
from torchloupe.analysis.state_dict_diff import KeyEntry, state_dict_diff
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.problems import INFO, WARNING, Fix, Problem
from torchloupe.wire.steps import ParameterMotion, StepReport
from torchloupe.wire.sweeps import SizesSwept, SizeTried, SweptAxis
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import ASSUMED, DONE, FAILED, ForwardReport, LayerCall

PATCH = "--- a/net.py\n+++ b/net.py\n@@ -1 +1 @@\n-old\n+new\n"
MISMATCH = Problem(
    "shape-mismatch",
    "`fc1` is built for 8 features, but 6 arrive.",
    hint="Look at `fc1`.",
    module="fc1",
    call=2,
    file="/home/me/net.py",
    line=12,
    fixes=(
        Fix("set_argument", "Set in_features=6.", verified=True, outcome="it runs", patch=PATCH),
        Fix("set_argument", "Set out_features=8.", patch=PATCH.replace("new", "newer")),
    ),
    data={"got": 6, "expected": 8},
    details='File "/home/me/net.py", line 12\nRuntimeError: no',
)


def meta(*shape):
    return TensorMeta(shape, "float32")


def call(index, module, status=DONE, given=(2, 6), gives=(2, 6)):
    outputs = (meta(*gives),) if status in (DONE, ASSUMED) else ()
    return LayerCall(index, module, "Linear", 0, 1 if module else 0, (meta(*given),), outputs, status=status)


CALLS = [call(0, "", "unfinished"), call(1, "stem"), call(2, "fc1", FAILED)]
FORWARD = ForwardReport(
    (meta(2, 6),), "given", (), 3, 0.25, "cpu", (MISMATCH,), assumed=(call(3, "head", ASSUMED, (2, 8), (2, 3)),)
)
TREE = ModuleTree(
    (
        ModuleEntry("", "Net", 0, 0, 48, True, total_bytes=192, trainable_numel=48),
        ModuleEntry("fc1", "Linear", 1, 48, 48, True, "8, 6", total_bytes=192),
    ),
    (ParameterEntry("fc1.weight", "fc1", "parameter", (6, 8), "float32", "cpu", True, 48, 192),),
)
STEP = StepReport(
    (
        ParameterMotion(
            "a.weight", True, weight_norm=1.0, grad_norm=0.5, update_norm=0.1, update_ratio=0.1, changed_fraction=1.0
        ),
        ParameterMotion("b.weight", False, "no-gradient", "no gradient arrives"),
    ),
    loss_before=1.5,
    loss_after=1.25,
    loss_source="loss_fn",
    optimizer="SGD",
)
SWEPT = SizesSwept((SweptAxis("batch", 2, ((0, 0),), (SizeTried(1, False), SizeTried(2, True))),), notes=("Not all was tried.",))
DIFF = state_dict_diff([KeyEntry("fc1.weight", (6, 8), "float32")], [KeyEntry("module.fc1.weight", (6, 8), "float32")])
CONTENTS = CheckpointContents("/home/me/last.pt", "torch zip", 400, 200, (StoredTensor("fc1.weight", (6, 8), "float32", 192),))
EVERYTHING = Findings(
    "Net",
    versions=(("torchloupe", "0.1"), ("torch", "2.13")),
    opened=(("target", "`/home/me/net.py:Net`"), ("input", "`float32[2,6]` (given)")),
    problems=(MISMATCH, Problem("odd", "A remark.", INFO), Problem("old", "A warning.", WARNING)),
    contents=CONTENTS,
    tree=TREE,
    calls=CALLS,
    forward=FORWARD,
    diff=DIFF,
    step=STEP,
    sweep=SWEPT,
    figures=(Figure("Losses", '<svg><path fill="#123456"/></svg>'),),
    notes=("Nothing else was looked at.",),
)


class Page(HTMLParser):
    """The tags that are open, all that occur, and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text, self.links = [], set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in ("meta", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "path":
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def section(document, title):
    return next(block for block in document.blocks if isinstance(block, Section) and block.title == title)


# what is in it


def test_that_everything_has_its_section_what_matters_first():
    titles = [block.title for block in report_document(EVERYTHING).blocks if isinstance(block, Section)]
    assert titles == [
        "Problems",
        "Shapes that do not meet",
        "Calls around the failure",
        "Sizes",
        "Training step",
        "Plots",
        "State dict",
        "Modules",
        "Notes",
    ]


def test_that_it_begins_with_the_verdict_and_what_was_looked_at():
    document = report_document(EVERYTHING)
    assert document.blocks[0] == Text("1 error, 1 warning, 1 remark in 2 modules, 3 calls, 1 stored tensor.")
    facts = dict(document.blocks[1].rows)
    assert facts["target"] == "`/home/me/net.py:Net`"
    assert facts["checkpoint"].startswith("1 tensor in last.pt (torch zip)")
    assert facts["run"] == "250 ms on cpu"
    assert facts["torch"] == "2.13"


def test_that_what_was_not_looked_at_is_left_out():
    document = report_document(Findings("Net"))
    assert document.blocks == (Text("No problems."), Section("Problems", (Text("None found."),)))


def test_that_a_model_that_was_changed_is_told():
    forward = ForwardReport((), "given", (), 0, 0.1, "cpu", state_restored=False)
    assert "not bit for bit" in dict(report_document(Findings("Net", forward=forward)).blocks[1].rows)["run"]


def test_that_a_problem_has_its_place_its_fixes_their_patches_and_what_python_said():
    told = problem_section(MISMATCH)
    assert (told.title, told.severity) == ("`shape-mismatch` at fc1, /home/me/net.py:12", "error")
    texts = [block for block in told.blocks if isinstance(block, Text)]
    assert texts == [Text(MISMATCH.message), Text("Look at `fc1`.")]
    assert Bullets(("fix: Set in_features=6. (tried: it runs)", "fix: Set out_features=8.")) in told.blocks
    codes = [block for block in told.blocks if isinstance(block, Code)]
    assert [code.about for code in codes] == ["", "As a patch: Set out_features=8.", "What Python reported"]
    assert codes[0] == Code(PATCH, "diff")


def test_that_a_fix_that_only_repeats_the_hint_is_left_out():
    told = problem_section(Problem("odd", "Odd.", hint="Call it.", fixes=(Fix("edit_source", "Call it."),)))
    assert not [block for block in told.blocks if isinstance(block, Bullets)]


def test_that_errors_come_before_warnings_and_these_before_remarks():
    (problems,) = [
        block for block in report_document(EVERYTHING).blocks if isinstance(block, Section) and block.title == "Problems"
    ]
    assert [each.severity for each in problems.blocks] == ["error", "warning", "info"]


def test_that_what_is_meant_to_rest_has_another_mark():
    frozen = ParameterMotion("c.weight", False, "requires-grad-false", "frozen (requires_grad is False)")
    table = section(report_document(Findings("Net", step=StepReport((*STEP.parameters, frozen)))), "Training step").blocks[-1]
    assert [row[1][0] for row in table.rows] == ["✖", "–", "✓"]


def test_that_the_shapes_around_each_break_are_told():
    (code,) = section(report_document(EVERYTHING), "Shapes that do not meet").blocks
    lines = code.text.split("\n")
    assert lines[0] == "[2, 6]  input"
    assert any(line.startswith(("✖ fc1: 8 ≠ 6", "✖ fc1: 6 ≠ 8")) for line in lines)
    assert lines[-1] == "[2, 3]  head, assumed"


def test_that_far_from_the_breaks_only_the_count_of_calls_is_told():
    many = [call(number, f"l{number}", given=(2, number + 5), gives=(2, number + 6)) for number in range(1, 60)]
    many.append(call(60, "fc1", FAILED))
    broken = Findings("Net", calls=many, forward=FORWARD, problems=[Problem("shape-mismatch", "No.", module="fc1", call=60)])
    (code,) = section(report_document(broken), "Shapes that do not meet").blocks
    assert any(line.startswith("⋯ ") for line in code.text.split("\n"))
    assert len(code.text.split("\n")) < 15


def test_that_the_calls_around_the_failure_are_told_with_what_would_come():
    (table,) = section(report_document(EVERYTHING), "Calls around the failure").blocks
    assert [(row[0], row[1].text, row[3]) for row in table.rows] == [
        ("0", "(model)", "– unfinished"),
        ("1", "stem", "✓ done"),
        ("2", "fc1", "✖ failed"),
        ("3", "head", "◌ assumed"),
    ]
    assert table.rows[2][4:] == ("[2, 6]", "–")


def test_that_of_a_long_run_only_the_calls_near_the_failure_are_told():
    long = [*(call(number, f"l{number}") for number in range(100)), call(100, "fc1", FAILED)]
    (table,) = section(report_document(Findings("Net", calls=long)), "Calls around the failure").blocks
    assert [row[0] for row in table.rows] == [str(number) for number in range(94, 101)]
    assert table.about == "7 calls around the failure, of 101"


def test_that_a_run_without_a_failure_has_neither():
    good = Findings("Net", calls=[call(0, "fc1")], forward=ForwardReport((), "given", (), 1, 0.1, "cpu"))
    assert [block.title for block in report_document(good).blocks if isinstance(block, Section)] == ["Problems"]


def test_that_what_did_not_move_comes_first():
    bullets, table = section(report_document(EVERYTHING), "Training step").blocks
    assert any("1.5" in line for line in bullets.lines)
    assert [row[0].text for row in table.rows] == ["b.weight", "a.weight"]
    assert table.rows[0][1].startswith("✖")
    assert table.rows[0][7] == "No gradient arrives."


def test_that_the_keys_that_differ_are_marked():
    table = section(report_document(EVERYTHING), "State dict").blocks[-1]
    assert table.rows[0][0] == "renamed"
    assert table.rows[0][2] == Name("module.fc1.weight", spans=((0, 7),))


# as Markdown


def test_that_markdown_reads_well_in_an_issue():
    text = document_markdown(report_document(EVERYTHING))
    assert text.startswith("# Net\n\n1 error, 1 warning, 1 remark in 2 modules")
    assert "### ✖ `shape-mismatch` at fc1, /home/me/net.py:12\n" in text
    assert "```diff\n--- a/net.py" in text
    assert "<details><summary>What Python reported</summary>\n\n```\n" in text
    assert "\n\n\n" not in text
    assert "<svg" not in text
    assert "the drawing is in the HTML report" in text


def test_that_a_long_table_is_folded_and_a_short_one_is_not():
    def table(count):
        return Document("T", (Table(f"{count} rows", ("a",), tuple((str(number),) for number in range(count))),))

    assert "<details>" not in document_markdown(table(FOLDED_FROM - 1))
    assert f"<details><summary>{FOLDED_FROM} rows</summary>" in document_markdown(table(FOLDED_FROM))
    assert "<details>" not in document_html(table(FOLDED_ON_PAGE - 1))
    assert f"<details><summary>{FOLDED_ON_PAGE} rows</summary>" in document_html(table(FOLDED_ON_PAGE))


def test_that_a_report_that_is_too_long_has_fewer_rows_and_says_so():
    rows = tuple((f"row {number}", "x" * 40) for number in range(400))
    document = Document("T", (Table("400 rows", ("name", "text"), rows, left_out=7),))
    whole, short = document_markdown(document), document_markdown(document, 6_000)
    assert "and 7 more rows" in whole
    assert len(short) <= 6_000 < len(whole)
    shown = sum(line.startswith("| row") for line in short.splitlines())
    assert f"and {407 - shown} more rows" in short
    assert sum(line.startswith("| row") for line in document_markdown(document, 1).splitlines()) >= FEWEST_ROWS // 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a|b*c<d", "a\\|b\\*c\\<d"),
        ("no_grad and __init__", "no_grad and \\_\\_init\\_\\_"),
        ("shape [2, 3]: odd", "shape [2, 3]: odd"),
        ("a [link](http://evil)", "a \\[link\\](http://evil)"),
        ("see #12, # and -1", "see \\#12, # and -1"),
        ("# no heading", "\\# no heading"),
        ("`x[0]_*|` stays", "`x[0]_*\\|` stays"),
        ("one ` alone", "one \\` alone"),
        ("two\nlines\u202e", "two lines\\\\u202e"),
    ],
)
def test_that_nothing_is_taken_for_markdown(text, told):
    assert document_markdown(Document("T", (Text(text),))).splitlines()[2] == told


def test_that_code_with_a_fence_in_it_has_a_longer_one():
    text = document_markdown(Document("T", (Code("```\nx\n```", "text"),)))
    assert "````text\n```\nx\n```\n````" in text


# as a page


def test_that_the_page_is_whole_and_needs_nothing_else():
    text = document_html(report_document(EVERYTHING), dark={"#123456": "#abcdef"})
    page = Page(text)
    assert page.open == []
    assert page.links == []
    assert "script" not in page.tags
    assert "@media screen and (prefers-color-scheme:dark)" in text
    assert 'svg [fill="#123456"]{fill:#abcdef}' in text
    assert "url(" not in text
    assert "<s>module.</s>fc1.weight" in text
    assert '<span class="add">+new</span>' in text
    assert '<svg><path fill="#123456"/></svg>' in text


def test_that_names_from_strangers_are_only_text_on_the_page():
    odd = "<script>alert(1)</script>&\u202e"
    blocks = (Text(odd), Facts(((odd, odd),)), Bullets((odd,)), Table(odd, (odd,), ((Name(odd),),)), Code(odd, odd, odd))
    page = document_html(Document(odd, (Section(odd, blocks, "error"), Figure(odd, "<svg></svg>"))))
    assert "script" not in Page(page).tags
    assert "\u202e" not in page


def test_that_an_indented_name_and_an_empty_one_are_cells():
    page = document_html(Document("T", (Table("t", ("a", "b"), ((Name("x", 2), Name("")),), right=(1,)),)))
    assert '<td><code style="margin-left:2.4em">x</code></td><td class="r"></td>' in page
    assert "| \N{NO-BREAK SPACE}" in document_markdown(Document("T", (Table("t", ("a",), ((Name("x", 1),),)),)))


# as JSON


def test_that_json_has_every_section_with_all_rows():
    found = json.loads(document_json(report_document(EVERYTHING)))
    assert (found["report"], found["title"]) == (1, "Net")
    sections = {block["section"]: block["blocks"] for block in found["blocks"] if "section" in block}
    assert sections["Problems"][0]["severity"] == "error"
    assert sections["Modules"][1]["rows"][0]["module"] == "(model)"
    assert sections["Plots"] == []
    assert found["blocks"][1]["facts"]["torch"] == "2.13"
    assert {"list": ["Nothing else was looked at."]} in sections["Notes"]
    assert sections["Shapes that do not meet"][0]["language"] == ""


# the home folder


def test_that_the_home_folder_is_nobody_elses_business():
    document = without_home(report_document(EVERYTHING), "/home/me")
    for text in (document_markdown(document), document_html(document), document_json(document)):
        assert "/home/me" not in text
        assert "~/net.py" in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/home/me", "~"),
        ("/home/me/x", "~/x"),
        ("/home/mendel/x", "/home/mendel/x"),
        ('"/home/me"', '"~"'),
        ("/home/me:3", "~:3"),
    ],
)
def test_that_only_the_home_folder_itself_is_replaced(text, told):
    assert without_home(Document("T", (Text(text),)), "/home/me/").blocks == (Text(told),)


@pytest.mark.parametrize("home", ["", "/", "\\"])
def test_that_without_a_home_nothing_is_replaced(home):
    assert without_home(Document("T", (Text("/a/b"),)), home).blocks == (Text("/a/b"),)


def test_that_what_steers_a_terminal_is_printed_as_a_number():
    assert printable("a\x1b[1m\u202e") == "a\\u001b[1m\\u202e"
