"""Where a module was made."""

import linecache
from collections import OrderedDict

from torch import nn

from torchloupe.worker.definitions import definition_place


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
