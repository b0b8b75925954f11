"""Which files a model came from: saving one of them makes it another model."""

import sys

import pytest

from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.handlers import open_target

MODEL = "from torch import nn\n{0}\nclass Net(nn.Module):\n    pass\n"


@pytest.fixture
def project(tmp_path):
    """Writes files into a folder, each with its text; gives the folder."""

    def write(**texts):
        for name, text in texts.items():
            path = tmp_path / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(text)
        return tmp_path

    modules = set(sys.modules)
    yield write
    for name in set(sys.modules) - modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def files(context, folder, target="model.py"):
    opened = open_target(context, OpenTarget(str(folder / target)))
    assert list(opened.project_files) == sorted(opened.project_files)
    return [path.replace(f"{folder}/", "") for path in opened.project_files]


def test_that_a_lone_file_is_the_only_one(context, project):
    assert files(context, project(model=MODEL.format(""), neighbour="raise ValueError")) == ["model.py"]


def test_that_what_it_imports_from_its_folder_comes_along_however_deep(context, project):
    folder = project(
        model=MODEL.format("import parts"), parts="from inner import blocks\n", inner__blocks="WIDTH = 3\n", other="X = 1\n"
    )
    assert files(context, folder) == ["inner/blocks.py", "model.py", "parts.py"]


def test_that_packages_of_python_of_torch_and_of_the_environment_are_left_out(context, project):
    imports = "import colorsys, torch.nn.functional, json.tool\nimport thirdparty\nsys = __import__('sys')\n"
    folder = project(model=MODEL.format(f"import sys; sys.path.insert(0, {{0!r}})\n{imports}"))
    installed = folder / "site-packages"
    project(**{"site-packages__thirdparty": "X = 1\n"})
    (folder / "model.py").write_text((folder / "model.py").read_text().replace("{0!r}", repr(str(installed))))
    assert files(context, folder) == ["model.py"]


def test_that_a_folder_of_imports_that_was_given_belongs_to_it(context, project):
    folder = project(work__model=MODEL.format("import shared"), common__shared="X = 1\n")
    request = OpenTarget(str(folder / "work" / "model.py"), import_folders=(str(folder / "common"),))
    assert open_target(context, request).project_files == (str(folder / "common/shared.py"), str(folder / "work/model.py"))


def test_that_the_files_of_the_target_before_are_forgotten(context, project):
    folder = project(one__model=MODEL.format("import parts_of_one"), one__parts_of_one="", other__model=MODEL.format(""))
    assert files(context, folder, "one/model.py") == ["one/model.py", "one/parts_of_one.py"]
    assert files(context, folder, "other/model.py") == ["other/model.py"]


def test_that_an_import_that_was_taken_out_is_no_longer_among_them(context, project):
    folder = project(model=MODEL.format("import parts"), parts="")
    assert files(context, folder) == ["model.py", "parts.py"]
    project(model=MODEL.format(""))
    assert files(context, folder) == ["model.py"]
