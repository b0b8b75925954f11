"""The rows of a module tree: what is folded, and what each note says."""

import io
from dataclasses import replace
from typing import Any

import pytest

from torchloupe.analysis.tree_rows import TreeRow, TreeView
from torchloupe.cli.terminal import Terminal
from torchloupe.cli.text_model import tree_lines
from torchloupe.wire.modules import ModuleEntry, ModuleTree, ParameterEntry
from torchloupe.wire.registration import HiddenPart
from torchloupe.wire.traces import LayerCall


def module(path: str, kind: str = "Linear", **facts: Any) -> ModuleEntry:
    known: dict[str, Any] = {
        "numel": 0,
        "total_numel": 12,
        "total_bytes": 48,
        "trainable_numel": 12,
        "dtype": "float32",
        "device": "cpu",
    }
    known.update(facts)
    return ModuleEntry(path, kind, 1, training=known.pop("training", True), **known)


def weight(owner: str, **facts: Any) -> ParameterEntry:
    known: dict[str, Any] = {
        "shape": (3, 4),
        "dtype": "float32",
        "device": "cpu",
        "requires_grad": True,
        "numel": 12,
        "bytes": 48,
    }
    known.update(facts)
    kind = known.pop("kind", "parameter")
    return ParameterEntry(f"{owner}.weight" if owner else "weight", owner, kind, **known)


def blocks(count: int, **odd: Any) -> ModuleTree:
    """Equal blocks in a list; ``odd`` are facts in which the last one differs."""
    modules = [module("", "Net", total_numel=12 * count), module("layers", "ModuleList", total_numel=12 * count)]
    modules += [module(f"layers.{number}", "Block", settings="4") for number in range(count)]
    modules[-1] = replace(modules[-1], **odd)
    return ModuleTree(tuple(modules), tuple(weight(f"layers.{number}") for number in range(count)))


def rows(tree: ModuleTree, **how: Any) -> list[TreeRow]:
    return list(TreeView(tree, **how).rows())


def notes(entry: ParameterEntry, **how: Any) -> tuple[str, ...]:
    usual = weight("", shape=(9,)), replace(weight("", shape=(9,)), key="other")
    tree = ModuleTree((module("", "Net"),), (*usual, entry))
    return rows(tree, **how)[-1].notes


def test_that_equal_blocks_are_one_row_with_what_is_in_one_of_them() -> None:
    found = rows(blocks(48))
    assert [row.name for row in found] == ["(model)", "layers", "0-47", ".weight"]
    assert (found[2].what, found[2].in_full) == ("48 x Block", "48 x Block(4)")
    assert (found[2].total, found[2].bytes, found[2].notes) == (576, 48 * 48, ("12 each",))


def test_that_unfolded_blocks_are_rows_of_their_own() -> None:
    found = rows(blocks(48), unfolded=True)
    assert [row.name for row in found[2::2]] == [str(number) for number in range(48)]


def test_that_a_block_that_differs_stands_alone() -> None:
    names = [row.name for row in rows(blocks(5, settings="8"))]
    assert names == ["(model)", "layers", "0-3", ".weight", "4", ".weight"]


def test_that_a_block_that_hides_something_stands_alone() -> None:
    tree = replace(blocks(4), hidden=(HiddenPart("layers.3", "extra", "extra[0]", "module", "Linear", "list", 1, 7),))
    found = rows(tree)
    assert [row.name for row in found] == ["(model)", "layers", "0-2", ".weight", "3", ".weight", "extra[0]"]
    assert found[-1] == TreeRow(3, "extra[0]", "Linear", 7, notes=("NOT REGISTERED, in a list",), role="warning")


def test_that_what_is_below_a_folded_block_is_folded_with_it() -> None:
    modules = [module("", "Net")]
    for number in range(3):
        modules += [module(str(number), "Block"), module(f"{number}.fc"), module(f"{number}.fc.act", "ReLU", total_bytes=0)]
    found = rows(ModuleTree(tuple(modules), ()))
    assert [(row.depth, row.name) for row in found] == [(0, "(model)"), (1, "0-2"), (2, "fc"), (3, "act")]
    assert found[-1].numbers == ("", "", "")


def test_that_a_module_without_parameters_of_its_own_shows_only_the_total() -> None:
    tree = ModuleTree((module("", "Net", numel=5, total_numel=17), module("fc", numel=12), module("body", "Sequential")), ())
    assert [row.numbers for row in rows(tree)] == [("5", "17", "48 B"), ("", "12", "48 B"), ("", "12", "48 B")]


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"training": False}, "eval"),
        ({"is_lazy": True, "numel": 0}, "lazy: sizes come with --calls"),
        ({"is_lazy": True, "numel": 6}, "lazy: sizes of the sample run"),
        ({"hooks": ("forward", "backward")}, "hooks: forward, backward"),
        ({"parametrized": ("weight",)}, "parametrized: weight"),
        ({"same_as": "stem"}, "the same module as stem"),
        ({"same_as": ""}, "the same module as (model)"),
    ],
)
def test_that_a_module_says_what_is_special(facts: dict[str, Any], note: str) -> None:
    assert rows(ModuleTree((module("", "Net"), module("fc", **facts)), ()))[1].notes == (note,)


