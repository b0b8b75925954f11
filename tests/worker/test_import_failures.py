"""Why an import failed, and the offer that mends it."""

import os
import sys

import pytest

from torchloupe.worker.target import import_target
from worker.projects import NET, import_failure, written


def failure(folder, source, **more):
    return import_failure(written(folder, {"net.py": source, **more}) / "net.py")


def test_that_a_module_that_is_not_installed_is_named_with_its_package_and_interpreter(tmp_path):
    problem = failure(tmp_path, "import no_such_library.deep\n" + NET)
    assert problem.message == f"`no_such_library` is not installed in this Python ({sys.executable})."
    assert (problem.code, problem.line) == ("import-failed", 1)
    assert f"{sys.executable} -m pip install no_such_library" in problem.hint
    choose, install = problem.fixes
    assert (choose.kind, choose.value, install.kind) == ("choose_interpreter", "no_such_library", "install_package")


def test_that_the_package_of_another_name_is_said(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "skimage", None)  # as if it were not installed
    problem = failure(tmp_path, "import skimage.io\n" + NET)
    assert "(the package is scikit-image)" in problem.message
    assert problem.data["package"] == "scikit-image"


def test_that_a_module_of_the_project_is_found_and_the_offer_works(tmp_path):
    files = {"app/helper_of_tests.py": "import things_of_tests\n", "lib/things_of_tests.py": "", "pyproject.toml": ""}
    file = written(tmp_path, {**files, "app/net.py": "import helper_of_tests\n" + NET}) / "app/net.py"
    problem = import_failure(file)
    assert problem.message == f"net.py imports `things_of_tests`, which lies in {tmp_path / 'lib'}; Python does not look there."
    assert (problem.fixes[0].kind, problem.fixes[0].value) == ("add_to_path", str(tmp_path / "lib"))
    assert f"--import-folder {tmp_path / 'lib'}" in problem.hint
    assert import_target(str(file), [problem.fixes[0].value]).name == "Net"


def test_that_a_part_that_an_installed_module_lacks_is_told_from_a_missing_module(tmp_path):
    problem = failure(tmp_path, "import torch.no_such_part\n" + NET)
    assert "`torch` of " in problem.message
    assert "has no such part" in problem.message


def test_that_a_name_that_a_module_lacks_is_told_with_the_version(tmp_path):
    problem = failure(tmp_path, "from torch import no_such_name\n" + NET)
    assert problem.message.startswith("net.py imports `no_such_name`, which `torch` (torch 2")
    assert "torch/__init__.py" in problem.hint.replace(os.sep, "/")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python still has it")
def test_that_a_module_that_python_gave_up_is_said(tmp_path):
    assert "no longer has since 3.12" in failure(tmp_path, "import asyncore\n" + NET).message


def test_that_a_circle_of_imports_names_both_files_and_lines(tmp_path):
    source = "import os\nfrom other_of_tests import Part\n" + NET
    other = "\n\nfrom circle_of_tests import Net\n\nclass Part: ...\n"
    problem = import_failure(written(tmp_path, {"circle_of_tests.py": source, "other_of_tests.py": other}) / "circle_of_tests.py")
    assert problem.message.startswith(
        "Circular import: circle_of_tests.py (line 2) and other_of_tests.py (line 3) import each other"
    )
    assert problem.fixes[0].kind == "edit_source"
    assert [os.path.basename(place[0]) for place in problem.data["places"]] == ["other_of_tests.py", "circle_of_tests.py"]


def test_that_a_syntax_error_has_line_and_caret(tmp_path):
    problem = failure(tmp_path, "from torch import nn\n\nif True:\n    class Net(nn.Module)\n        pass\n")
    assert problem.message == "net.py is not valid Python: SyntaxError: expected ':', line 4 of net.py: class Net(nn.Module)"
    assert problem.line == 4
    assert problem.data["caret"] == "class Net(nn.Module)\n                    ^"


def test_that_a_syntax_error_in_another_file_names_that_file(tmp_path):
    file = written(tmp_path, {"net.py": "import broken_of_tests\n" + NET, "broken_of_tests.py": "def f(:\n"}) / "net.py"
    problem = import_failure(file)
    assert "line 1 of broken_of_tests.py" in problem.message
    assert problem.file == str(tmp_path / "broken_of_tests.py")


def test_that_syntax_of_a_newer_python_names_it(monkeypatch, tmp_path):
    monkeypatch.setattr("torchloupe.worker.import_failures.written_for", lambda line: (9, 1))
    problem = failure(tmp_path, "class Box[:\n    pass\n" + NET)
    assert "is written for Python 9.1; this is Python 3." in problem.message
    assert (problem.fixes[0].kind, problem.fixes[0].value) == ("choose_interpreter", ">=9.1")


def test_that_a_data_file_is_found_in_the_folder_that_it_is_relative_to(monkeypatch, tmp_path):
    written(tmp_path, {"configs/net.yaml": "", "code/net.py": "open('configs/net.yaml').close()\n" + NET})
    monkeypatch.chdir(os.path.sep)
    problem = import_failure(tmp_path / "code/net.py")
    assert (problem.fixes[0].kind, problem.fixes[0].value) == ("set_working_folder", str(tmp_path))
    assert problem.message == f"net.py reads configs/net.yaml when it is imported; there is none in {os.path.sep}, where it runs."
    assert f"--working-folder {tmp_path}" in problem.hint
    monkeypatch.chdir(problem.fixes[0].value)
    assert import_target(str(tmp_path / "code/net.py")).name == "Net"


@pytest.mark.parametrize(("path", "said"), [("/no/such.yaml", "absolute path"), ("no_such_of_tests.yaml", "folder that holds")])
def test_that_a_data_file_that_is_nowhere_is_said(tmp_path, path, said):
    problem = failure(tmp_path, f"open('{path}')\n" + NET)
    assert said in problem.hint
    assert problem.fixes == ()


def test_that_a_script_that_wants_options_is_understood(tmp_path, capsys):
    source = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--data', required=True)\np.parse_args()\n"
    problem = failure(tmp_path, source + NET)
    assert problem.message == "net.py reads its command line when it is imported, and wants options that are not there."
    assert problem.line == 4
    assert "--data" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise OSError('CUDA_HOME environment variable is not set.')", "needs CUDA itself"),
        ("raise ImportError('libcudart.so.12: cannot open shared object file')", "needs CUDA itself"),
        ("raise RuntimeError('Found no NVIDIA driver on your system.')", "asks for a GPU"),
        ("raise RuntimeError('Attempting to deserialize object on a CUDA device but')", "whose tensors are on a GPU"),
    ],
)
def test_that_code_that_needs_cuda_is_told_as_such(tmp_path, line, said):
    problem = failure(tmp_path, line + "\n" + NET)
    assert problem.message.startswith("Importing net.py ")
    assert said in problem.message
    assert problem.line == 1


def test_that_other_failures_keep_their_own_words(tmp_path):
    assert failure(tmp_path, "{}['a']\n" + NET).message == "Importing net.py failed: KeyError: 'a'"
