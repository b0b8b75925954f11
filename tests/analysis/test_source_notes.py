"""What is written over the operands of a line: shapes, each over its own, as text and among the facts of a problem."""

import ast
from dataclasses import replace

import pytest

from torchloupe.analysis.operand_notes import argument_note, layer_notes, operation_notes, wanted_text
from torchloupe.analysis.source_edits import Span, call_at, expression_at, with_argument
from torchloupe.analysis.source_notes import SourceNote, excerpt, notes_at, notes_of, with_notes, written_over
from torchloupe.wire.problems import Fix, Problem


def span_of(source, kind=ast.Call):
    node = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, kind))
    return Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def over(source, problem, operation=None):
    if operation:
        notes = operation_notes("m.py", source, expression_at(source, problem.line, operation), problem)
    else:
        notes = layer_notes("m.py", source, call_at(source, span_of(source)), problem)
    return excerpt(with_notes(problem, list(notes)))


def operation(code, shapes, line=1):
    return Problem(code, "", file="m.py", line=line, data={"shapes": shapes})


def test_that_each_operand_has_its_shape_over_it():
    assert over("x = a + down(x)", operation("broadcast-mismatch", [[2, 16, 8, 8], [2, 16, 4, 4]]), "+") == [
        "    [2, 16, 8, 8]",
        "    │   [2, 16, 4, 4]",
        "x = a + down(x)",
    ]


def test_that_shapes_with_room_side_by_side_stand_in_one_row():
    problem = operation("matmul-mismatch", [[2, 3], [4, 5]])
    assert over("y = torch.matmul(queries, keys)", problem, "matmul") == [
        "                 [2, 3]   [4, 5]",
        "y = torch.matmul(queries, keys)",
    ]


def test_that_three_shapes_that_stand_close_are_tied_to_their_operands():
    problem = operation("cat-mismatch", [[4, 10], [4, 12], [4]])
    assert over("z = torch.cat([a, b, c])", problem, "cat") == [
        "               [4, 10]",
        "               │  [4, 12]",
        "               │  │  [4]",
        "z = torch.cat([a, b, c])",
    ]


def test_that_a_list_that_was_made_before_has_all_shapes_over_it():
    problem = operation("cat-mismatch", [[4, 10], [4]])
    assert over("z = torch.cat(parts, dim=1)", problem, "cat")[0] == "              [4, 10], [4]"


def test_that_the_letters_of_an_einsum_are_no_operand():
    problem = operation("matmul-mismatch", [[2, 3], [4, 5]])
    notes = operation_notes(
        "m.py", "y = torch.einsum('ij,jk', a, b)", expression_at("y = torch.einsum('ij,jk', a, b)", 1, "einsum"), problem
    )
    assert [note.text for note in notes] == ["[2, 3]", "[4, 5]"]


def test_that_a_layer_has_what_it_wants_over_its_name_and_what_arrives_over_its_argument():
    problem = Problem("shape-mismatch", "", file="m.py", line=1, data={"expected": 3136, "input_shape": [64, 9216]})
    assert over("x = self.classifier(x)", problem) == ["    wants 3136      [64, 9216]", "x = self.classifier(x)"]


def test_that_a_state_of_the_wrong_shape_has_both_shapes_over_it():
    data = {"expected": [1, 2, 10], "got": [1, 7, 10], "input_shape": [2, 7, 6]}
    problem = Problem("rnn-state-shape", "", file="m.py", line=1, data=data)
    assert over("y = self.rnn(x, state)", problem)[0] == "                [1, 7, 10], wants [1, 2, 10]"


@pytest.mark.parametrize(
    ("expected", "text"), [(32, "wants 32"), ("float32", "wants float32"), ([1, 2], "wants [1, 2]"), (None, ""), (True, "")]
)
def test_that_what_is_wanted_is_said_shortly(expected, text):
    assert wanted_text(Problem("a", "", data={"expected": expected})) == text


def test_that_an_argument_has_what_arrives_over_it_and_the_excerpt_names_a_line_that_is_not_the_problems():
    source = "class Net:\n    fc = nn.Linear(64, 10)\n"
    fix = Fix("set_argument", "", "fc", "in_features", 48)
    note = argument_note("m.py", source, with_argument(source, 2, "Linear", "in_features", 48, ["in_features"]), fix)
    assert (note.line, note.column, note.end, note.text) == (2, 19, 21, "48 arrive")
    problem = with_notes(Problem("shape-mismatch", "", file="m.py", line=9), [note])
    assert excerpt(problem) == ["               48 arrive", "fc = nn.Linear(64, 10)   (line 2)"]


def test_that_letters_of_more_than_one_byte_and_tabs_count_as_they_are_seen():
    source = "\tx = größe + y"
    notes = list(
        operation_notes("m.py", "if 1:\n" + source, expression_at("if 1:\n" + source, 2, "+"), operation("b", [[1], [2]], 2))
    )
    assert [(note.column, note.source[note.column : note.end]) for note in notes] == [(8, "größe"), (16, "y")]


NOTE = SourceNote("m.py", 3, 4, 5, "[2]", "x = y")


def test_that_notes_come_back_from_the_facts_and_what_is_none_is_left():
    problem = with_notes(Problem("a", "", file="m.py", line=3), [NOTE])
    assert notes_of(problem) == (NOTE,)
    assert notes_at(problem, "m.py", 3) == (NOTE,)
    assert notes_at(problem, "m.py", 4) == ()
    assert notes_at(None, "m.py", 3) == ()
    assert notes_of(Problem("a", "", data={"notes": [{"line": 3}, "what"]})) == ()
    assert with_notes(problem, []) is problem


def test_that_a_line_without_notes_has_nothing_over_it():
    assert written_over([]) == []
    assert excerpt(Problem("a", "")) == []


def test_that_indentation_is_cut_off_and_never_more_than_there_is():
    assert written_over([NOTE], 2) == ["  [2]"]
    assert written_over([replace(NOTE, column=1)], 4) == ["[2]"]