def test_that_a_mode_is_noted_only_where_it_changes() -> None:
    tree = ModuleTree((module("", "Net", training=False), module("body", training=True), module("body.fc", training=True)), ())
    assert [row.notes for row in rows(tree)] == [(), ("train",), ()]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"requires_grad": False}, ("frozen",)),
        ({"kind": "buffer", "persistent": False}, ("buffer", "not in the state_dict")),
        ({"device": "meta"}, ("meta",)),
        ({"stride": (1, 3)}, ("stride [1, 3]",)),
        ({"tied_to": ("a.w", "b.w")}, ("tied to a.w, b.w",)),
        ({"shares_with": ("a", "b", "c", "d", "e")}, ("shares memory with a, b, c and 2 more",)),
    ],
)
def test_that_a_tensor_says_what_is_special(facts: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert notes(weight("", **facts)) == expected


def test_that_a_dtype_is_told_only_where_it_is_not_the_usual_one() -> None:
    tree = ModuleTree((module("", "Net"),), (weight(""), weight("", dtype="float16"), weight("")))
    assert [row.what for row in rows(tree)[1:]] == ["[3, 4]", "[3, 4] float16", "[3, 4]"]


def test_that_initialisation_is_a_note() -> None:
    assert notes(weight(""), initialised={"weight": "zeros"}) == ("zeros",)


def test_that_a_lazy_tensor_has_no_numbers() -> None:
    row = rows(ModuleTree((module("", "Net"),), (weight("", shape=None, numel=0, bytes=0),)))[1]
    assert (row.what, row.numbers) == ("not yet known", ("", "", ""))


def test_that_a_part_below_one_that_is_never_called_is_not_accused_too() -> None:
    place: dict[str, Any] = {"forward_file": "net.py", "forward_line": 4}
    tree = ModuleTree(
        (module("", "Net", **place), module("head", **place), module("head.fc", **place), module("parts", "ModuleList")), ()
    )
    found = rows(tree, calls=(LayerCall(0, "", "Net", 0, 0, (), (), (), 0.1),))
    assert [row.notes for row in found] == [(), ("never called",), (), ()]


def test_that_a_fold_counts_the_blocks_that_are_never_called() -> None:
    tree = blocks(4)
    tree = replace(tree, modules=tuple(replace(each, forward_file="net.py", forward_line=4) for each in tree.modules))
    calls = [LayerCall(number, path, "Block", 0, 0, (), (), (), 0.1) for number, path in enumerate(("", "layers", "layers.1"))]
    assert rows(tree, calls=calls)[2].notes == ("12 each", "3 never called")


def test_that_plain_tensors_are_named_without_alarm_unless_they_learn() -> None:
    constant = HiddenPart("", "scale", "scale", "tensor", "Tensor", shape=(4,), dtype="float32", numel=4, device="cuda:0")
    learning = replace(constant, name="w", requires_grad=True, held_by="dict")
    found = rows(ModuleTree((module("", "Net"),), (), (constant, learning)))
    assert [(row.what, row.notes, row.role) for row in found[1:]] == [
        ("[4] float32", ("NOT REGISTERED", "cuda:0"), ""),
        ("[4] float32", ("NOT REGISTERED, in a dict", "cuda:0"), "warning"),
    ]


def test_that_the_totals_say_what_is_mixed_and_what_is_not_counted() -> None:
    modules = module("", "Net", trainable_numel=0, device="cpu, meta"), module("fc", training=False)
    tree = ModuleTree(modules, (weight("fc"), weight("fc", shape=None), weight("", kind="buffer")))
    assert TreeView(tree).totals() == [
        "2 modules, 3 parameters and buffers",
        "12 elements in parameters, none of them trainable",
        "12 elements in 1 buffer",
        "1 lazy tensor not counted: --calls runs the sample input, which gives them sizes",
        "48 B, float32 on cpu, meta, some modules in train mode, some in eval mode",
    ]


def test_that_a_tree_of_nothing_is_no_rows() -> None:
    view = TreeView(ModuleTree((), ()))
    assert (list(view.rows()), view.totals()) == ([], ["0 modules, 0 parameters and buffers"])


def test_that_many_hidden_parts_alike_are_one_row() -> None:
    parts = tuple(HiddenPart("", "layers", f"layers[{number}]", "module", "Linear", "list", 2, 6) for number in range(48))
    odd = replace(parts[0], name="layers[48]", numel=9)
    tree = ModuleTree((module("", "Net"),), (), (*parts, odd))
    assert [(row.name, row.what, row.own) for row in rows(tree)[1:]] == [
        ("layers[0-47]", "48 x Linear", 288),
        ("layers[48]", "Linear", 9),
    ]
    assert len(rows(tree, unfolded=True)) == 50


def test_that_the_place_of_a_hidden_part_is_short() -> None:
    for file in ("/home/me/net.py", "C:\\me\\net.py"):
        part = HiddenPart("", "fc", "fc", "module", "Linear", "dict", file=file, line=4)
        assert rows(ModuleTree((module("", "Net"),), (), (part,)))[1].notes == ("NOT REGISTERED, in a dict", "net.py:4")


def test_that_names_without_a_number_are_both_said() -> None:
    parts = tuple(
        HiddenPart("", "heads", name, "module", "Linear", "SimpleNamespace", 2, 6) for name in ("heads.a", "heads.b", "heads.c")
    )
    assert rows(ModuleTree((module("", "Net"),), (), parts))[1].name == "heads.a … heads.c"


def test_that_on_a_narrow_terminal_the_first_note_stays() -> None:
    part = HiddenPart("", "layers", "layers[0]", "module", "Linear", "list", 2, 6, file="a_long_name_of_a_file.py", line=4)
    tree = ModuleTree((module("", "Net", settings="size=512, " * 9),), (weight("", numel=10**9, bytes=10**9),), (part,))
    for width in (80, 120):
        lines = tree_lines(TreeView(tree), Terminal(io.StringIO(), io.StringIO(), False, width))
        assert max(map(len, lines)) <= width
        assert "NOT REGISTERED, i" in lines[3]
