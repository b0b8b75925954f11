"""The parts that solve a mapping, one by one: assignment, units, names, runs of layers, tensors that are joined, rules."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.diff_rows import KeyEntry
from torchloupe.analysis.mapping.assignment import NONE, assign
from torchloupe.analysis.mapping.fused import fusions, joined_keys
from torchloupe.analysis.mapping.names import Likeness, likeness, words_of
from torchloupe.analysis.mapping.ranks import near, ranks_of
from torchloupe.analysis.mapping.repeats import Item, Side, folded_items
from torchloupe.analysis.mapping.rounds import Rounds
from torchloupe.analysis.mapping.rules import names_alike, rule_count, template_of
from torchloupe.analysis.mapping.shapes import LEVELS, squeezed
from torchloupe.analysis.mapping.structure import Structure
from torchloupe.analysis.mapping.units import BIAS, WEIGHT, Unit, units_of

Shapes = dict[str, tuple[int, ...]]


def units(shapes: Shapes) -> list[Unit]:
    return units_of(KeyEntry(key, shape, "float32") for key, shape in shapes.items())


def items(shapes: Shapes) -> list[Item]:
    return Side(units(shapes), {}).items(set())


def both_sides(found: Shapes, expected: Shapes) -> tuple[list[Item], list[Item]]:
    kinds: dict[object, int] = {}
    return folded_items(Side(units(found), kinds), Side(units(expected), kinds))


# assignment


def total(scores: list[list[float]], chosen: list[int]) -> float:
    return sum(scores[row][column] for row, column in enumerate(chosen) if column != NONE)


@given(st.integers(1, 5), st.integers(1, 5), st.randoms(use_true_random=False))
def test_that_the_assignment_has_the_highest_sum(rows: int, columns: int, chance: random.Random) -> None:
    scores = [[chance.uniform(0.1, 9) for _ in range(columns)] for _ in range(rows)]
    chosen = assign(scores)
    taken = [column for column in chosen if column != NONE]
    assert len(set(taken)) == len(taken) == min(rows, columns)
    if rows <= columns:
        ways = [sum(scores[row][order[row]] for row in range(rows)) for order in itertools.permutations(range(columns), rows)]
    else:
        ways = [sum(scores[order[at]][at] for at in range(columns)) for order in itertools.permutations(range(rows), columns)]
    assert total(scores, chosen) == pytest.approx(max(ways))


def test_that_a_pair_that_is_worth_nothing_is_not_made() -> None:
    assert assign([[5.0, -9.0], [-9.0, -9.0]]) == [0, NONE]
    assert assign([[0.2]], least=0.5) == [NONE]
    assert assign([]) == []
    assert assign([[], []]) == [NONE, NONE]


# units


def test_that_a_layer_is_one_unit_whatever_its_tensors_are_called() -> None:
    (one,) = units({"a.norm.gamma": (4,), "a.norm.beta": (4,)})
    assert one.path == ("a", "norm")
    assert sorted(one.entries) == [BIAS, WEIGHT]
    (other,) = units({"bn/moving_mean:0": (4,), "bn/moving_variance:0": (4,), "bn/gamma:0": (4,), "bn/beta:0": (4,)})
    assert other.has_statistics
    assert other.main.key == "bn/gamma:0"


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("cls_token", ("cls_token",)),
        ("attn.in_proj_weight", ("attn", "in_proj")),
        ("attn.q_bias", ("attn", "q")),
        ("block.gamma", ("block", "gamma")),
        ("module.layers.0._orig_mod.fc.weight", ("layers", "0", "fc")),
        ("q.base_layer.weight", ("q",)),
        ("conv.parametrizations.weight.original1", ("conv",)),
        ("block2a_project_bn/gamma:0", ("block2a", "project_bn", "gamma")),
        ("module", ("module",)),
        ("weight", ()),
    ],
)
def test_that_a_tensor_belongs_to_the_module_that_has_it(key: str, path: tuple[str, ...]) -> None:
    (unit,) = units({key: (4, 4)})
    assert unit.path == path


def test_that_a_kind_that_is_there_twice_makes_a_unit_of_its_own() -> None:
    shapes = {"layer.weight": (4, 4), "layer.kernel": (2, 2)}
    assert [unit.path for unit in units(shapes)] == [("layer",), ("layer", "kernel")]


def test_that_numbered_layers_stand_in_the_order_of_their_numbers() -> None:
    shapes = {f"h.{number}.fc.weight": (2, 2) for number in (0, 1, 10, 11, 2, 3)}
    assert [unit.path[1] for unit in units(shapes)] == ["0", "1", "2", "3", "10", "11"]
    mixed = {"a.conv2.weight": (1,), "a.bn2.weight": (1,), "a.conv1.weight": (1,), "a.bn1.weight": (1,)}
    assert [unit.path[1] for unit in units(mixed)] == ["conv1", "bn1", "conv2", "bn2"]


# names


def test_that_names_are_cut_into_words() -> None:
    assert words_of(("layers", "0", "selfAttn", "q_proj")).all == ("layers", "layers#0", "self", "attn", "q", "proj")
    words = words_of(("encoder", "ln_1"))
    assert words.all[words.role :] == ("ln", "ln#1")
    assert words_of(("post_attention_layernorm",)).all == ("post", "layernorm")


@pytest.mark.parametrize(
    ("one", "alike", "unlike"),
    [
        ("query", "q", "k"),
        ("wk", "key", "value"),
        ("attention", "attn", "mlp"),
        ("norm1", "ln1", "norm2"),
        ("downsample", "shortcut", "conv3"),
        ("img", "vision", "text"),
        ("decoder", "dec", "encoder"),
        ("fc1", "linear1", "fc2"),
        ("layers#3", "blocks#3", "blocks#4"),
    ],
)
def test_that_words_of_the_same_meaning_are_alike(one: str, alike: str, unlike: str) -> None:
    assert likeness(one, alike) > likeness(one, unlike)
    assert likeness(one, one) >= likeness(one, alike)


def test_that_what_was_assigned_teaches_words_that_were_unlike() -> None:
    ones = [words_of(("layers", str(number), part)) for number in range(4) for part in ("zug", "pol")]
    others = [words_of(("blocks", str(number), part)) for number in range(4) for part in ("gate", "down")]
    like = Likeness(ones, others)
    before = like(0, 0)
    assert before == pytest.approx(like(0, 1))
    like.learn([(0, 0), (1, 1), (2, 2), (3, 3)])
    assert like(4, 4) > like(4, 5)
    assert like(4, 4) > before


# runs of layers


def stack(place: str, count: int, *, width: int = 8) -> Shapes:
    return {
        f"{place}.{number}.{key}": shape
        for number in range(count)
        for key, shape in {"norm.weight": (width,), "fc.weight": (2 * width, width), "fc.bias": (2 * width,)}.items()
    }


def test_that_equal_layers_are_matched_once() -> None:
    ones, others = both_sides(stack("layers", 12), stack("model.h", 12))
    assert [item.path for item in ones] == [("layers", "*", "norm"), ("layers", "*", "fc")]
    assert [len(item.units) for item in others] == [12, 12]
    assert [unit.path[1] for unit in ones[0].units] == [str(number) for number in range(12)]


def test_that_runs_inside_of_runs_are_told_as_one_too() -> None:
    found = {f"layers.{number}.{key}": shape for number in range(3) for key, shape in stack("experts", 5).items()}
    expected = {f"h.{number}.mlp.{key}": shape for number in range(3) for key, shape in stack("e", 5).items()}
    ones, _ = both_sides(found, expected)
    assert [len(item.units) for item in ones] == [15, 15]
    assert len(ones[0].runs) == 2


def test_that_lists_of_unlike_length_are_not_told_as_one() -> None:
    ones, others = both_sides(stack("layers", 4), stack("layers", 6))
    assert all(len(item.units) == 1 for item in (*ones, *others))


def test_that_a_run_that_the_other_side_cuts_otherwise_is_opened() -> None:
    found = {f"layer.{number}.{part}.{key}": (4, 4) for number in range(2) for part in ("conv1", "conv2") for key in ("weight",)}
    expected = {f"stage.{number}.inner.{part}.conv.weight": (4, 4) for number in range(2) for part in range(2)}
    ones, others = both_sides(found, expected)
    lengths = {len(item.units) for item in ones}, {len(item.units) for item in others}
    assert lengths[0] == lengths[1]


def test_that_a_run_is_paired_backwards_where_the_layers_beside_it_go_backwards() -> None:
    def decoder(name: str, order: list[int]) -> Shapes:
        widths = dict(zip(order, ((16, 16), (16, 16), (16, 8), (8, 4)), strict=True))
        return {
            f"{name}.{number}.{part}.weight": (outputs if part == "b" else inputs, inputs)
            for number, (inputs, outputs) in sorted(widths.items())
            for part in ("a", "b")
        }

    ones, others = both_sides(decoder("up", [3, 2, 1, 0]), decoder("up_blocks", [0, 1, 2, 3]))
    rounds = Rounds(ones, others)
    pairs = {one.path: other.path for pair in rounds.run() for one, other in rounds.partners(pair)}
    assert pairs["up", "3", "a"] == ("up_blocks", "0", "a")
    assert pairs["up", "2", "b"] == ("up_blocks", "1", "b")


# shapes, ranks, structure


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ((8, 4), (8, 4), 0),
        ((8, 4), (4, 8), 2),
        ((8, 4, 1, 1), (8, 4), 2),
        ((3, 3, 4, 8), (8, 4, 3, 3), 2),
        ((16, 36), (16, 4, 3, 3), 3),
        ((8, 4), (8, 5), None),
        ((2, 3), (6, 1, 1), None),
    ],
)
def test_that_shapes_agree_from_the_strictest_level_on(one: tuple[int, ...], other: tuple[int, ...], level: int | None) -> None:
    (mine,), (theirs,) = units({"a.weight": one}), units({"b.weight": other})
    levels = [n for n, each in enumerate(LEVELS) if each.key(mine) == each.key(theirs) and each.fits(mine, theirs)]
    assert (levels[0] if levels else None) == level


def test_that_a_bias_of_another_size_refuses_a_matrix_that_would_fit_turned() -> None:
    (mine,) = units({"a.weight": (8, 4), "a.bias": (8,)})
    (theirs,) = units({"b.weight": (4, 8), "b.bias": (4,)})
    assert not any(each.key(mine) == each.key(theirs) and each.fits(mine, theirs) for each in LEVELS)


def test_that_ones_and_order_do_not_count_in_a_squeezed_shape() -> None:
    assert squeezed((1, 8, 1, 4)) == squeezed((4, 8)) == (4, 8)


def test_that_ranks_count_children_and_those_alike() -> None:
    held = items({f"{tower}.{number}.fc.weight": (2, 2) for tower in ("a", "b") for number in range(3)})
    ranks = ranks_of(held, [item.number for item in held])
    assert [each.orders[0] for each in ranks.values()] == [(0, 2)] * 3 + [(1, 2)] * 3
    assert [each.orders[1] for each in ranks.values()] == [(0, 3), (1, 3), (2, 3)] * 2
    assert [each.rank for each in ranks.values()] == [0, 0.5, 1, 0, 0.5, 1]


def test_that_an_order_that_is_turned_is_near_at_the_other_end() -> None:
    assert near((0, 4), (0, 4), turned=False) == 1
    assert near((0, 4), (3, 4), turned=True) == 1
    assert near((0, 4), (3, 4), turned=False) == 0


def test_that_places_agree_by_what_is_assigned_inside_them() -> None:
    ones, others = items({**stack("enc", 2), **stack("dec", 2)}), items({**stack("left", 2), **stack("right", 2)})
    structure = Structure(ones, others)
    structure.count([(one, other) for one, other in zip(ones[:4], others[:4], strict=True)])
    assert structure(ones[0], others[0]).agreement > structure(ones[0], others[4]).agreement
    assert not structure.is_turned(("enc",), ("left",))
    structure.count([(ones[0], others[2]), (ones[2], others[0])])
    assert structure.is_turned(("enc",), ("left",))


# tensors that are joined


def attention(parts: tuple[str, ...], width: int = 6, layers: int = 3) -> Shapes:
    sizes = {"qkv": 3 * width, "kv": 2 * width}
    keys: Shapes = {}
    for number in range(layers):
        for part in parts:
            keys[f"l.{number}.attn.{part}.weight"] = (sizes.get(part, width), width)
            keys[f"l.{number}.attn.{part}.bias"] = (sizes.get(part, width),)
        keys[f"l.{number}.norm.weight"] = (width,)
    return keys


@pytest.mark.parametrize(
    "parts", [("q", "k", "v"), ("query", "key", "value"), ("q_proj", "k_proj", "v_proj"), ("wq", "wk", "wv")]
)
def test_that_query_key_and_value_are_found_in_one_tensor(parts: tuple[str, ...]) -> None:
    wholes, pieces = both_sides(attention(("qkv", "proj")), attention((*parts, "out")))
    found = fusions(wholes, pieces)
    joined = joined_keys(found, wholes, pieces, split=True)
    assert len(joined) == 6
    assert joined[0].whole.key == "l.0.attn.qkv.weight"
    assert [part.key for part in joined[0].parts] == [f"l.0.attn.{part}.weight" for part in parts]
    assert joined[0].axis == 0


def test_that_keys_and_values_may_be_joined_without_the_query() -> None:
    wholes, pieces = both_sides(attention(("q", "kv")), attention(("query", "key", "value")))
    joined = joined_keys(fusions(wholes, pieces), wholes, pieces, split=True)
    assert {each.whole.key.split(".")[3] for each in joined} == {"kv"}


def test_that_nothing_is_joined_where_both_sides_have_the_large_tensor() -> None:
    same = attention(("qkv", "q", "k", "v"))
    wholes, pieces = both_sides(same, same)
    assert fusions(wholes, pieces) == []


def test_that_a_matrix_of_input_by_output_is_joined_along_its_second_size() -> None:
    wholes, pieces = both_sides({"a.c_attn.weight": (4, 12)}, {f"b.{part}.weight": (4, 4) for part in ("q", "k", "v")})
    ((_, _, axis),) = fusions(wholes, pieces)
    assert axis == 1


# rules


@pytest.mark.parametrize(
    ("pairs", "rules"),
    [
        ([(f"h.{n}", f"layers.{n}") for n in range(9)], 1),
        ([(f"h.{n + 1}", f"layers.{n}") for n in range(9)], 1),
        ([(f"up.{3 - n}", f"up_blocks.{n}") for n in range(4)], 1),
        ([(f"h.{n}", f"h.{n + (n > 3)}") for n in range(9)], 2),
        ([(f"{3 * n}", f"{n}") for n in range(9)], 2),
        ([("a", "b"), ("c", "d")], 2),
        ([("l.0.wq", "l.0.q"), ("l.1.wq", "l.1.q"), ("l.0.wk", "l.0.k")], 2),
    ],
)
def test_that_a_rule_stands_for_all_layers(pairs: list[tuple[str, str]], rules: int) -> None:
    assert rule_count(pairs) == rules


def test_that_layers_out_of_order_cost_more_than_layers_in_order() -> None:
    in_order = [(f"{2 * n}", f"{n}") for n in range(8)]
    crossed = [(f"{2 * n}", f"{2 * n}") for n in range(4)] + [(f"{8 + 2 * n}", f"{1 + 2 * n}") for n in range(4)]
    assert rule_count(crossed) > rule_count(in_order)


def test_that_like_names_are_counted_once_for_all_layers() -> None:
    assert names_alike([(f"h.{n}.attn", f"h.{n}.attn") for n in range(9)]) == pytest.approx(
        names_alike([("h.0.attn", "h.0.attn")])
    )
    assert names_alike([("attn", "attn")]) > names_alike([("attn", "mlp")])
    assert template_of("layers.12.conv1") == "layers.#.conv#"
