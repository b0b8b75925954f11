"""An expression is found by its place, written otherwise, and the change is a patch that others can apply."""

import shutil
import subprocess

import pytest

from torchloupe.analysis.source_edits import (
    Edit,
    Span,
    as_written,
    edited,
    expression_at,
    patch_text,
    patched_with_all,
    with_argument,
)

SOURCE = """def forward(self, x, y):
    a = x.view(x.size(0), -1, 16)
    b = torch.reshape(x, (4, -1))
    c = (x + y) + self.fc(x * y)
    d = torch.cat([x, (x - y)], dim=1)
    e = q @ self.k(x)
    e += y
    return torch.matmul(a, b)
"""


def texts(pieces):
    return [piece.text for piece in pieces]


@pytest.mark.parametrize(
    ("line", "operation", "operands", "arguments"),
    [
        (2, "view", ["x"], ["x.size(0)", "-1", "16"]),
        (3, "reshape", ["x"], ["4", "-1"]),
        (4, "fc", ["x * y"], []),
        (5, "cat", ["x", "(x - y)"], ["1"]),
        (6, "matmul", ["q", "self.k(x)"], []),
        (7, "+=", ["e", "y"], []),
        (8, "matmul", ["a", "b"], []),
    ],
)
def test_that_an_operation_is_taken_apart(line, operation, operands, arguments):
    found = expression_at(SOURCE, line, operation)
    assert texts(found.operands) == operands
    assert texts(found.arguments) == arguments


def test_that_two_of_a_kind_on_a_line_are_told_apart_by_their_columns():
    found = expression_at("z = (a + b) + c\n", 1, "+", Span(1, 5, 1, 10))
    assert texts(found.operands) == ["a", "b"]
    assert expression_at("z = (a + b) + c\n", 1, "+") is None


@pytest.mark.parametrize(("line", "operation"), [(1, "view"), (2, "reshape"), (99, "view")])
def test_that_what_is_not_there_is_not_found(line, operation):
    assert expression_at(SOURCE, line, operation) is None


def test_that_what_is_no_python_has_no_expressions():
    assert expression_at("def (:\n", 1, "view") is None
    assert with_argument("def (:\n", 1, "Linear", "bias", True, ()) is None


def test_that_a_method_on_a_sum_gets_parentheses():
    found = expression_at("z = torch.cat([a - b, c])\n", 1, "cat")
    edits = [piece.with_method("unsqueeze(1)") for piece in found.operands]
    assert edited("z = torch.cat([a - b, c])\n", edits) == "z = torch.cat([(a - b).unsqueeze(1), c.unsqueeze(1)])\n"


def test_that_edits_count_columns_in_bytes():
    source = "größe = 'ä' + x.view(4)  # ö\nn = 1\n"
    found = expression_at(source, 1, "view")
    assert edited(source, [Edit(found.span, "x.flatten(1)")]) == "größe = 'ä' + x.flatten(1)  # ö\nn = 1\n"


def test_that_an_edit_over_several_lines_is_one():
    source = "z = x.view(\n    4,\n    -1,\n)\nreturn z\n"
    found = expression_at(source, 3, "view")
    assert edited(source, [Edit(found.span, "x.flatten(1)")]) == "z = x.flatten(1)\nreturn z\n"


NAMES = ("in_features", "out_features", "bias")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("fc = nn.Linear(8 * 7, 4)", "fc = nn.Linear(12, 4)"),
        ("fc = nn.Linear(in_features=8, out_features=4)", "fc = nn.Linear(in_features=12, out_features=4)"),
        ("fc = wrap(nn.Linear(8, 4), 8)", "fc = wrap(nn.Linear(12, 4), 8)"),
    ],
)
def test_that_an_argument_gets_another_value(before, after):
    edit = with_argument(before, 1, "Linear", "in_features", 12, NAMES)
    assert edited(before, [edit]) == after


def test_that_an_argument_that_is_not_there_is_added():
    source = "self.up = nn.ConvTranspose2d(4, 2, 2, stride=2)"
    edit = with_argument(source, 1, "ConvTranspose2d", "output_padding", 1, ("in_channels", "out_channels", "kernel_size"))
    assert edited(source, [edit]) == "self.up = nn.ConvTranspose2d(4, 2, 2, stride=2, output_padding=1)"
    assert edited("p = Pool()", [with_argument("p = Pool()", 1, "Pool", "size", 2, ())]) == "p = Pool(size=2)"


@pytest.mark.parametrize("source", ["fc = nn.Linear(*sizes)", "a, b = nn.Linear(1, 2), nn.Linear(3, 4)", "fc = make(8)"])
def test_that_a_call_that_is_in_doubt_is_left_alone(source):
    assert with_argument(source, 1, "Linear", "in_features", 12, NAMES) is None


def test_that_a_call_with_two_stars_may_have_the_argument_in_them():
    assert with_argument("fc = nn.Linear(**sizes)", 1, "Linear", "in_features", 12, NAMES) is None


@pytest.mark.parametrize("ending", ["\n", ""])
def test_that_a_patch_can_be_applied(tmp_path, ending):
    before, after = f"a = 1\nb = 2{ending}", f"a = 1\nb = 3{ending}"
    (tmp_path / "net.py").write_text(before)
    text = patch_text("net.py", before, after)
    assert text.startswith("--- a/net.py\n+++ b/net.py\n@@")
    git = shutil.which("git")
    if git is None:
        pytest.skip("there is no git here to apply it")
    subprocess.run([git, "apply"], input=text, cwd=tmp_path, text=True, check=True, timeout=20)
    assert (tmp_path / "net.py").read_text() == after


def test_that_no_change_is_no_patch():
    assert patch_text("net.py", "a = 1\n", "a = 1\n") == ""


def test_that_patches_of_one_file_are_made_together_in_any_order() -> None:
    source = "".join(f"line {number}\n" for number in range(12))
    one = patch_text("a.py", source, source.replace("line 3\n", "line 3\nmore\n"))
    two = patch_text("a.py", source, source.replace("line 4", "other 4"))
    whole = source.replace("line 3\nline 4", "line 3\nmore\nother 4")
    assert patched_with_all(source, [one, two, two]) == patched_with_all(source, [two, one]) == whole
    third = patch_text("a.py", source, source.replace("line 4", "a third 4"))
    assert patched_with_all(source, [two, third]) is None
    assert patched_with_all(source, []) == source


def test_that_a_patch_has_the_ends_of_lines_of_its_file() -> None:
    raw = "import torch\nclass Net:\r\n\ta = 1\r\n\tb = 2\r\n# end"
    before = raw.replace("\r\n", "\n") + "\n"  # as Python reads it
    after = before.replace("a = 1", "a = 3")
    assert as_written(raw, before, after) == (raw, raw.replace("a = 1", "a = 3"))
    last = before.replace("# end", "# the end")
    assert as_written(raw, before, last) == (raw, raw.replace("# end", "# the end"))
    assert as_written("another text", before, after) == (before, after)
    assert as_written(before, before, after) == (before, after)
