"""Tensors inside arguments and results."""

from collections import namedtuple
from dataclasses import dataclass

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
