"""How long things may be. A budget is a smoke alarm: when it rings, a room is missing."""

import ast
from statistics import median

from architecture.sources import PACKAGE, TESTS, Length, modules

LONGEST_FILE, USUAL_FILE = 400, 150
LONGEST_FUNCTION, USUAL_FUNCTION = 60, 12
LONGEST_CLASS = 250
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def over(lengths: list[Length], budget: int) -> list[str]:
    """What is longer than the budget, as sentences."""
    return [f"{length.place} has {length.lines} lines" for length in lengths if length.lines > budget]


def lengths_of(kinds: tuple[type[ast.AST], ...]) -> list[Length]:
    return [length for source in modules().values() for length in source.lengths(kinds)]


def file_lengths() -> list[Length]:
    return [Length(str(source.path.relative_to(PACKAGE)), source.line_count) for source in modules().values()]


def test_that_no_file_is_longer_than_its_budget_and_most_are_far_below() -> None:
    assert over(file_lengths(), LONGEST_FILE) == []
    assert median(length.lines for length in file_lengths() if length.lines > 5) <= USUAL_FILE


def test_that_no_function_is_longer_than_its_budget_and_most_are_far_below() -> None:
    assert over(lengths_of(FUNCTIONS), LONGEST_FUNCTION) == []
    assert median(length.lines for length in lengths_of(FUNCTIONS)) <= USUAL_FUNCTION


def test_that_no_class_is_longer_than_its_budget() -> None:
    assert over(lengths_of((ast.ClassDef,)), LONGEST_CLASS) == []


def test_that_the_tests_are_at_least_as_long_as_the_code() -> None:
    code = sum(source.line_count for source in modules().values())
    tests = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in TESTS.rglob("*.py"))
    assert tests >= code
