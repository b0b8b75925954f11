"""Exceptions as the sentence a colleague would say."""

import pytest
import torch

from torchloupe.wire.errors import UsageError, WorkerError
from torchloupe.wire.problems import Problem
from torchloupe.worker.explain import CouldNotRun, details_of, explain, is_out_of_memory, problem_of, said_by
from torchloupe.worker.places import Places


def raised(error):
    try:
        raise error
    except BaseException as caught:
        return caught


def problem(error, what="It failed", code="failed"):
    return problem_of(raised(error), code, what, Places())


def test_that_errors_of_our_own_keep_their_code_message_and_hint():
    (usage,) = explain(UsageError("Say what.", "Like this."))
    assert (usage.code, usage.message, usage.hint) == ("usage", "Say what.", "Like this.")
    assert explain(WorkerError("gone"))[0].code == "worker-died"


def test_that_finished_problems_pass_through():
    problems = (Problem("a", "one"), Problem("b", "two"))
    assert explain(CouldNotRun(*problems)) == problems
    assert str(CouldNotRun(*problems)) == "one"


def test_that_any_other_exception_is_named_with_type_text_and_traceback():
    (found,) = explain(raised(ValueError("depth must be positive")))
    assert found.message == "It failed: ValueError: depth must be positive"
    assert "Traceback" in found.details
    assert (found.file, found.severity) == (__file__, "error")


def test_that_colours_are_taken_out_of_foreign_text():
    error = raised(RuntimeError("\x1b[1mbold\x1b[0m words"))
    assert said_by(error) == "RuntimeError: bold words"
    assert "\x1b" not in details_of(error)


def test_that_an_empty_text_and_a_very_long_one_stay_one_sentence():
    assert said_by(KeyError()) == "KeyError without a text."
    assert len(said_by(ValueError("x" * 10_000))) < 700


def test_that_only_the_first_paragraph_is_the_sentence():
    assert said_by(ValueError("first\nline\n\nsecond paragraph")) == "ValueError: first line"


def test_that_a_missing_library_is_told_how_to_get():
    found = problem(ModuleNotFoundError("No module named 'einops.layers'", name="einops.layers"))
    assert "Install `einops` in this interpreter" in found.hint


def test_that_a_missing_data_file_is_told_with_its_path():
    error = FileNotFoundError(2, "No such file or directory", "data/vocab.txt")
    assert "data/vocab.txt" in problem(error).hint


def test_that_a_syntax_error_points_at_its_own_file_and_line():
    error = SyntaxError("invalid syntax", ("net.py", 7, 3, "class", 7, 5))
    found = problem(error, "net.py is not valid Python")
    assert (found.file, found.line) == ("net.py", 7)
    assert found.message == "net.py is not valid Python: SyntaxError: invalid syntax"


def test_that_sys_exit_names_its_status_and_the_usual_cure():
    found = problem(SystemExit(3), "Importing failed")
    assert found.message == "Importing failed: the code called sys.exit(3)."
    assert "__main__" in found.hint


def test_that_endless_recursion_has_a_short_message_and_bounded_details():
    def again():
        again()

    with pytest.raises(RecursionError) as caught:
        again()
    found = problem_of(caught.value, "failed", "It failed", Places())
    assert found.message == "It failed: a function calls itself for ever (RecursionError)."
    assert len(found.details) < 21_000


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate"),
    ],
)
def test_that_memory_that_ran_out_has_one_code_whoever_says_it(error):
    assert is_out_of_memory(error)
    found = problem(error)
    assert found.code == "out-of-memory"
    assert "smaller input" in found.hint


def test_that_other_runtime_errors_are_not_about_memory():
    assert not is_out_of_memory(RuntimeError("shapes differ"))


def test_that_an_exception_without_a_line_of_the_user_points_at_the_details():
    assert problem_of(ValueError("x"), "failed", "It failed", Places()).hint == "Look at the traceback in the details."
