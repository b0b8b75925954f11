"""Where the imports of a file lead, in projects as people have them."""

import os
import sys

import pytest

from torchloupe.worker.import_folders import folders_with, holds_module, import_folders
from torchloupe.worker.source_loader import parsed
from torchloupe.worker.target import import_target, target_folder
from worker.projects import BLOCK, NET, written

USES = """from torch import nn
{0} import Block


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block = Block(3, 2)
"""


def folders(path):
    return import_folders(str(path), parsed(str(path)))


@pytest.mark.parametrize(
    ("file", "importing", "blocks", "dotted"),
    [
        ("nets_a/net.py", "from .blocks", "nets_a/blocks.py", "nets_a.net"),
        ("nets_b/deep/net.py", "from ..blocks", "nets_b/blocks.py", "nets_b.deep.net"),
        ("nets_c/net.py", "from nets_c.blocks", "nets_c/blocks.py", "net"),
        ("nets_d/deep/net.py", "from nets_d.blocks", "nets_d/blocks.py", "net"),
        ("scripts/net.py", "from nets_e.blocks", "src/nets_e/blocks.py", "net"),
        ("net.py", "from blocks_f", "blocks_f.py", "net"),
    ],
)
def test_that_packages_without_init_files_are_found_from_anywhere(monkeypatch, tmp_path, file, importing, blocks, dotted):
    project = written(tmp_path, {file: USES.format(importing), blocks: BLOCK})
    monkeypatch.chdir(os.path.sep)
    assert folders(project / file).dotted == dotted
    assert import_target(str(project / file)).make().block.out_features == 2


def test_that_a_package_with_init_files_is_imported_from_its_root(tmp_path):
    files = {"whole/__init__.py": "", "whole/nets/__init__.py": "", "whole/nets/net.py": NET}
    found = folders(written(tmp_path, files) / "whole/nets/net.py")
    assert (found.root, found.dotted, found.more) == (str(tmp_path), "whole.nets.net", ())
    assert target_folder(str(tmp_path / "whole/nets/net.py")) == str(tmp_path)


def test_that_the_root_of_a_marked_project_is_searched_and_its_src(tmp_path):
    found = folders(written(tmp_path, {"pyproject.toml": "", "src/a.py": "", "tools/run.py": NET}) / "tools/run.py")
    assert found.root == str(tmp_path / "tools")
    assert found.more == (str(tmp_path), str(tmp_path / "src"))


def test_that_folders_beyond_a_marked_project_are_left_alone(tmp_path):
    files = {"beyond_of_tests.py": "", "project/.git/HEAD": "", "project/net.py": "import beyond_of_tests\n" + NET}
    assert str(tmp_path) not in folders(written(tmp_path, files) / "project/net.py").more


def test_that_installed_modules_add_no_folder(tmp_path):
    project = written(tmp_path, {"deep/er/net.py": "import os.path\nimport torch.nn\nimport sys\n" + NET})
    assert folders(project / "deep/er/net.py").more == ()


def test_that_given_folders_come_first_and_found_ones_last(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", ["/library"])
    found = folders(written(tmp_path, {"setup.py": "", "a/net.py": NET}) / "a/net.py")
    found.apply([str(tmp_path / "given")])
    assert sys.path == [str(tmp_path / "given"), str(tmp_path / "a"), "/library", str(tmp_path)]
    found.apply()
    assert len(sys.path) == 4


def test_that_a_module_is_found_in_a_neighbouring_folder(tmp_path):
    project = written(tmp_path, {"pyproject.toml": "", "lib/things.py": "", "app/deep/net.py": ""})
    assert list(folders_with("things", [str(project / "app/deep")])) == [str(project / "lib")]
    assert list(folders_with("nowhere_of_tests", [str(project / "app")])) == []


def test_that_a_folder_without_source_is_no_module(tmp_path):
    written(tmp_path, {"data/x.txt": "", "code/x.py": "", "package/__init__.py": ""})
    assert [name for name in ("data", "code", "package", "code.x", "nope") if holds_module(str(tmp_path), name)] == [
        "code",
        "package",
        "code.x",
    ]


def test_that_a_file_with_a_dot_in_its_name_is_no_package(tmp_path):
    (tmp_path / "model_v1.2.py").write_text("from torch import nn\n\n\nclass Net(nn.Module):\n    pass\n")
    target = import_target(f"{tmp_path / 'model_v1.2.py'}:Net")
    assert target.module.Net.__name__ == "Net"
