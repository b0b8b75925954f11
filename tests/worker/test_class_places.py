"""Where a class begins, from a file that is parsed once."""

import functools
import importlib.util
import linecache
import sys

import pytest
import torch
from torch import nn

from torchloupe.worker import class_places
from torchloupe.worker.class_places import class_place


class Plain(nn.Module):
    class Inner(nn.Module):
        """Within another."""


@functools.total_ordering
class Decorated(nn.Module):
    def __lt__(self, other):
        return False


def made(size):
    class Local(nn.Module):
        width = size

    return Local


if torch.__version__:

    class Conditional(nn.Module):
        """Below an if."""


try:
    raise ImportError
except ImportError:

    class Fallback(nn.Module):
        """Below an except."""


def first_line(kind):
    file, line = class_place(kind())
    assert file == __file__
    return linecache.getline(file, line).strip()


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (Plain, "class Plain(nn.Module):"),
        (Plain.Inner, "class Inner(nn.Module):"),
        (Decorated, "@functools.total_ordering"),
        (made(3), "class Local(nn.Module):"),
        (Conditional, "class Conditional(nn.Module):"),
        (Fallback, "class Fallback(nn.Module):"),
    ],
)
def test_that_a_class_is_found_wherever_it_stands(kind, line):
    assert first_line(kind) == line


def test_that_classes_of_torch_and_of_no_file_have_no_place():
    space = {"nn": nn, "__name__": "nowhere"}
    exec("class Made(nn.Module): pass", space)
    assert class_place(nn.Linear(1, 1)) is None
    assert class_place(space["Made"]()) is None
    assert class_place(type("Dynamic", (nn.Module,), {})()) is None


def load(file, monkeypatch):
    spec = importlib.util.spec_from_file_location(file.stem, file)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, file.stem, module)
    spec.loader.exec_module(module)
    return module


def test_that_a_file_is_parsed_once_for_all_its_classes(tmp_path, monkeypatch):
    file = tmp_path / "many_classes_in_one_file.py"
    file.write_text("from torch import nn\n" + "".join(f"class C{number}(nn.Module): pass\n" for number in range(20)))
    module = load(file, monkeypatch)
    parsed = []
    monkeypatch.setattr(class_places, "_parsed", lambda source: parsed.append(1) or class_places.ast.parse(source))
    lines = [class_place(getattr(module, f"C{number}")())[1] for number in range(20)]
    assert lines == list(range(2, 22))
    assert len(parsed) == 1


def test_that_a_file_that_was_saved_anew_is_parsed_anew(tmp_path, monkeypatch):
    file = tmp_path / "saved_anew.py"
    file.write_text("from torch import nn\nclass Net(nn.Module): pass\n")
    assert class_place(load(file, monkeypatch).Net())[1] == 2
    file.write_text("from torch import nn\n# moved\n\nclass Net(nn.Module): pass\n")
    linecache.checkcache(str(file))
    assert class_place(load(file, monkeypatch).Net())[1] == 4


def test_that_commands_of_a_notebook_do_not_hide_the_classes():
    lines = class_places._class_lines("%matplotlib inline\n!pip install x\nclass Net:\n    pass\n")
    assert lines == {"Net": 3}


@pytest.mark.parametrize("source", ["class Net(:\n", "\0", ""])
def test_that_what_is_no_python_has_no_classes(source):
    assert class_places._class_lines(source) == {}
