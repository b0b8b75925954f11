"""What is said of a module that is not installed."""

from dataclasses import dataclass

import pytest

from torchloupe.analysis.package_names import package_of, wanted_python, wanted_text, with_holders
from torchloupe.wire.problems import Fix, Problem

LACKING = Problem(
    "import-failed",
    "`cv2` is not installed.",
    hint="Install it.",
    fixes=(Fix("choose_interpreter", "Choose one.", value="cv2"), Fix("install_package", "Install it.", value="opencv-python")),
    data={"module": "cv2", "package": "opencv-python", "interpreter": "/a b/python"},
)
OLD_PYTHON = Problem("import-failed", "It is written for 3.12.", fixes=(Fix("choose_interpreter", "Choose.", value=">=3.12"),))


@dataclass(frozen=True)
class Found:
    path: str
    python: str = "3.11.4"
    torch: str = "2.6.0"


def test_that_pip_knows_some_modules_by_another_name():
    assert [package_of(name) for name in ("cv2", "yaml.nodes", "einops.layers")] == ["opencv-python", "PyYAML", "einops"]


def test_that_another_interpreter_is_wanted_only_where_it_mends_something():
    assert wanted_python(LACKING) == "cv2"
    assert wanted_python(OLD_PYTHON) == ">=3.12"
    assert wanted_python(Problem("a", "b", fixes=(Fix("edit_source", "c"),))) is None


def test_that_the_interpreter_that_has_it_is_named_with_what_to_give():
    told = with_holders(LACKING, "cv2", [Found("/env/bin/python"), Found("/bare", torch="")])
    assert told.hint == (
        "/env/bin/python (Python 3.11.4, torch 2.6.0) has it (--python /env/bin/python). "
        "To install it in this one: '/a b/python' -m pip install opencv-python"
    )
    choose, install = told.fixes
    assert (choose.kind, choose.argument, choose.value) == ("choose_interpreter", "cv2", "/env/bin/python")
    assert choose.text == "Run it with Python 3.11.4 and torch 2.6.0: --python /env/bin/python"
    assert install == LACKING.fixes[1]
    assert told.data["interpreters"] == [
        {"path": "/env/bin/python", "python": "3.11.4", "torch": "2.6.0"},
        {"path": "/bare", "python": "3.11.4", "torch": None},
    ]
    assert told.data["module"] == "cv2"
    assert wanted_python(told) == "cv2"


@pytest.mark.parametrize(("count", "more"), [(1, ""), (2, "1 more has it, too."), (6, "5 more have it, too.")])
def test_that_others_that_have_it_are_counted_and_a_few_are_offered(count, more):
    told = with_holders(LACKING, "cv2", [Found(f"/{number}/python") for number in range(count)])
    assert more in told.hint
    assert len(told.fixes) == min(count, 3) + 1


def test_that_an_interpreter_without_torch_is_said_and_not_offered():
    told = with_holders(LACKING, "cv2", [Found("/bare", torch="")])
    assert "/bare (Python 3.11.4, no torch) has it, but has no torch." in told.hint
    assert [fix.kind for fix in told.fixes] == ["install_package"]


def test_that_nobody_has_it_is_said_with_the_command_that_installs_it():
    told = with_holders(LACKING, "cv2", [])
    assert told.hint == (
        "No interpreter that was found on this machine has it. "
        "To install it in this one: '/a b/python' -m pip install opencv-python"
    )
    assert [fix.kind for fix in told.fixes] == ["install_package"]


def test_that_a_newer_python_is_named_without_anything_to_install():
    told = with_holders(OLD_PYTHON, ">=3.12", [Found("/new", "3.12.1")])
    assert told.hint == "/new (Python 3.12.1, torch 2.6.0) has it (--python /new)."


@pytest.mark.parametrize(
    ("wanted", "text"),
    [("einops", "einops"), (">=3.12", "Python 3.12 or newer"), ("<3.11", "Python older than 3.11")],
)
def test_that_what_is_wanted_is_said_in_words(wanted, text):
    assert wanted_text(wanted) == text
