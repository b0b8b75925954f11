"""Importing what the user points at."""

import os
import sys

import pytest

from torchloupe.wire.errors import UsageError
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.target import import_target, list_targets, provided


def problem_of(text):
    with pytest.raises(CouldNotRun) as caught:
        import_target(text)
    return caught.value.problems[0]


def test_that_a_file_with_one_model_needs_no_name(models):
    target = import_target(str(models / "clean_cnn.py"))
    assert (target.name, target.make.__name__) == ("CleanCnn", "CleanCnn")
    assert provided(target) == ("example_inputs",)


def test_that_a_name_picks_one_of_several(models):
    assert import_target(f"{models / 'unfriendly.py'}:Prints").make.__name__ == "Prints"


def test_that_several_models_without_a_name_are_listed(models):
    problem = problem_of(str(models / "unfriendly.py"))
    assert problem.code == "target-choice"
    assert "Exits" in problem.data["choices"]
    assert "unfriendly.py:Exits" in problem.hint


def test_that_an_unknown_name_is_answered_with_those_that_exist(models):
    with pytest.raises(UsageError, match="has no `Nope`") as caught:
        import_target(f"{models / 'clean_cnn.py'}:Nope")
    assert "CleanCnn" in caught.value.hint


def test_that_a_missing_file_is_said_plainly(tmp_path):
    with pytest.raises(UsageError, match=r"There is no file .*gone\.py"):
        import_target(str(tmp_path / "gone.py"))


def test_that_a_syntax_error_names_the_line(models, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text((models / "syntax_error.txt").read_text())
    problem = problem_of(str(file))
    assert (problem.code, problem.file, problem.line) == ("import-failed", str(file), 3)
    assert "SyntaxError" in problem.message


def test_that_an_exception_at_import_names_the_users_line(models):
    problem = problem_of(str(models / "raises_on_import.py"))
    assert (problem.code, problem.line) == ("import-failed", 6)
    assert "KeyError: 'b'" in problem.message
    assert "raises_on_import" in problem.details


def test_that_a_missing_dependency_is_named_with_what_to_do(tmp_path):
    (tmp_path / "net.py").write_text(
        "import no_such_library.deep\n\nclass Net:\n    pass\n\ndef make_model():\n    return Net()\n"
    )
    problem = problem_of(str(tmp_path / "net.py"))
    assert "Install `no_such_library` in this interpreter" in problem.hint


def test_that_sys_exit_at_import_is_a_problem_and_not_the_end(tmp_path):
    (tmp_path / "script.py").write_text("import sys\nsys.exit(4)\n\ndef make_model():\n    return None\n")
    problem = problem_of(str(tmp_path / "script.py"))
    assert "sys.exit(4)" in problem.message
    assert problem.line == 2


def test_that_a_file_without_models_says_so(tmp_path):
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(UsageError, match="no Module class and no factory"):
        import_target(str(tmp_path / "empty.py"))


def test_that_relative_imports_work_inside_a_package(tmp_path):
    package = tmp_path / "mypackage_of_tests" / "nets"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("")
    (package / "parts.py").write_text("from torch import nn\n\nclass Part(nn.Linear):\n    pass\n")
    (package / "net.py").write_text("from .parts import Part\n\ndef make_model():\n    return Part(2, 2)\n")
    assert import_target(str(package / "net.py")).module.__name__ == "mypackage_of_tests.nets.net"


def test_that_a_neighbour_file_can_be_imported(tmp_path):
    (tmp_path / "neighbour_of_tests.py").write_text("SIZE = 3\n")
    (tmp_path / "net.py").write_text("from neighbour_of_tests import SIZE\n\ndef make_model():\n    return SIZE\n")
    assert import_target(str(tmp_path / "net.py")).make() == 3


def test_that_files_named_like_our_own_rooms_are_the_users(tmp_path):
    (tmp_path / "wire.py").write_text("def make_model():\n    return 'theirs'\n")
    assert import_target(str(tmp_path / "wire.py")).make() == "theirs"
    assert sys.modules["torchloupe.wire"].__name__ == "torchloupe.wire"


def test_that_an_importable_name_is_found_with_its_source(monkeypatch, tmp_path):
    (tmp_path / "importable_of_tests.py").write_text("from torch import nn\n\nclass Net(nn.Linear):\n    pass\n")
    monkeypatch.chdir(tmp_path)
    assert import_target("importable_of_tests:Net").name == "Net"
    choices = list_targets("importable_of_tests")
    assert [choice.name for choice in choices.choices] == ["Net"]
    assert os.path.samefile(choices.file, tmp_path / "importable_of_tests.py")


def test_that_listing_runs_nothing(tmp_path):
    (tmp_path / "loud.py").write_text("raise SystemExit('ran')\n\ndef make_model():\n    return None\n")
    assert list_targets(str(tmp_path / "loud.py")).default == "make_model"


def test_that_a_module_nobody_has_is_said_with_the_interpreter():
    with pytest.raises(UsageError, match="finds no source for `no_such_package_at_all`"):
        import_target("no_such_package_at_all:Net")


def test_that_a_binary_file_is_not_read_as_source(tmp_path):
    (tmp_path / "net.py").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UsageError, match="not UTF-8"):
        import_target(str(tmp_path / "net.py"))


def test_that_the_functions_a_file_provides_are_named_however_they_were_made(tmp_path):
    (tmp_path / "helping_of_tests.py").write_text("def train_step(model):\n    pass\n")
    source = "from helping_of_tests import train_step\nloss_fn = lambda output: output.sum()\nmake_optimizer = 3\n\n"
    (tmp_path / "net.py").write_text(source + "def make_model():\n    return None\n\ndef example_inputs():\n    return ()\n")
    assert provided(import_target(str(tmp_path / "net.py"))) == ("example_inputs", "loss_fn", "train_step")
