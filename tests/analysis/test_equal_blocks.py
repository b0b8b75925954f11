"""Which modules are alike, so that one row can stand for all of them."""

from dataclasses import replace
from typing import Any

import pytest

from torchloupe.analysis.registration.equal_blocks import FEWEST, equal_blocks
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry


def module(path: str, class_name: str = "Linear", **facts: Any) -> ModuleEntry:
    return ModuleEntry(path, class_name, 0, 0, 0, facts.pop("training", False), **facts)


def weight(owner: str, **facts: Any) -> ParameterEntry:
    known = {"shape": (2, 3), "dtype": "float32", "device": "cpu", "requires_grad": True, **facts}
    return ParameterEntry(f"{owner}.weight", owner, "parameter", numel=6, bytes=24, **known)


def blocks(count: int, inside: str = "fc") -> list[ModuleEntry]:
    found = [module("layers", "ModuleList")]
    for number in range(count):
        found += [module(f"layers.{number}", "Block"), module(f"layers.{number}.{inside}")]
    return found


def runs(modules: list[ModuleEntry], parameters: list[ParameterEntry] | None = None) -> list[tuple[str, ...]]:
    return list(equal_blocks(ModuleTree((module("", "Net"), *modules), tuple(parameters or ()))))


def test_that_equal_blocks_of_a_list_are_a_run() -> None:
    assert runs(blocks(4)) == [("layers.0", "layers.1", "layers.2", "layers.3")]


def test_that_too_few_are_none() -> None:
    assert runs(blocks(FEWEST - 1)) == []


def test_that_blocks_of_the_model_itself_are_found() -> None:
    assert runs([module(str(number)) for number in range(3)]) == [("0", "1", "2")]


def test_that_named_modules_are_not_folded_however_alike() -> None:
    assert runs([module("a"), module("b"), module("c")]) == []


def test_that_another_block_between_makes_two_runs() -> None:
    modules = [module(f"layers.{number}", "Other" if number == 3 else "Block") for number in range(7)]
    assert runs([module("layers", "ModuleList"), *modules]) == [
        ("layers.0", "layers.1", "layers.2"),
        ("layers.4", "layers.5", "layers.6"),
    ]


def test_that_a_number_that_is_left_out_ends_a_run() -> None:
    assert runs([module(str(number)) for number in (0, 1, 2, 4, 5, 6)]) == [("0", "1", "2"), ("4", "5", "6")]


def test_that_runs_inside_of_blocks_are_found_too() -> None:
    modules = [entry for n in range(3) for entry in (module(f"{n}", "Block"), *(module(f"{n}.{k}") for k in range(3)))]
    assert runs(modules)[0] == ("0", "1", "2")
    assert ("1.0", "1.1", "1.2") in runs(modules)


@pytest.mark.parametrize(
    "other",
    [
        {"class_name": "Conv2d"},
        {"settings": "3, 4"},
        {"training": True},
        {"hooks": ("forward",)},
        {"parametrized": ("weight",)},
        {"is_lazy": True},
        {"same_as": "layers.0.fc"},
    ],
)
def test_that_a_part_that_is_another_keeps_its_block_out(other: dict[str, Any]) -> None:
    modules = blocks(5)
    modules[-1] = replace(modules[-1], **other)
    assert runs(modules) == [("layers.0", "layers.1", "layers.2", "layers.3")]


@pytest.mark.parametrize(
    "other", [{"shape": (3, 3)}, {"dtype": "float16"}, {"device": "cuda:0"}, {"requires_grad": False}, {"tied_to": ("x",)}]
)
def test_that_a_tensor_that_is_another_keeps_its_block_out(other: dict[str, Any]) -> None:
    tensors = [weight(f"layers.{number}.fc", **(other if number == 4 else {})) for number in range(5)]
    assert runs(blocks(5), tensors) == [("layers.0", "layers.1", "layers.2", "layers.3")]


def test_that_a_part_of_another_name_keeps_its_block_out() -> None:
    modules = blocks(4)
    modules[-1] = module("layers.3.proj")
    assert runs(modules) == [("layers.0", "layers.1", "layers.2")]
