"""The run as a line of shapes: which cells it has, where it breaks, what is shown where there is little room."""

import pytest

from torchloupe.analysis.shape_strip import (
    BREAK,
    FOLLOWS,
    Piece,
    cell_at,
    cell_text,
    clash_text,
    consequences_by_module,
    fitted,
    fold_text,
    shape_strip,
)
from torchloupe.wire.problems import Problem
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall


def call(index, module, given, made=None, status="done", depth=1):
    outputs = (TensorMeta(made, "float32"),) if made else ()
    return LayerCall(index, module, "Linear", 0, depth, (TensorMeta(given, "float32"),), outputs, status=status)


def layer(module, at, got, expected, **data):
    known = {"input_shape": [2, got], "got": got, "expected": expected, **data}
    return Problem("shape-mismatch", "", module=module, call=at, data=known)


INPUT = (TensorMeta((2, 8), "float32"),)
TOLD = [
    call(1, "a", (2, 8), (2, 16)),
    call(2, "act", (2, 16), (2, 16)),
    call(3, "b", (2, 16), status="failed"),
    call(0, "", (2, 8), status="unfinished", depth=0),
]
ASSUMED = [
    call(3, "b", (2, 16), (2, 32), "assumed"),
    call(4, "c", (2, 32), (2, 4), "assumed"),
    call(0, "", (2, 8), (2, 4), "assumed", 0),
]
IN_B = layer("b", 3, 16, 20)


def texts(cells):
    return [cell_text(cell) for cell in cells]


def test_that_a_failure_of_a_models_own_forward_stands_behind_the_layers_that_it_called():
    calls = [
        call(0, "", (2, 8), status="unfinished", depth=0),
        call(1, "a", (2, 8), (2, 16)),
        call(2, "block", (2, 16), status="failed"),
        call(3, "block.b", (2, 16), (2, 4), depth=2),
    ]
    raised = Problem("forward-failed", "It fails.", module="block", call=2)
    assert texts(shape_strip(calls, (), [raised], INPUT)) == [
        "[2, 8]  input",
        "[2, 16]  a",
        "[2, 4]  block.b",
        "✖ `block`: failed",
    ]


def test_that_calls_that_hand_a_shape_on_are_one_cell_and_a_mismatch_is_a_break_between_two():
    cells = shape_strip(TOLD, ASSUMED, [IN_B], INPUT)
    assert texts(cells) == [
        "[2, 8]  input",
        "[2, 16]  a to act, 2 calls",
        "✖ `b`: 16 ≠ 20",
        "[2, 32]  b, assumed",
        "[2, 4]  c, assumed",
    ]


def test_that_a_run_in_which_all_meets_has_no_break():
    cells = shape_strip(TOLD[:2], [], [], INPUT)
    assert not any(cell.is_break for cell in cells)
    assert shape_strip([], [], []) == ()


def test_that_a_shape_that_no_layer_made_is_told_where_it_arrives():
    calls = [call(1, "pool", (2, 8, 4), (2, 8, 2)), call(2, "head.fc", (2, 16), (2, 3))]
    assert texts(shape_strip(calls, [], [])) == ["[2, 8, 2]  pool", "[2, 16]  in head", "[2, 3]  head.fc"]


def test_that_what_follows_is_tied_to_its_cause_and_is_no_break_of_its_own():
    rows = [{"code": "shape-mismatch", "module": "c", "file": "m.py", "line": 9, "call": 4, "operation": None}]
    problem = layer("b", 3, 16, 20, consequences=rows)
    cells = shape_strip(TOLD, ASSUMED, [problem], INPUT)
    follows = [cell for cell in cells if cell.state == FOLLOWS]
    assert [(cell.module, cell.text, cell.problem) for cell in follows] == [("c", "due to b", 0)]
    assert cell_text(follows[0]) == "◌ `c`: due to b"
    assert consequences_by_module(problem) == {"c": "due to b"}


def test_that_an_operation_breaks_before_the_call_that_comes_after_it():
    shapes = [[2, 16], [2, 20]]
    problem = Problem(
        "broadcast-mismatch", "", module="", call=0, line=12, data={"operation": "+", "shapes": shapes, "before_call": 2}
    )
    cells = shape_strip(TOLD[:2], [], [problem], INPUT)
    assert texts(cells)[1:] == ["[2, 16]  a", "✖ line 12: 20 ≠ 16", "[2, 16]  act"]


