"""Base classes in other files of a project."""

import pytest

from torchloupe.analysis.target_source import target_choices
from torchloupe.wire.requests import TargetChoices

BASE = "from torch import nn\n\nclass Base(nn.Module):\n    def __init__(self, width, depth=2): ...\n"


class Project:
    """Files by their path; those that were read are kept."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files, self.read = files, []

    def __call__(self, path: str) -> str | None:
        if path in self.files:
            self.read.append(path)
        return self.files.get(path)


def choices(source: str, files: dict[str, str], file: str = "/home/me/project/nets/net.py") -> TargetChoices:
    return target_choices(source, file, Project({f"/home/me/project/{name}": text for name, text in files.items()}))


def names(source: str, files: dict[str, str], file: str = "/home/me/project/nets/net.py") -> list[str]:
    return [choice.name for choice in choices(source, files, file).choices]


@pytest.mark.parametrize(
    ("source", "files"),
    [
        ("from .base import Base\nclass Net(Base): ...", {"nets/base.py": BASE}),
        ("from .base import Base as Root\nclass Net(Root): ...", {"nets/base.py": BASE}),
        ("from ..base import Base\nclass Net(Base): ...", {"base.py": BASE}),
        ("from . import base\nclass Net(base.Base): ...", {"nets/base.py": BASE}),
        ("from . import Base\nclass Net(Base): ...", {"nets/__init__.py": "from .deep import Base", "nets/deep.py": BASE}),
        ("import base\nclass Net(base.Base): ...", {"nets/base.py": BASE}),
        ("import base as b\nclass Net(b.Base): ...", {"nets/base.py": BASE}),
        ("import nets.base\nclass Net(nets.base.Base): ...", {"nets/base.py": BASE}),
        ("from nets.base import Base\nclass Net(Base): ...", {"nets/base.py": BASE}),
        ("from lib.base import Base\nclass Net(Base): ...", {"src/lib/base.py": BASE}),
        ("from .base import *\nclass Net(Base): ...", {"nets/base.py": BASE}),
        ("from lib import Base\nclass Net(Base): ...", {"lib/__init__.py": "from .deep import Base", "lib/deep.py": BASE}),
        ("from lib import Base\nclass Net(Base): ...", {"lib/__init__.py": "from .deep import *", "lib/deep.py": BASE}),
        ("from .base import Root\nclass Net(Root): ...", {"nets/base.py": "from torch.nn import Module as Root"}),
        ("from .base import Mid\nclass Net(Mid): ...", {"nets/base.py": BASE + "class Mid(Base): ...\n"}),
        ("from .base import Base\nclass Net(Base): ...", {"nets/base.py": "%matplotlib inline\n" + BASE}),
    ],
)
def test_that_a_base_is_followed_into_the_project(source: str, files: dict[str, str]) -> None:
    assert names(source, files) == ["Net"]


def test_that_the_arguments_are_those_of_the_base_elsewhere() -> None:
    (choice,) = choices("from .base import Base\nclass Net(Base): ...", {"nets/base.py": BASE}).choices
    assert choice.required == ("width",)


def test_that_a_base_that_is_no_module_is_known_for_sure() -> None:
    source = "from .base import Task\nclass Net(Task):\n    def forward(self, x): ..."
    assert names(source, {"nets/base.py": "class Task: ..."}) == []
    assert names(source, {}) == ["Net"]  # a guess, when the file is not at hand


def test_that_files_that_import_each_other_come_to_an_end() -> None:
    files = {"nets/a.py": "from .b import Base\n", "nets/b.py": "from .a import Base\n"}
    assert names("from .a import Base\nclass Net(Base): ...", files) == []


def test_that_a_class_that_is_its_own_base_through_another_file_comes_to_an_end() -> None:
    files = {"nets/net.py": "from .b import B\nclass Net(B): ...\n", "nets/b.py": "from .net import Net\nclass B(Net): ...\n"}
    assert names(files["nets/net.py"], files) == []


def test_that_a_broken_file_is_passed_over() -> None:
    assert names("from .base import Base\nclass Net(Base): ...", {"nets/base.py": "class Base(nn.Module:"}) == []


def test_that_each_file_is_read_once_and_not_more_than_so_many() -> None:
    files = {f"/p/m{number}.py": f"from m{number + 1} import Base\n" for number in range(200)}
    project = Project(files)
    target_choices("from m0 import Base\nclass Net(Base): ...\nclass Other(Base): ...", "/p/net.py", project)
    assert len(project.read) == len(set(project.read)) <= 60


def test_that_a_factory_is_known_by_a_class_of_another_file() -> None:
    assert names("from .base import Base\ndef small():\n    return Base(3)\n", {"nets/base.py": BASE}) == ["small"]
