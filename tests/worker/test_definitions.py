"""Where a module was made."""

import functools
import linecache
from collections import OrderedDict

import torch
from torch import nn

from torchloupe.worker import definitions
from torchloupe.worker.definitions import assignment_place, assignment_text, definition_place, definition_places
from torchloupe.worker.module_tree import walk_modules


class Block(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.fc = nn.Linear(size, size)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(2, 2)
        self.body = nn.Sequential(
            nn.Linear(2, 2),
            nn.ReLU(),
        )
        self.blocks = nn.ModuleList([Block(2) for _ in range(3)])
        self.pair = nn.ModuleList([
            Block(2),
            Block(3),
        ])  # fmt: skip
        self.named = nn.Sequential(
            OrderedDict(
                [
                    ("first", nn.Linear(2, 2)),
                    ("second", nn.Linear(2, 2)),
                ]
            )
        )
        self.add_module("added", nn.Linear(2, 2))
        self.typed: nn.Module = nn.Linear(2, 2)
        for number in range(2):
            setattr(self, f"dynamic{number}", nn.Linear(2, 2))


def source_line(path):
    place = definition_place(Net(), path)
    return None if place is None else linecache.getline(*place).strip()


def test_that_a_plain_assignment_is_found():
    assert source_line("stem") == "self.stem = nn.Linear(2, 2)"
    assert source_line("typed") == "self.typed: nn.Module = nn.Linear(2, 2)"


def test_that_the_part_of_a_sequential_has_its_own_line():
    assert source_line("body.1") == "nn.ReLU(),"
    assert source_line("pair.1") == "Block(3),"
    assert source_line("named.second") == '("second", nn.Linear(2, 2)),'


def test_that_a_comprehension_gives_the_line_of_the_list():
    assert source_line("blocks.2") == "self.blocks = nn.ModuleList([Block(2) for _ in range(3)])"


def test_that_a_module_inside_another_class_is_found_there():
    assert source_line("blocks.2.fc") == "self.fc = nn.Linear(size, size)"


def test_that_add_module_counts_as_an_assignment():
    assert source_line("added") == 'self.add_module("added", nn.Linear(2, 2))'


def test_that_what_the_source_does_not_tell_is_none():
    assert source_line("dynamic0") is None
    assert source_line("") is None
    assert definition_place(Net(), "no.such.module") is None
    assert definition_place(nn.Sequential(nn.ReLU()), "0") is None


def kept_as_it_is(function):
    @functools.wraps(function)
    def wrapper(*given, **more):
        return function(*given, **more)

    return wrapper


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.inherited = nn.Linear(2, 2)
        self.replaced = nn.Linear(2, 2)


class Derived(Base):
    def make(self):
        self.late = nn.Linear(2, 2)
        self.replaced = None

    @kept_as_it_is
    def __init__(self):
        super().__init__()
        self.replaced = nn.Linear(3, 3)
        self.make()
        self.register_buffer("table", torch.zeros(2), persistent=False)
        self.register_parameter(
            "scale",
            nn.Parameter(torch.ones(1)),
        )
        self.nested = nn.Sequential(
            nn.Sequential(
                nn.Linear(2, 2),
                *[nn.ReLU()],
            ),
        )


def assigned_line(kind, name):
    place = assignment_place(kind, name)
    return None if place is None else linecache.getline(*place).strip()


def test_that_all_places_of_a_tree_are_those_of_each_module_alone():
    for model in (Net(), Derived(), nn.Sequential(Block(2))):
        walked = list(walk_modules(model))
        places = definition_places(walked)
        assert {path: places.get(path) for path, _ in walked} == {path: definition_place(model, path) for path, _ in walked}


def test_that_an_inherited_attribute_is_found_where_it_is_assigned():
    assert definition_place(Derived(), "inherited")[1] == Base.__init__.__code__.co_firstlineno + 2


def test_that_the_constructor_of_the_class_itself_comes_first():
    assert assigned_line(Derived, "replaced") == "self.replaced = nn.Linear(3, 3)"
    assert assigned_line(Derived, "late") == "self.late = nn.Linear(2, 2)"


def test_that_registered_tensors_are_assigned_too():
    assert assigned_line(Derived, "table") == 'self.register_buffer("table", torch.zeros(2), persistent=False)'
    assert assigned_line(Derived, "scale") == "nn.Parameter(torch.ones(1)),"


def test_that_classes_of_torch_assign_nothing_of_the_users():
    assert assignment_place(nn.Linear, "weight") is None
    assert assignment_place(Derived, "nowhere") is None


def test_that_a_part_behind_a_star_has_the_line_of_the_whole():
    place = definition_place(Derived(), "nested.0.1")
    assert linecache.getline(*place).strip() == "nn.Sequential("
    assert place[1] > definition_place(Derived(), "nested")[1]


def test_that_a_function_without_source_is_passed_over():
    space = {"nn": nn}
    exec("class Made(nn.Module):\n def __init__(self):\n  super().__init__()\n  self.fc = nn.Linear(1, 1)", space)
    assert definition_place(space["Made"](), "fc") is None


def test_that_the_source_of_a_class_is_read_once_for_all_its_modules(monkeypatch):
    class Fresh(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(1, 1)

    read = []
    monkeypatch.setattr(definitions.inspect, "getblock", lambda lines: read.append(1) or lines[:3])
    definition_places(walk_modules(nn.Sequential(*[Fresh() for _ in range(50)])))
    assert len(read) <= 1


class Tables(nn.Module):
    """Assigns tensors."""

    def __init__(self):
        super().__init__()
        self.drawn = torch.rand((2, 2))


def test_that_what_is_assigned_can_be_read_as_source():
    assert assignment_text(Tables, "drawn") == "torch.rand((2, 2))"
    assert assignment_text(Tables, "absent") == ""
    assert assignment_text(nn.Linear, "weight") == ""
