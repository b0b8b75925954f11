"""Running a target file: notebooks, scripts that read their command line, finished models, files that change the process."""

import inspect
import os
import sys

import pytest
from torch import nn

from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.construct import construct
from torchloupe.worker.handlers import open_target
from torchloupe.worker.source_loader import parsed, read_text
from torchloupe.worker.target import import_target
from worker.projects import NET, written

NOTEBOOK = f"""# In[1]:
%matplotlib inline
!pip install timm
files = !ls
{NET}
# In[2]:
get_ipython().run_line_magic('cd', '..')
display(Net())
Net?
# In[3]:
%%bash
ls | wc
"""


def opened(context, folder, source, name="net.py", **request):
    return open_target(context, OpenTarget(str(written(folder, {name: source}) / name), **request))


def test_that_a_notebook_saved_as_a_file_opens_and_says_what_was_left_out(context, tmp_path):
    model = opened(context, tmp_path, NOTEBOOK)
    assert model.class_name == "Net"
    (remark,) = model.problems
    assert (remark.code, remark.severity) == ("notebook-commands", "info")
    assert remark.data["lines"] == [2, 3, 4, 17, 19, 21, 22]


def test_that_the_lines_of_a_notebook_are_those_of_the_file(context, tmp_path):
    root = opened(context, tmp_path, NOTEBOOK).tree.modules[0]
    assert NOTEBOOK.splitlines()[root.line - 1] == "class Net(nn.Module):"


def test_that_a_file_that_is_a_notebook_no_more_shows_its_new_source(context, tmp_path):
    opened(context, tmp_path, NOTEBOOK)
    opened(context, tmp_path, "\n" + NET.replace("self.fc", "self.other"))
    assert "self.other" in inspect.getsource(type(context.state["open"].model))


def test_that_a_finished_model_is_taken_as_it_is(tmp_path):
    file = written(tmp_path, {"net.py": "from torch import nn\nmodel = nn.Linear(4, 2)\n"}) / "net.py"
    target = import_target(str(file))
    assert construct(target, None, 0) is target.module.model


def test_that_a_partial_is_called(tmp_path):
    source = "from functools import partial\nfrom torch import nn\nsmall = partial(nn.Linear, 4, 2)\n"
    target = import_target(str(written(tmp_path, {"net.py": source}) / "net.py"))
    assert isinstance(construct(target, None, 0), nn.Linear)


def test_that_a_script_sees_the_command_line_of_a_plain_run(context, tmp_path):
    source = "import argparse, sys\nparser = argparse.ArgumentParser()\nparser.add_argument('--width', default=2)\n"
    source += "parser.parse_args()\nseen = list(sys.argv)\n"
    before = list(sys.argv)
    opened(context, tmp_path, source + NET)
    assert context.state["open"].target.module.seen == [str(tmp_path / "net.py")]
    context.state["slate"]._process.restore()
    assert sys.argv == before


def test_that_what_stands_under_main_is_not_run(context, tmp_path):
    assert opened(context, tmp_path, NET + "if __name__ == '__main__':\n    raise RuntimeError\n").class_name == "Net"


def test_that_a_file_that_changes_folder_and_path_works_and_the_next_starts_clean(context, tmp_path):
    here = os.getcwd()
    opened(context, tmp_path, f"import os, sys\nos.chdir('/')\nsys.path.insert(0, '/nowhere')\n{NET}")
    assert os.getcwd() == "/"
    opened(context, tmp_path, NET)
    assert os.getcwd() == here
    assert "/nowhere" not in sys.path


def test_that_of_two_classes_with_one_name_the_last_is_made_and_both_are_told(context, tmp_path):
    model = opened(context, tmp_path, NET + "\n\nclass Net(nn.Module):\n    pass\n")

    assert [problem.code for problem in model.problems] == ["target-namesakes"]
    assert len(model.tree.modules) == 1


def test_that_the_working_folder_is_where_it_runs(context, tmp_path):
    written(tmp_path, {"data/width.txt": "5"})
    source = NET.replace("nn.Linear(3, 2)", "nn.Linear(3, int(__import__('pathlib').Path('width.txt').read_text()))")
    opened(context, tmp_path, source, working_folder=str(tmp_path / "data"))
    assert context.state["open"].model.fc.out_features == 5


def test_that_a_working_folder_that_is_none_is_refused(context, tmp_path):
    with pytest.raises(Exception, match="cannot be the working folder"):
        opened(context, tmp_path, NET, working_folder=str(tmp_path / "gone"))


def test_that_a_folder_that_a_person_adds_is_imported_from_and_read_anew(context, tmp_path):
    source = NET.replace("from torch import nn", "from torch import nn\nfrom added_of_tests import WIDTH").replace(
        "(3, 2)", "(3, WIDTH)"
    )
    for width in (4, 6):
        written(tmp_path, {"elsewhere/more/added_of_tests.py": f"WIDTH = {width}\n"})
        opened(context, tmp_path, source, "app/net.py", import_folders=(str(tmp_path / "elsewhere/more"),))
        assert context.state["open"].model.fc.out_features == width


def test_that_a_file_in_another_encoding_is_read_as_it_says(tmp_path):
    file = tmp_path / "net.py"
    file.write_bytes("# -*- coding: latin-1 -*-\nNAME = 'Größe'\n".encode("latin-1") + NET.encode())
    assert import_target(str(file)).module.NAME == "Größe"


def test_that_a_name_that_is_taken_does_not_hide_the_file(tmp_path):
    file = written(tmp_path, {"json.py": NET}) / "json.py"
    target = import_target(str(file))
    assert target.make.__name__ == "Net"
    assert sys.modules["json"].__name__ == "json"
    assert not sys.modules["json"].__file__.startswith(str(tmp_path))


def test_that_text_that_is_no_source_of_anybody_is_not_read(tmp_path):
    (tmp_path / "big.py").write_bytes(b"#" * (3 << 20))
    assert read_text(str(tmp_path / "big.py")) is None
    assert read_text(str(tmp_path / "gone.py")) is None
    assert parsed(str(written(tmp_path, {"bad.py": "class ("}) / "bad.py")) is None
