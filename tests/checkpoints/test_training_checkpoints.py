"""What training scripts save: several dicts in one file, scalars beside them, arguments, arrays."""

import argparse
import collections
import datetime
import pathlib

import numpy
import torch

from torchloupe.checkpoints import read_contents
from torchloupe.wire.contents import CheckpointContents


def _saved(tmp_path, value) -> CheckpointContents:
    torch.save(value, tmp_path / "checkpoint.pt")
    return read_contents(tmp_path / "checkpoint.pt")


def _values(contents: CheckpointContents) -> dict[str, object]:
    return {value.path: value.value for value in contents.values}


def _trained() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    net = torch.nn.DataParallel(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten()))
    optimizer = torch.optim.AdamW([{"params": list(net.parameters()), "lr": 0.05}])
    net.module(torch.zeros(2, 1, 3, 3)).sum().backward()
    optimizer.step()
    return net, optimizer


def test_that_the_model_and_the_optimizer_are_two_containers(tmp_path):
    net, optimizer = _trained()
    contents = _saved(
        tmp_path, {"epoch": 7, "model_state_dict": net.state_dict(), "optimizer_state_dict": optimizer.state_dict(), "loss": 0.25}
    )
    keys = collections.defaultdict(list)
    for row in contents.tensors:
        keys[row.container].append(row.key)
    assert keys["model_state_dict"] == list(net.state_dict())
    assert keys["model_state_dict"][0] == "module.0.weight"
    assert keys["optimizer_state_dict"] == [f"state.{n}.{part}" for n in range(4) for part in ("step", "exp_avg", "exp_avg_sq")]
    assert set(keys) == {"model_state_dict", "optimizer_state_dict"}


def test_that_scalars_are_listed_with_dotted_paths(tmp_path):
    net, optimizer = _trained()
    contents = _saved(
        tmp_path, {"epoch": 7, "best": {"loss": 0.25, "name": "a"}, "optimizer": optimizer.state_dict(), "net": net.state_dict()}
    )
    values = _values(contents)
    assert (values["epoch"], values["best.loss"], values["best.name"]) == (7, 0.25, "a")
    assert values["optimizer.param_groups.0.lr"] == 0.05
    assert values["optimizer.param_groups.0.betas"] == "(0.9, 0.999)"
    assert values["optimizer.param_groups.0.params"] == "[0, 1, 2, 3]"


def test_that_objects_are_shown_without_their_classes(tmp_path):
    contents = _saved(
        tmp_path,
        {
            "args": argparse.Namespace(lr=0.1, data=pathlib.PurePosixPath("/data/x"), gpu=None),
            "when": datetime.timedelta(days=2),
            "device": torch.device("cuda:1"),
            "dtype": torch.bfloat16,
            "size": torch.Size([2, 3]),
            "counts": collections.Counter(a=2),
            "groups": {1, 2},
            "by_class": collections.defaultdict(list, {"cat": [1, 2]}),
            "number": numpy.float64(0.5),
            "whole": numpy.int64(-3),
            "array": numpy.zeros((3, 4), dtype="float32"),
            "odd": 3 + 4j,
        },
    )
    values = _values(contents)
    types = {value.path: value.type for value in contents.values}
    assert (values["args.lr"], values["args.gpu"], types["args"]) == (0.1, None, "argparse.Namespace")
    assert values["args.data"] == "PurePosixPath('/', 'data', 'x')"
    assert values["when"] == "timedelta(2, 0, 0)"
    assert (values["device"], types["device"]) == ("cuda:1", "torch.device")
    assert (values["dtype"], types["dtype"]) == ("bfloat16", "torch.dtype")
    assert values["size"] == "(2, 3)"
    assert values["counts.a"] == 2
    assert values["groups"] == "{1, 2}"
    assert values["by_class.cat"] == "[1, 2]"
    assert (values["number"], values["whole"]) == (0.5, -3)
    assert (values["array"], types["array"]) == ("float32 [3, 4]", "numpy.ndarray")
    assert values["odd"] == "complex(3.0, 4.0)"
    (note,) = contents.problems
    assert (note.code, note.severity) == ("checkpoint-pickled-objects", "info")
    assert "argparse.Namespace" in note.message


def test_that_nested_dicts_are_containers_of_their_own(tmp_path):
    contents = _saved(tmp_path, {"a": {"b": {"w": torch.zeros(1)}, "v": torch.zeros(2)}, "list": [{"x": torch.zeros(3)}]})
    assert [(row.container, row.key) for row in contents.tensors] == [("a.b", "w"), ("a", "v"), ("list.0", "x")]


def test_that_a_list_beside_tensors_belongs_to_their_container(tmp_path):
    contents = _saved(tmp_path, {"net": {"w": torch.zeros(1), "packed": (torch.zeros(2), None)}, "ema": [torch.zeros(3)]})
    assert [(row.container, row.key) for row in contents.tensors] == [("net", "w"), ("net", "packed.0"), ("ema", "0")]


def test_that_keys_that_are_no_texts_become_texts(tmp_path):
    contents = _saved(tmp_path, {1: torch.zeros(1), "1": torch.zeros(2), (2, 3): torch.zeros(3), None: 5, 2.5: 6})
    assert [(row.key, row.shape) for row in contents.tensors] == [("1", (1,)), ("1", (2,)), ("(2, 3)", (3,))]
    assert _values(contents) == {"None": 5, "2.5": 6}


def test_that_a_dict_mentioned_twice_is_listed_twice(tmp_path):
    shared = {"w": torch.zeros(1)}
    contents = _saved(tmp_path, {"model": shared, "ema": shared})
    assert [(row.container, row.key) for row in contents.tensors] == [("model", "w"), ("ema", "w")]
    assert len({row.stored_at for row in contents.tensors}) == 1


def test_that_a_long_history_is_one_value(tmp_path):
    values = _values(_saved(tmp_path, {"history": [0.5] * 10_000, "short": [1, 2]}))
    assert values == {"history": "10,000 items: 0.5, 0.5, 0.5, …", "short": "[1, 2]"}


def test_that_the_least_nested_values_are_kept_when_there_are_too_many(tmp_path):
    deep = {f"step{index}": {"loss": 0.5} for index in range(9000)}
    contents = _saved(tmp_path, {"log": deep, "epoch": 3})
    assert _values(contents)["epoch"] == 3
    assert len(contents.values) <= 5000
    assert [problem.code for problem in contents.problems] == ["checkpoint-not-all-shown"]
    assert "not listed" in contents.problems[0].message


def test_that_long_texts_and_numbers_are_cut(tmp_path):
    values = _values(_saved(tmp_path, {"text": "x" * 5000, "number": 10**100, "raw": b"abc", "nan": float("inf")}))
    assert len(str(values["text"])) == 1001
    assert values["number"] == "333 bit integer"
    assert values["raw"] == "3 bytes"
    assert values["nan"] == float("inf")


def test_that_empty_dicts_and_lists_are_values(tmp_path):
    values = _values(_saved(tmp_path, {"d": {}, "l": [], "t": ()}))
    assert values == {"d": "0 items", "l": "[]", "t": "()"}
