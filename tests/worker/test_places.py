"""Which line of the user's code."""

import sys
import textwrap
from pathlib import Path

import pytest
import torch

from torchloupe.worker import places
from torchloupe.worker.places import Places, is_foreign, is_ours


def failing(tmp_path, source, name="user_code.py"):
    """The exception that running a file raises."""
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(source))
    with pytest.raises((ArithmeticError, ValueError, RuntimeError)) as caught:
        exec(compile(file.read_text(), str(file), "exec"), {"__name__": "user_code"})
    return caught.value


def test_that_a_failure_inside_torch_is_the_line_that_called_torch(tmp_path):
    error = failing(tmp_path, "import torch\n\nlayer = torch.nn.Linear(2, 2)\nlayer(torch.ones(1, 3))\n")
    assert Places(str(tmp_path)).of_error(error) == (str(tmp_path / "user_code.py"), 4)


def test_that_a_failure_in_the_standard_library_is_the_line_that_called_it(tmp_path):
    error = failing(tmp_path, "import json\n\njson.loads('{')\n")
    assert Places().of_error(error) == (str(tmp_path / "user_code.py"), 3)


def test_that_the_project_goes_before_a_library_that_it_calls(tmp_path):
    library = tmp_path / "elsewhere" / "library.py"
    library.parent.mkdir()
    library.write_text("def half(x):\n    return x / 0\n")
    project = tmp_path / "project"
    source = f"import sys\nsys.path.insert(0, {str(library.parent)!r})\nimport library\nlibrary.half(2)\n"
    error = failing(project, source)
    sys.path.remove(str(library.parent))
    del sys.modules["library"]
    assert Places(str(project)).of_error(error) == (str(project / "user_code.py"), 4)
    assert Places().of_error(error) == (str(library), 2)


def test_that_packages_installed_below_the_project_are_not_the_project(tmp_path):
    installed = tmp_path / ".venv" / "lib" / "site-packages" / "vendored_lib.py"
    installed.parent.mkdir(parents=True)
    installed.write_text("def fail():\n    raise ValueError('deep')\n")
    source = f"import sys\nsys.path.insert(0, {str(installed.parent)!r})\nimport vendored_lib\nvendored_lib.fail()\n"
    error = failing(tmp_path, source)
    sys.path.remove(str(installed.parent))
    del sys.modules["vendored_lib"]
    assert Places(str(tmp_path)).of_error(error) == (str(tmp_path / "user_code.py"), 4)


def test_that_without_a_frame_of_the_project_the_innermost_other_one_is_told(tmp_path):
    error = failing(tmp_path, "x = 1\nx / 0\n")
    assert Places(str(tmp_path / "other")).of_error(error) == (str(tmp_path / "user_code.py"), 2)


def test_that_an_exception_that_was_never_raised_has_no_place():
    assert Places().of_error(ValueError("new")) is None


def test_that_code_without_a_file_is_passed_over():
    with pytest.raises(ZeroDivisionError) as caught:
        exec("1 / 0")
    assert Places().of_error(caught.value) == (__file__, caught.traceback[0].lineno + 1)


def test_that_the_caller_is_found_outwards_through_torch():
    places = []

    class Watched(torch.nn.Module):
        def forward(self, x):
            places.append(Places().of_caller(sys._getframe(1)))
            return x

    model = torch.nn.Sequential(Watched())
    line = sys._getframe().f_lineno + 1
    model(torch.ones(1))
    assert places == [(__file__, line)]


def test_that_a_frame_without_users_code_above_has_no_caller():
    assert Places().of_caller(None) is None


@pytest.mark.parametrize("filename", ["<string>", torch.__file__, textwrap.__file__, "<frozen importlib._bootstrap>"])
def test_that_torch_python_and_nowhere_are_foreign(filename):
    assert is_foreign(filename)


def test_that_our_own_files_are_foreign_and_installed_packages_are_not():
    import torchloupe.worker.places as ours

    assert is_foreign(ours.__file__)
    assert not is_foreign(pytest.__file__)
    assert not is_foreign(__file__)


def test_that_a_file_of_the_project_is_neither_installed_nor_torchs_nor_pythons(tmp_path):
    places = Places(str(tmp_path))
    assert places.is_project(str(tmp_path / "net.py"))
    assert not places.is_project(str(tmp_path / "env" / "site-packages" / "timm" / "net.py"))
    assert not places.is_project("/elsewhere/net.py")
    assert not places.is_project(torch.__file__)
    assert not places.is_project(textwrap.__file__)
    assert Places().is_project("/elsewhere/net.py")
    assert not Places().is_project(torch.__file__)


def test_that_the_model_that_comes_along_is_the_users_wherever_it_was_installed():
    package = Path(places.__file__).parents[1]
    assert is_ours(str(package / "worker/trace.py"))
    assert is_foreign(str(package / "worker/trace.py"))
    assert not is_ours(str(package / "resources/example/classifier.py"))
    assert not is_foreign(str(package / "resources/example/classifier.py"))
