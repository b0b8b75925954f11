"""Whole mappings between the spellings of different libraries: every key finds the home it has there, whichever side is the model."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import key_families as families
from torchloupe.analysis.state_dict_diff import StateDictDiff, state_dict_diff

VIT, LLAMA, BERT, WHISPER = families.vision_transformer(), families.llama(), families.bert(), families.whisper()
RESNET, MOBILE = families.resnet(), families.mobile_blocks()
CONVERSIONS = {
    "vit of torchvision": (VIT, *families.renamed(VIT, families.VIT_OF_TORCHVISION)),
    "vit of openai": (VIT, *families.renamed(VIT, families.VIT_OF_OPENAI)),
    "llama of meta": (LLAMA, *families.renamed(LLAMA, families.LLAMA_OF_META)),
    "bert with gamma and beta": (BERT, *families.renamed(BERT, families.BERT_OF_OLD)),
    "whisper of transformers": (WHISPER, *families.renamed(WHISPER, families.WHISPER_OF_TRANSFORMERS)),
    "resnet of transformers": (RESNET, *families.resnet_of_transformers(RESNET)),
    "mobile blocks of timm": (MOBILE, *families.renamed(MOBILE, families.MOBILE_OF_TIMM)),
}
PREFIXES = ("module.", "_orig_mod.", "model.backbone.", "net._orig_mod.module.")


def diff_of(expected: families.Shapes, found: families.Shapes) -> StateDictDiff:
    return state_dict_diff(families.entries(expected), families.entries(found))


@pytest.mark.parametrize("name", CONVERSIONS)
def test_that_the_whole_mapping_is_found(name: str) -> None:
    expected, found, before = CONVERSIONS[name]
    assert diff_of(expected, found).mapping == before


@pytest.mark.parametrize("name", CONVERSIONS)
def test_that_the_mapping_is_found_the_other_way_round(name: str) -> None:
    found, expected, before = CONVERSIONS[name]
    assert diff_of(expected, found).mapping == {key: name for name, key in before.items()}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", ["llama of meta", "resnet of transformers"])
def test_that_a_prefix_on_top_of_other_names_changes_nothing(name: str, prefix: str) -> None:
    expected, found, before = CONVERSIONS[name]
    diff = diff_of(expected, {prefix + key: shape for key, shape in found.items()})
    assert diff.mapping == {prefix + key: home for key, home in before.items()}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_that_a_pair_that_is_told_as_sure_is_right(name: str) -> None:
    expected, found, before = CONVERSIONS[name]
    for row in diff_of(expected, found).rows:
        assert row.found is not None
        assert row.expected is not None
        assert 0 < row.confidence <= 1
        assert before[row.found.key] == row.expected.key
        assert row.how or row.found.key == row.expected.key


@pytest.mark.parametrize("name", ["llama of meta", "whisper of transformers", "vit of openai"])
def test_that_files_that_are_sorted_by_name_are_no_harder(name: str) -> None:
    expected, found, before = CONVERSIONS[name]
    assert diff_of(expected, dict(sorted(found.items()))).mapping == before
    assert diff_of(dict(sorted(expected.items())), found).mapping == before


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_that_words_that_mean_nothing_are_learned_from_what_repeats(chance: random.Random) -> None:
    words = sorted({word for key in LLAMA for word in re.findall("[a-z]+", key)} - {"weight"})
    fresh = {word: "".join(chance.choice("bdgklmprstz") + chance.choice("aeiou") for _ in range(4)) + "x" for word in words}
    if len(set(fresh.values())) < len(fresh):
        return
    found, before = families.renamed(LLAMA, [(rf"(?<![a-z]){word}(?![a-z])", new) for word, new in fresh.items()])
    assert diff_of(LLAMA, found).mapping == before


def test_that_tensorflow_names_and_turned_matrices_are_seen_through() -> None:
    found, before = families.renamed(BERT, families.BERT_OF_TENSORFLOW)
    turned = {key: shape[::-1] if key.endswith("kernel") else shape for key, shape in found.items()}
    diff = diff_of(BERT, dict(sorted(turned.items())))
    assert diff.mapping == before
    assert diff.counts["transposed"] == 6 * 3  # the square ones turn with their siblings
    assert "transposed" in [cause.kind for cause in diff.causes]


def test_that_a_flat_list_of_blocks_is_the_same_as_blocks_in_stages() -> None:
    def blocks(place: str, sizes: list[tuple[int, int]]) -> families.Shapes:
        keys: families.Shapes = {}
        for number, (stage, width) in enumerate(sizes):
            at = place.format(flat=number, stage=stage, inside=sum(each == stage for each, _ in sizes[:number]))
            keys |= families.norm(at + "norm1", width) | families.linear(at + "attn.qkv", width, 3 * width)
            keys |= families.linear(at + "mlp.fc1", width, 2 * width) | families.linear(at + "mlp.fc2", 2 * width, width)
        return keys

    sizes = [(0, 8), (0, 8), (1, 16), (1, 16), (1, 16), (2, 32)]
    found, expected = blocks("blocks.{flat}.", sizes), blocks("encoder.stages.{stage}.layers.{inside}.", sizes)
    assert diff_of(expected, found).mapping == dict(zip(found, expected, strict=True))


def test_that_layers_counted_from_one_are_told_as_such() -> None:
    def layers(start: int) -> families.Shapes:
        return {key: shape for number in range(6) for key, shape in families.linear(f"layers.{number + start}.fc", 8, 8).items()}

    diff = diff_of(layers(0), layers(1))
    assert diff.mapping == dict(zip(layers(1), layers(0), strict=True))
    (cause,) = diff.causes
    assert cause.kind == "shifted"
    assert "counts its layers from 1, the model from 0" in cause.text


def test_that_an_inserted_layer_moves_the_numbers_behind_it() -> None:
    def stack(sizes: list[int]) -> families.Shapes:
        return {
            key: shape
            for number, (inputs, outputs) in enumerate(zip(sizes, sizes[1:], strict=False))
            for key, shape in families.linear(str(number), inputs, outputs).items()
        }

    diff = diff_of(stack([4, 8, 16, 12, 24, 32, 10]), stack([4, 8, 16, 24, 32, 10]))
    moved = {"0": "0", "1": "1", "3": "4", "4": "5"}
    assert {key: home for key, home in diff.mapping.items() if key.partition(".")[0] in moved} == {
        f"{mine}.{kind}": f"{theirs}.{kind}" for mine, theirs in moved.items() for kind in ("weight", "bias")
    }
    assert "shifted" in [cause.kind for cause in diff.causes]


@pytest.mark.parametrize("step", [2, 3])
def test_that_layers_without_weights_between_them_only_change_numbers(step: int) -> None:
    def stack(step: int) -> families.Shapes:
        return {key: shape for number in range(7) for key, shape in families.linear(str(number * step), 8, 8).items()}

    assert diff_of(stack(1), stack(step)).mapping == dict(zip(stack(step), stack(1), strict=True))


def test_that_a_number_in_a_sequential_is_the_name_of_a_layer_elsewhere() -> None:
    found = {key: shape for number in range(5) for key, shape in families.linear(str(2 * number), 8, 8).items()}
    expected = {key: shape for number in range(5) for key, shape in families.linear(f"fc{number + 1}", 8, 8).items()}
    assert diff_of(expected, found).mapping == dict(zip(found, expected, strict=True))


def test_that_a_list_that_runs_the_other_way_is_followed() -> None:
    def decoder(name: str, numbers: list[int]) -> families.Shapes:
        keys: families.Shapes = {}
        for number, (inputs, outputs) in zip(numbers, ((32, 32), (32, 32), (32, 16), (16, 8)), strict=True):
            keys |= families.conv_norm(f"{name}.{number}.conv", f"{name}.{number}.norm", inputs, outputs)
            keys |= families.linear(f"{name}.{number}.time", 24, outputs)
        return keys

    found, expected = decoder("up", [3, 2, 1, 0]), decoder("up_blocks", [0, 1, 2, 3])
    assert diff_of(expected, found).mapping == dict(zip(found, expected, strict=True))


def test_that_averaged_weights_beside_the_model_are_left_over() -> None:
    found = {f"{tower}.{key}": shape for tower in ("model", "model_ema") for key, shape in VIT.items()}
    diff = diff_of(VIT, found)
    assert diff.mapping == {f"model.{key}": key for key in VIT}
    assert diff.counts["unexpected"] == len(VIT)


def test_that_a_head_of_another_size_stays_unpaired_while_all_else_is_renamed() -> None:
    found, before = families.renamed(VIT, families.VIT_OF_TORCHVISION)
    found = {key: (1000, *shape[1:]) if key.startswith("heads") else shape for key, shape in found.items()}
    diff = diff_of(VIT, found)
    assert diff.mapping == {key: home for key, home in before.items() if not home.startswith("head.")}


def test_that_weight_norm_in_its_two_spellings_is_the_same() -> None:
    old = {"conv.bias": (8,), "conv.weight_g": (8, 1, 1), "conv.weight_v": (8, 4, 3)}
    new = {
        "conv.bias": (8,),
        "conv.parametrizations.weight.original0": (8, 1, 1),
        "conv.parametrizations.weight.original1": (8, 4, 3),
    }
    old = {f"layers.{number}.{key}": shape for number in range(3) for key, shape in old.items()}
    new = {f"layers.{number}.{key}": shape for number in range(3) for key, shape in new.items()}
    assert diff_of(new, old).mapping == dict(zip(old, new, strict=True))


def test_that_a_layer_is_told_from_the_adapter_around_it() -> None:
    adapters = {}
    for key, shape in LLAMA.items():
        wrapped = key.replace("q_proj.", "q_proj.base_layer.").replace("v_proj.", "v_proj.base_layer.")
        adapters["base_model.model." + wrapped] = shape
        if wrapped != key:
            place = "base_model.model." + key.removesuffix("weight")
            adapters |= {place + "lora_A.default.weight": (4, shape[1]), place + "lora_B.default.weight": (shape[0], 4)}
    diff = diff_of(adapters, LLAMA)
    assert len(diff.mapping) == len(LLAMA)
    assert all("lora" not in home for home in diff.mapping.values())
    assert diff.mapping["model.layers.1.self_attn.q_proj.weight"].endswith("layers.1.self_attn.q_proj.base_layer.weight")


@pytest.mark.parametrize("layers", [24, 120])
def test_that_what_a_lost_shard_took_along_moves_nothing_else(layers: int) -> None:
    expected = families.llama(layers=layers)
    found, before = families.renamed(expected, families.LLAMA_OF_META)
    kept = {key: shape for number, (key, shape) in enumerate(found.items()) if number % 37 and not 40 < number < 60}
    diff = diff_of(expected, kept)
    assert diff.mapping == {key: before[key] for key in kept}


@pytest.mark.parametrize("layers", [6, 120])
def test_that_no_pair_of_a_shuffled_file_is_told_as_sure_and_wrong(layers: int) -> None:
    expected = families.llama(layers=layers)
    found, before = families.renamed(expected, families.LLAMA_OF_META)
    keys = list(found)
    random.Random(layers).shuffle(keys)
    rows = diff_of(expected, {key: found[key] for key in keys[:-5]}).rows
    pairs = [row for row in rows if row.found is not None and row.expected is not None]
    assert len(pairs) == len(keys) - 5
    assert {row.found.key for row in pairs if row.confidence > 0.6 and before[row.found.key] != row.expected.key} == set()
    assert sum(before[row.found.key] == row.expected.key for row in pairs) > 0.7 * len(pairs)


@pytest.mark.parametrize("layers", [6, 40])
@pytest.mark.parametrize("called", ["model.layers", "model.blocks"])
def test_that_layers_counted_from_one_are_found_in_a_shuffled_file(layers: int, called: str) -> None:
    expected = families.llama(layers=layers)
    before = {re.sub(r"model\.layers\.(\d+)", lambda found: f"{called}.{int(found[1]) + 1}", key): key for key in expected}
    keys = list(before)
    random.Random(layers).shuffle(keys)
    assert diff_of(expected, {key: expected[before[key]] for key in keys}).mapping == before


def test_that_one_layer_is_not_surely_another_one_where_all_may_have_moved() -> None:
    expected = families.llama(layers=6)
    before = {re.sub(r"layers\.(\d+)", lambda found: f"layers.{int(found[1]) + 1}", key): key for key in expected}
    keys = [key for key in before if not key.endswith("layers.3.mlp.up_proj.weight")]
    random.Random(1).shuffle(keys)
    rows = diff_of(expected, {key: expected[before[key]] for key in keys}).rows
    moved = [row for row in rows if row.found is not None and row.expected is not None and "layers.6." in row.found.key]
    assert all(row.confidence < 0.6 or before[row.found.key] == row.expected.key for row in moved)
