"""The order of the rows of the module tree."""

from typing import Any

from torchloupe.gui.modules.arranging import Blocks, HiddenBlocks, arrange, key_of
from torchloupe.gui.modules.building import OPEN_AT_FIRST, BuildTree
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.registration import HiddenPart


def module(path: str, class_name: str = "Linear", line: int | None = None, **facts: Any) -> ModuleEntry:
    file = "/m.py" if line else None
    return ModuleEntry(
        path, class_name, 0, facts.pop("numel", 0), facts.pop("total", 0), False, defined_file=file, defined_line=line, **facts
    )


def hidden(name: str, owner: str = "", line: int | None = None, held_by: str = "", **facts: Any) -> HiddenPart:
    attribute = name.partition("[")[0]
    return HiddenPart(owner, attribute, name, "module", "Linear", held_by, file="/m.py" if line else None, line=line, **facts)


def rows(tree: ModuleTree, folded: bool = True) -> list[str]:
    """Each row with a dot for its level: its path, or the first of several and how many."""
    arranged = arrange(tree, folded)
    depth: list[int] = []
    said = []
    for entry, around in zip(arranged.entries, arranged.parent, strict=True):
        depth.append(depth[around] + 1 if around >= 0 else 0)
        if isinstance(entry, Blocks):
            name = f"{entry.first} x {entry.count}"
        elif isinstance(entry, HiddenBlocks):
            name = f"({entry.first.path}) x {entry.count}"
        else:
            name = entry.path if isinstance(entry, ModuleEntry) else f"({entry.path})"
        said.append("." * depth[-1] + name)
    return said


def tree(*modules: ModuleEntry, hidden: tuple[HiddenPart, ...] = ()) -> ModuleTree:
    return ModuleTree((module("", "Net"), *modules), (), hidden)


def test_that_modules_lie_under_the_module_their_path_names() -> None:
    assert rows(tree(module("a"), module("a.b"), module("a.b.c"), module("d"))) == ["", ".a", "..a.b", "...a.b.c", ".d"]


def test_that_a_module_whose_parent_is_not_listed_lies_under_the_next_one_that_is() -> None:
    assert rows(tree(module("a"), module("a.b.c"))) == ["", ".a", "..a.b.c"]


def test_that_no_modules_are_no_rows() -> None:
    assert rows(ModuleTree((), ())) == []


def test_that_what_is_hidden_stands_where_its_line_says() -> None:
    parts = (hidden("late", line=20), hidden("early", line=3), hidden("middle", line=7))
    assert rows(tree(module("a", line=5), module("b", line=9), hidden=parts)) == [
        "",
        ".(early)",
        ".a",
        ".(middle)",
        ".b",
        ".(late)",
    ]


def test_that_what_is_hidden_stands_at_the_top_where_no_line_is_known() -> None:
    parts = (hidden("x"), hidden("y"))
    assert rows(tree(module("a"), module("b"), hidden=parts)) == ["", ".(x)", ".(y)", ".a", ".b"]


def test_that_what_is_hidden_stands_under_its_owner_and_else_under_the_model() -> None:
    parts = (hidden("x", "a"), hidden("y", "gone"))
    assert rows(tree(module("a"), module("a.b"), hidden=parts)) == ["", ".(gone.y)", ".a", "..(a.x)", "..a.b"]


def test_that_equal_blocks_are_one_row_around_them() -> None:
    modules = [module("layers", "ModuleList"), *(module(f"layers.{number}", "Block") for number in range(3)), module("head")]
    assert rows(tree(*modules)) == ["", ".layers", "..layers.0 x 3", "...layers.0", "...layers.1", "...layers.2", ".head"]
    assert rows(tree(*modules), folded=False) == ["", ".layers", "..layers.0", "..layers.1", "..layers.2", ".head"]


def test_that_blocks_within_blocks_are_folded_too() -> None:
    modules = [entry for n in range(3) for entry in (module(f"{n}", "Block"), *(module(f"{n}.{k}") for k in range(3)))]
    assert rows(tree(*modules))[:6] == ["", ".0 x 3", "..0", "...0.0 x 3", "....0.0", "....0.1"]


def test_that_equal_blocks_are_summed() -> None:
    kinds = {"total_bytes": 8, "trainable_numel": 2, "dtype": "float32", "device": "cpu"}
    modules = [module(f"{number}", "Block", total=2, numel=1, **kinds) for number in range(3)]
    (together,) = [entry.together for entry in arrange(tree(*modules)).entries if isinstance(entry, Blocks)]
    assert (together.total_numel, together.numel, together.total_bytes, together.trainable_numel) == (6, 3, 24, 6)
    assert (together.dtype, together.device) == ("float32", "cpu")


def test_that_three_equal_parts_of_a_list_are_one_row_and_two_are_not() -> None:
    parts = tuple(hidden(f"xs[{number}]", held_by="list") for number in range(3))
    assert rows(tree(hidden=parts)) == ["", ".(xs[0]) x 3", "..(xs[0])", "..(xs[1])", "..(xs[2])"]
    assert rows(tree(hidden=parts[:2])) == ["", ".(xs[0])", ".(xs[1])"]
    assert rows(tree(hidden=parts), folded=False) == ["", ".(xs[0])", ".(xs[1])", ".(xs[2])"]


def test_that_parts_of_other_sizes_are_not_folded() -> None:
    parts = tuple(hidden(f"xs[{number}]", held_by="list", numel=number) for number in range(3))
    assert len(rows(tree(hidden=parts))) == 4


def test_that_no_two_rows_have_one_key() -> None:
    parts = tuple(hidden(f"xs[{number}]", held_by="list") for number in range(3))
    modules = [module(f"{number}", "Block") for number in range(3)]
    entries = arrange(tree(*modules, hidden=parts)).entries
    assert len({key_of(entry) for entry in entries}) == len(entries)


def test_that_a_small_tree_is_open_but_for_equal_blocks_and_what_is_in_them() -> None:
    modules = [module("a"), module("a.b"), *(module(f"{n}", "Block") for n in range(3)), *(module(f"{n}.fc") for n in range(3))]
    built = BuildTree(tree(*modules))()
    closed = {built.entries[place] for place, is_open in enumerate(built.is_open) if not is_open}
    assert {key_of(entry) for entry in closed} == {("0", ...), "0", "1", "2"}


def test_that_what_was_open_stays_open_in_a_large_tree() -> None:
    modules = [module(f"m{number}") for number in range(OPEN_AT_FIRST)] + [module(f"{number}", "Block") for number in range(3)]
    before = BuildTree(tree(*modules))()
    mask = bytearray(len(before.entries))
    mask[before.position["0", ...]] = 1
    built = BuildTree(tree(*modules), was_open=(before.entries, bytes(mask)))()
    assert [key_of(built.entries[place]) for place, is_open in enumerate(built.is_open) if is_open] == ["", ("0", ...)]


def test_that_the_longest_name_has_room_for_its_level_and_mark() -> None:
    built = BuildTree(tree(module("a"), module("a.a_rather_long_name")))()
    assert built.longest.strip(" ✖") == "a_rather_long_name"
    assert built.longest.startswith("   " * 3)
    assert BuildTree(ModuleTree((), ()))().longest == ""
