"""Tensors inside arguments and results."""

from collections import deque, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import torch
from torch.nn.utils.rnn import pack_sequence

from torchloupe.worker.nested import MAX_TENSORS, map_tensors, metas_of, tensors_in

Pair = namedtuple("Pair", "left right")


@dataclass
class Output:
    logits: torch.Tensor
    hidden: tuple


def names(value):
    return [name for name, _ in tensors_in(value, "x")]


ONE = torch.ones(2, 3)


def test_that_each_kind_of_nesting_names_its_tensors():
    assert names(ONE) == ["x"]
    assert names((ONE, [ONE])) == ["x[0]", "x[1][0]"]
    assert names({"mask": ONE}) == ["x['mask']"]
    assert names(Pair(ONE, 3)) == ["x.left"]
    assert names(Output(ONE, (ONE,))) == ["x.logits", "x.hidden[0]"]
    assert names(None) == names(3.5) == names("text") == []


def test_that_a_packed_sequence_shows_its_data():
    assert names(pack_sequence([torch.ones(3), torch.ones(2)]))[:2] == ["x.data", "x.batch_sizes"]


def test_that_a_dict_that_is_a_dataclass_is_named_by_attributes():
    @dataclass
    class ModelOutput(dict):
        logits: torch.Tensor

        def __post_init__(self):
            self["logits"] = self.logits

    assert names(ModelOutput(ONE)) == ["x.logits"]


def test_that_a_packed_sequence_leaves_out_what_it_has_not():
    assert names(pack_sequence([torch.ones(3), torch.ones(2)])) == ["x.data", "x.batch_sizes"]
    unsorted = pack_sequence([torch.ones(2), torch.ones(3)], enforce_sorted=False)
    assert names(unsorted) == ["x.data", "x.batch_sizes", "x.sorted_indices", "x.unsorted_indices"]


class Cache:
    """Keeps tensors as caches of transformers do, and says nothing of its own accord."""

    def __init__(self):
        self.layers = [SimpleNamespace(keys=ONE, values=ONE), SimpleNamespace(keys=ONE, count=3)]
        self.seen = 5

    def __getattribute__(self, name):
        raise AssertionError(f"{name} was asked for")

    @property
    def computed(self):
        raise AssertionError


class Slotted:
    __slots__ = ("data", "never_set")

    def __init__(self):
        self.data = (ONE, 3)


def test_that_attributes_of_objects_are_read_past_what_their_class_says():
    assert names(Cache()) == ["x.layers[0].keys", "x.layers[0].values", "x.layers[1].keys"]
    assert names(Slotted()) == ["x.data[0]"]
    assert names({"cache": Cache()})[0] == "x['cache'].layers[0].keys"


def test_that_a_generator_is_not_used_up():
    numbers = (number for number in (1, 2))
    assert names(numbers) == []
    assert names([numbers, ONE]) == ["x[1]"]
    assert list(numbers) == [1, 2]


def test_that_an_iter_of_the_users_is_not_run():
    class Counted(list):
        def __iter__(self):
            raise AssertionError

    class Mapping(dict):
        def items(self):
            raise AssertionError

    assert names(Counted([ONE])) == ["x[0]"]
    assert names(Mapping(mask=ONE)) == ["x['mask']"]
    assert names(deque([ONE])) == ["x[0]"]


def test_that_modules_classes_and_what_leads_everywhere_are_not_looked_into():
    assert names(torch.nn.Linear(2, 2)) == []
    assert names([Cache, len, names]) == []

    class Node:
        def __init__(self):
            self.others = []

    nodes = [Node() for _ in range(40)]
    for node in nodes:
        node.others = nodes
    assert names(nodes) == []


def test_that_parameters_and_subclasses_are_tensors_and_lazy_ones_are_not_yet():
    class Marked(torch.Tensor):
        pass

    assert names(torch.nn.Parameter(ONE)) == ["x"]
    assert names(ONE.as_subclass(Marked)) == ["x"]
    assert names(torch.nn.LazyLinear(3).weight) == []


def test_that_very_many_tensors_are_cut_and_cycles_end():
    assert len(tensors_in([ONE] * 1000)) == MAX_TENSORS
    ring = []
    ring.append(ring)
    assert tensors_in(ring) == []


def test_that_metas_tell_shape_dtype_device_and_name():
    (meta,) = metas_of([("x", ONE.half())])
    assert (meta.shape, meta.dtype, meta.device, meta.name) == ((2, 3), "float16", "cpu", "x")


def test_that_mapping_keeps_the_nesting_and_passes_other_things_on():
    changed = map_tensors({"a": (ONE, [1, ONE]), "b": Pair(ONE, "r")}, lambda tensor: tensor.half())
    assert changed["a"][0].dtype is torch.float16
    assert changed["a"][1][0] == 1
    assert isinstance(changed["b"], Pair)
    assert changed["b"].left.dtype is torch.float16