def test_that_an_operation_whose_place_nobody_knows_breaks_at_the_end():
    problem = Problem("view-mismatch", "", module="", call=0, line=7, data={"operation": "view", "shapes": [[2, 16]]})
    assert texts(shape_strip(TOLD[:2], [], [problem], INPUT))[-1] == "✖ line 7: view"


def test_that_a_layer_that_failed_for_another_reason_breaks_too_and_a_warning_does_not():
    failed = Problem("forward-failed", "", module="b", call=3)
    assert texts(shape_strip(TOLD, [], [failed], INPUT))[-1] == "✖ `b`: failed"
    warned = Problem("nan-origin", "", "warning", module="b", call=3, data={"shapes": [[2]]})
    assert not any(cell.is_break for cell in shape_strip(TOLD, [], [warned], INPUT))


@pytest.mark.parametrize(
    ("code", "data", "text"),
    [
        ("shape-mismatch", {"got": 9216, "expected": 3136}, "9216 ≠ 3136"),
        ("dtype-mismatch", {"got": "float64", "expected": "float32"}, "float64 ≠ float32"),
        ("rnn-state-shape", {"got": [1, 20, 8], "expected": [1, 16, 8]}, "[1, 20, 8] ≠ [1, 16, 8]"),
        ("matmul-mismatch", {"operation": "matmul", "shapes": [[2, 15, 48], [2, 15, 48]]}, "48 ≠ 15"),
        ("cat-mismatch", {"operation": "cat", "shapes": [[2, 3], [2]]}, "cat"),
        ("forward-failed", {}, "failed"),
    ],
)
def test_that_a_break_says_in_a_few_letters_what_does_not_meet(code, data, text):
    assert clash_text(Problem(code, "", data=data)) == text


def long_run(count):
    shapes = [(2, 8), (2, 9)]
    return shape_strip([call(index, f"l{index}", shapes[index % 2], shapes[1 - index % 2]) for index in range(count)], [], [])


def test_that_what_does_not_fit_is_folded_and_the_break_stays_with_what_is_beside_it():
    cells = list(long_run(100))
    cells[50] = shape_strip(TOLD, ASSUMED, [IN_B])[1]
    assert cells[50].state == BREAK
    pieces = fitted(cells, [1] * len(cells), 11, 1)
    assert {Piece(0, 0), Piece(49, 49), Piece(50, 50), Piece(51, 51), Piece(99, 99)} <= set(pieces)
    assert len(pieces) <= 11
    covered = [at for piece in pieces for at in range(piece.first, piece.last + 1)]
    assert covered == list(range(100))
    folds = [fold_text(cells[piece.first : piece.last + 1]) for piece in pieces if piece.is_fold]
    assert all(text.startswith("⋯ ") and "✖" not in text for text in folds)


def test_that_the_chosen_cell_is_shown_in_any_room_and_a_folded_break_is_counted():
    cells = list(long_run(100))
    cells[50] = shape_strip(TOLD, ASSUMED, [IN_B])[1]
    pieces = fitted(cells, [1] * len(cells), 3, 1, chosen=20)
    assert Piece(20, 20) in pieces
    assert [fold_text(cells[piece.first : piece.last + 1]) for piece in pieces if piece.is_fold][-1].endswith("✖ 1")
    assert fitted(cells, [500] * len(cells), 3, 1, chosen=20)[1] == Piece(20, 20)


def test_that_all_is_shown_where_there_is_room():
    cells = long_run(7)
    assert fitted(cells, [10] * 7, 70, 10) == [Piece(at, at) for at in range(7)]
    assert fitted((), (), 70, 10) == []


def test_that_a_cell_is_found_by_the_problem_in_it_else_by_a_call_in_it():
    cells = shape_strip(TOLD, ASSUMED, [IN_B], INPUT)
    assert [cell_at(cells, call) for call in (1, 2, 3, 4, 9, None)] == [1, 1, 3, 4, None, None]
    assert cell_at(cells, 3, problem=0) == 2
    assert cell_at(cells, 3, problem=5) == 3


def test_that_a_run_of_twelve_thousand_calls_is_folded_into_a_few_pieces():
    cells = long_run(12_000)
    pieces = fitted(cells, [100] * len(cells), 900, 40, chosen=6_000)
    assert sum(piece.last - piece.first + 1 for piece in pieces) == 12_000
    assert len(pieces) < 20
