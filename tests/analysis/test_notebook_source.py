"""Notebooks that were saved as Python files."""

import ast

import pytest

from torchloupe.analysis.notebook_source import notebook_problem, plain_source


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "!pip install timm",
        "%time x = f()",
        "?print",
        "print?",
        "nn.Linear??",
        "files = !ls",
        "took = %timeit f()",
    ],
)
def test_that_a_notebook_command_is_left_out_and_lines_keep_their_numbers(line: str) -> None:
    plain = plain_source(f"a = 1\n{line}\nb = 2\n")
    assert plain.left_out == (2,)
    statements = ast.parse(plain.text).body
    assert [node.lineno for node in statements] == [1, 2, 3]


def test_that_a_command_in_a_block_leaves_a_body() -> None:
    plain = plain_source("if True:\n    !nvidia-smi\n")
    assert plain.text == "if True:\n    pass\n"


def test_that_a_cell_of_another_language_is_left_out_up_to_the_next_cell() -> None:
    plain = plain_source("# In[1]:\n%%bash\nls -l | wc\necho done\n# In[2]:\na = 1\n")
    assert plain.left_out == (2, 3, 4)
    assert ast.unparse(ast.parse(plain.text)).endswith("a = 1")


def test_that_a_cell_that_is_only_timed_is_still_run() -> None:
    plain = plain_source("%%time\na = 1\n")
    assert plain.text == "pass\na = 1\n"


@pytest.mark.parametrize("source", ["a = 7 % 3\n", "a = (7\n % b)\n", "if a != b: pass\n", "text = '''\n%magic\n!ls\n'''\n"])
def test_that_plain_python_comes_back_as_it_is(source: str) -> None:
    assert plain_source(source) == (source, ())


def test_that_calls_of_an_exported_notebook_are_counted_and_kept() -> None:
    source = "a = 1\nget_ipython().run_line_magic('matplotlib', 'inline')\n"
    assert plain_source(source) == (source, (2,))


def test_that_both_kinds_of_commands_are_counted() -> None:
    assert plain_source("%cd ..\nget_ipython().system('ls')\n").left_out == (1, 2)


@pytest.mark.parametrize("source", ["class Net(\n", "a = \0\n", "def f(:\n  pass\n"])
def test_that_source_that_is_broken_otherwise_comes_back_as_it_is(source: str) -> None:
    assert plain_source(source) == (source, ())


def test_that_what_was_left_out_is_said_as_a_remark() -> None:
    one, many = notebook_problem("a.py", (3,)), notebook_problem("a.py", tuple(range(1, 10)))
    assert (one.severity, one.line, one.message) == ("info", 3, "1 notebook command was left out (line 3).")
    assert many.message == "9 notebook commands were left out (lines 1, 2, 3, 4, 5, 6, ...)."
