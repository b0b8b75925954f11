"""Which class forgot super().__init__(), and how."""

import ast

import pytest

from torchloupe.analysis.registration.source_facts import FunctionSource
from torchloupe.analysis.registration.super_init import ForgottenInit, forgotten_init_problem


def constructor(*body, name="Net", first=6):
    tree = ast.parse("\n" * (first - 1) + "def __init__(self):\n" + "\n".join(f"    {line}" for line in body))
    return FunctionSource("net.py", name, tree.body[0])


def problem(*constructors, line=None):
    return forgotten_init_problem(ForgottenInit("Net", constructors, "net.py", line))


@pytest.mark.parametrize(
    ("body", "raised", "line", "message", "repair"),
    [
        (
            ("self.n = 3", "self.fc = nn.Linear(2, 2)"),
            8,
            8,
            "`Net.__init__` never calls `super().__init__()` and puts `self.fc` into itself at line 8.",
            "Put `super().__init__()` first in `Net.__init__`.",
        ),
        (
            ("self.fc: nn.Module = nn.Linear(2, 2)", "super().__init__()"),
            7,
            7,
            "`Net.__init__` puts `self.fc` into itself at line 7, before `super().__init__()` runs at line 8.",
            "Move `super().__init__()` from line 8 to the first line of `Net.__init__`.",
        ),
        (
            ("self.register_buffer('a', b)", "super().__init__()"),
            7,
            7,
            "`Net.__init__` puts a part into itself at line 7, before `super().__init__()` runs at line 8.",
            "Move `super().__init__()` from line 8 to the first line of `Net.__init__`.",
        ),
        (
            ("super().__init__", "self.fc = nn.Linear(2, 2)"),
            8,
            7,
            "`Net.__init__` names `super().__init__` but does not call it (line 7).",
            "Add `()`: `super().__init__()`.",
        ),
        (
            ("super(nn.Module, self).__init__()", "self.fc = nn.Linear(2, 2)"),
            8,
            7,
            "`Net.__init__` calls `super(nn.Module, self).__init__()` (line 7), which does not reach `nn.Module.__init__`.",
            "Write `super().__init__()` at line 7.",
        ),
        (
            ("super(Net).__init__()", "self.fc = nn.Linear(2, 2)"),
            8,
            7,
            "`Net.__init__` calls `super(Net).__init__()` (line 7), which does not reach `nn.Module.__init__`.",
            "Write `super().__init__()` at line 7.",
        ),
        (
            ("self.fc.__init__(3)",),
            None,
            6,
            "`Net.__init__` never calls `super().__init__()`.",
            "Put `super().__init__()` first in `Net.__init__`.",
        ),
    ],
)
def test_that_each_way_to_forget_it_has_its_sentence(body, raised, line, message, repair):
    found = problem(constructor(*body), line=raised)
    assert (found.code, found.file, found.line, found.module) == ("missing-super-init", "net.py", line, "")
    assert (found.message, found.hint) == (message, repair)
    assert found.data["definition_line"] == 6
    assert [(fix.kind, fix.text) for fix in found.fixes] == [("edit_source", repair)]


def test_that_the_base_is_blamed_where_the_class_goes_on_to_it():
    own = constructor("super().__init__()", "self.fc = nn.Linear(2, 2)")
    base = constructor("self.size = 3", name="Base", first=1)
    found = problem(own, base, line=8)
    assert found.message == "`Base.__init__` never calls `super().__init__()`."
    assert found.line == 1
    assert found.data["raised_line"] == 8


@pytest.mark.parametrize("call", ["nn.Module.__init__(self)", "super(Net, self).__init__()", "Base.__init__(self, 3)"])
def test_that_every_way_to_call_it_counts(call):
    assert problem(constructor(call, "self.fc = A()"), line=8).message.startswith("`Net` puts modules or parameters into itself")


def test_that_without_source_the_class_is_named():
    found = problem(line=3)
    assert (found.line, found.hint) == (3, "Call `super().__init__()` first in `__init__`.")
