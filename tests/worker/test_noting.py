"""The notes over the lines of a mismatch, as a worker makes them."""

import pytest

from torchloupe.analysis.source_notes import excerpt, notes_of


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("mismatches/residual", ["    [2, 16, 8, 8]", "    │   [2, 16, 4, 4]", "x = x + self.down(x)  # mismatch"]),
        ("mismatches/sobel", ["                 [2, 3, 8, 8]", "                 │  [1, 1, 3, 3]"]),
    ],
)
def test_that_an_operation_has_the_shapes_of_its_operands_over_them(run, name, lines):
    _, report = run(name)
    assert excerpt(report.problems[0])[: len(lines)] == lines


def test_that_a_layer_is_noted_where_it_is_called_and_where_it_is_made(run):
    _, report = run("mismatches/classifier")
    notes = [(note.line, note.text) for note in notes_of(report.problems[1])]
    problem = report.problems[1]
    assert notes[-1] == (problem.data["definition_line"], f"{problem.data['got']} arrive")
    assert (problem.line, f"wants {problem.data['expected']}") in notes


def test_that_of_a_line_that_makes_several_of_a_kind_the_right_one_is_noted(run):
    _, report = run("mismatches/towers")
    (note,) = notes_of(report.problems[0])
    assert note.source[note.column : note.end] == "18"
    assert note.source[: note.column].count("nn.Linear(") == 2
