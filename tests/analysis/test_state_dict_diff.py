"""The diff of two key lists: which keys have a home, and what is said about the others."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.diff_rows import STATUSES, UNINITIALIZED
from torchloupe.analysis.state_dict_diff import KeyEntry, StateDictDiff, state_dict_diff

CONV = {
    "conv.weight": (8, 3, 3, 3),
    "conv.bias": (8,),
    "bn.weight": (8,),
    "bn.bias": (8,),
    "head.weight": (10, 8),
    "head.bias": (10,),
}


def keys(shapes: dict[str, tuple[int, ...]], dtype: str = "float32") -> list[KeyEntry]:
    return [KeyEntry(key, shape, dtype) for key, shape in shapes.items()]


def prefixed(entries: list[KeyEntry], prefix: str) -> list[KeyEntry]:
    return [entry._replace(key=prefix + entry.key) for entry in entries]


def statuses(diff: StateDictDiff) -> dict[str, int]:
    return {status: count for status, count in diff.counts.items() if count}


def kinds(diff: StateDictDiff) -> list[str]:
    return [cause.kind for cause in diff.causes]


def test_that_equal_key_lists_match_in_every_row_and_have_no_cause() -> None:
    diff = state_dict_diff(keys(CONV), keys(CONV))
    assert statuses(diff) == {"matched": 6}
    assert diff.mapping == {key: key for key in CONV}
    assert all(row.confidence == 1.0 and row.how == "" for row in diff.rows)
    assert diff.causes == ()


def test_that_rows_follow_the_model_and_unexpected_keys_come_last() -> None:
    found = [KeyEntry("extra", (1,), "float32"), *reversed(keys(CONV))]
    diff = state_dict_diff(keys(CONV), found)
    assert [(row.expected or row.found).key for row in diff.rows if row.expected or row.found] == [*CONV, "extra"]  # type: ignore[union-attr]  # filtered


def test_that_counts_name_every_status_of_the_contract() -> None:
    assert set(state_dict_diff([], []).counts) == set(STATUSES)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "net.backbone.", "module._orig_mod.", "0.", "a.b.c.d."])
def test_that_a_prefix_in_the_checkpoint_is_one_cause(prefix: str) -> None:
    diff = state_dict_diff(keys(CONV), prefixed(keys(CONV), prefix))
    assert statuses(diff) == {"renamed": 6}
    assert diff.mapping == {prefix + key: key for key in CONV}
    assert {row.how for row in diff.rows} == {f"prefix {prefix}"}
    (cause,) = diff.causes
    assert (cause.kind, cause.key_count, cause.data["checkpoint_prefix"]) == ("prefix", 6, prefix)
    assert prefix in cause.text
    assert "6 keys" in cause.text


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "encoder.backbone."])
def test_that_a_prefix_that_only_the_model_has_is_one_cause(prefix: str) -> None:
    diff = state_dict_diff(prefixed(keys(CONV), prefix), keys(CONV))
    assert diff.mapping == {key: prefix + key for key in CONV}
    (cause,) = diff.causes
    assert (cause.data["checkpoint_prefix"], cause.data["model_prefix"]) == ("", prefix)
    assert "lack" in cause.text


def test_that_each_side_may_have_a_prefix_of_its_own() -> None:
    diff = state_dict_diff(prefixed(keys(CONV), "backbone."), prefixed(keys(CONV), "module.encoder."))
    assert diff.mapping == {f"module.encoder.{key}": f"backbone.{key}" for key in CONV}
    assert kinds(diff) == ["prefix"]


def test_that_a_wrapper_somewhere_inside_is_one_cause() -> None:
    expected = keys({f"encoder.{key}": shape for key, shape in CONV.items()} | {"decoder.weight": (4, 4)})
    found = keys({f"encoder._orig_mod.{key}": shape for key, shape in CONV.items()} | {"decoder.weight": (4, 4)})
    diff = state_dict_diff(expected, found)
    assert statuses(diff) == {"matched": 1, "renamed": 6}
    (cause,) = diff.causes
    assert cause.key_count == 6
    assert "_orig_mod" in cause.text


def test_that_wrappers_deep_inside_several_layers_are_seen_through() -> None:
    expected = keys({f"layers.{i}.linear.weight": (i + 2, 3) for i in range(4)})
    found = keys({f"layers.{i}._checkpoint_wrapped_module.linear.weight": (i + 2, 3) for i in range(4)})
    diff = state_dict_diff(expected, found)
    assert diff.mapping == {f.key: e.key for e, f in zip(expected, found, strict=True)}
    (cause,) = diff.causes
    assert cause.kind == "wrapper"
    assert "activation checkpointing" in cause.hint


def test_that_keys_of_one_adapter_layer_fit_through_prefix_and_wrapper_together() -> None:
    found = keys({"q.weight": (4, 4), "q.bias": (4,), "norm.weight": (4,), "norm.bias": (4,), "v.weight": (4, 2)})
    expected = keys(
        {
            "base.model.q.base_layer.weight": (4, 4),
            "base.model.q.base_layer.bias": (4,),
            "base.model.norm.weight": (4,),
            "base.model.norm.bias": (4,),
            "base.model.v.weight": (4, 2),
        }
    )
    diff = state_dict_diff(expected, found)
    assert diff.mapping["q.weight"] == "base.model.q.base_layer.weight"
    assert diff.mapping["norm.bias"] == "base.model.norm.bias"
    assert statuses(diff) == {"renamed": 5}


def test_that_a_head_of_another_size_is_a_resized_row_under_a_prefix() -> None:
    found = prefixed(keys({**CONV, "head.weight": (1000, 8), "head.bias": (1000,)}), "module.")
    diff = state_dict_diff(keys(CONV), found)
    assert statuses(diff) == {"renamed": 4, "resized": 2}
    assert "module.head.weight" not in diff.mapping
    assert kinds(diff) == ["prefix", "shape"]
    assert diff.causes[1].data["sizes"] == [[1000, 10]]


def test_that_a_prefix_is_seen_when_few_or_no_shapes_agree() -> None:
    narrow = keys({"conv.weight": (8, 3), "conv.bias": (8,), "fc.weight": (9, 8), "fc.bias": (9,)})
    wide = keys({"conv.weight": (8, 3), "conv.bias": (8,), "fc.weight": (4, 8), "fc.bias": (4,)})
    other = keys({"conv.weight": (16, 3), "conv.bias": (16,), "fc.weight": (4, 16), "fc.bias": (4,)})
    assert kinds(state_dict_diff(narrow, prefixed(wide, "module."))) == ["prefix", "shape"]
    diff = state_dict_diff(narrow, prefixed(other, "module."))
    assert kinds(diff)[0] == "prefix"
    assert statuses(diff) == {"shape": 4}


def test_that_rows_with_the_same_change_of_size_are_one_cause() -> None:
    def width(size: int, classes: int) -> list[KeyEntry]:
        layers = {f"layers.{i}.fc.weight": (4 * size, size) for i in range(3)} | {
            f"layers.{i}.fc.bias": (4 * size,) for i in range(3)
        }
        return keys({**layers, "embed.weight": (50, size), "head.bias": (classes,)})

    diff = state_dict_diff(width(1024, 10), width(768, 1000))
    assert statuses(diff) == {"shape": 7, "resized": 1}
    assert sorted(cause.key_count for cause in diff.causes) == [1, 7]


def test_that_shapes_of_unlike_rank_are_told_of() -> None:
    diff = state_dict_diff(keys({"scale": (4,)}), keys({"scale": (1, 4, 1)}))
    (cause,) = diff.causes
    assert "number of dimensions" in cause.hint


def test_that_a_reversed_matrix_is_transposed_and_has_a_home() -> None:
    diff = state_dict_diff(keys({"fc.weight": (10, 4), "fc.bias": (10,)}), keys({"fc.weight": (4, 10), "fc.bias": (10,)}))
    assert statuses(diff) == {"transposed": 1, "matched": 1}
    assert diff.mapping["fc.weight"] == "fc.weight"
    assert kinds(diff) == ["transposed"]


def test_that_a_dtype_is_a_row_of_its_own_and_one_cause_per_pair() -> None:
    diff = state_dict_diff(keys(CONV), keys(CONV, "float16"))
    assert statuses(diff) == {"dtype": 6}
    assert diff.mapping == {key: key for key in CONV}
    assert [(cause.kind, cause.key_count) for cause in diff.causes] == [("dtype", 6)]


def test_that_a_renamed_key_of_another_dtype_is_told_of_twice() -> None:
    diff = state_dict_diff(keys(CONV), prefixed(keys(CONV, "float64"), "module."))
    assert kinds(diff) == ["prefix", "dtype"]


def test_that_a_whole_missing_subtree_is_one_cause() -> None:
    decoder = {f"decoder.layers.{i}.{key}": shape for i in range(5) for key, shape in CONV.items()}
    diff = state_dict_diff(keys({**CONV, **decoder}), keys(CONV))
    (cause,) = diff.causes
    assert cause.text == "30 keys below decoder. are missing in the checkpoint."
    assert cause.data["keys"] == list(decoder)


def test_that_the_same_part_missing_in_many_layers_is_one_cause() -> None:
    layers = {f"layers.{i}.{key}": shape for i in range(20) for key, shape in CONV.items()}
    adapters = {f"layers.{i}.lora_A.weight": (2, 8) for i in range(20)}
    diff = state_dict_diff(keys({**layers, **adapters}), keys(layers))
    (cause,) = diff.causes
    assert cause.text == "20 keys like layers.0.lora_A.weight are missing in the checkpoint."


def test_that_hundreds_of_scattered_keys_fold_into_few_causes() -> None:
    expected = keys({f"stage{i % 40}.part{i}.weight": (i + 1,) for i in range(400)} | {"kept": (3,)})
    found = keys({f"level{i % 40}.piece{i}.kernel": (i + 2, 7) for i in range(400)} | {"kept": (3,)})
    diff = state_dict_diff(expected, found)
    assert len(diff.causes) <= 16
    assert sum(cause.key_count for cause in diff.causes) == 800


def test_that_nothing_in_common_is_one_cause() -> None:
    diff = state_dict_diff(keys({"a.weight": (2, 3)}), keys({"z.kernel": (9, 9)}))
    assert kinds(diff) == ["nothing"]
    assert diff.mapping == {}


def test_that_missing_batch_counters_of_loaded_norms_are_a_cause_of_their_own() -> None:
    norm = {"bn.weight": (8,), "bn.bias": (8,), "bn.running_mean": (8,), "bn.running_var": (8,)}
    diff = state_dict_diff(keys({**norm, "bn.num_batches_tracked": ()}), keys(norm))
    assert kinds(diff) == ["counter"]


def test_that_a_counter_of_a_norm_that_is_missing_altogether_belongs_to_that_norm() -> None:
    norm = {"bn.running_mean": (8,), "bn.running_var": (8,), "bn.num_batches_tracked": ()}
    diff = state_dict_diff(keys({**CONV, **{f"extra.{key}": shape for key, shape in norm.items()}}), keys(CONV))
    (cause,) = diff.causes
    assert (cause.kind, cause.key_count) == ("missing", 3)


def test_that_a_missing_tied_key_names_its_partner() -> None:
    expected = [
        KeyEntry("embed.weight", (50, 4), "float32", ("head.weight",)),
        KeyEntry("head.weight", (50, 4), "float32", ("embed.weight",)),
    ]
    diff = state_dict_diff(expected, keys({"embed.weight": (50, 4)}))
    (cause,) = diff.causes
    assert cause.kind == "tied"
    assert "tied to embed.weight" in cause.text


def test_that_a_lazy_parameter_takes_any_shape() -> None:
    expected = [KeyEntry("fc.weight", (), UNINITIALIZED), KeyEntry("fc.bias", (), UNINITIALIZED)]
    diff = state_dict_diff(expected, keys({"fc.weight": (10, 4), "fc.bias": (10,)}))
    assert statuses(diff) == {"matched": 2}
    assert diff.causes == ()


def test_that_of_two_equal_towers_the_averaged_copy_is_the_second_choice_and_named() -> None:
    found = prefixed(keys(CONV), "ema.") + prefixed(keys(CONV), "model.")
    diff = state_dict_diff(keys(CONV), found)
    assert diff.mapping == {f"model.{key}": key for key in CONV}
    assert {row.confidence for row in diff.rows if row.expected} == {0.5}
    assert '"ema."' in diff.causes[0].hint


def test_that_a_single_key_that_fits_under_several_places_is_not_guessed() -> None:
    found = keys({f"layers.{i}.norm.weight": (8,) for i in range(6)})
    diff = state_dict_diff(keys({"norm.weight": (8,)}), found)
    assert diff.mapping == {}


def test_that_an_index_in_a_list_is_not_taken_for_a_wrapper() -> None:
    found = keys({f"blocks.{i}.fc.{kind}": (8,) for i in range(4) for kind in ("weight", "bias")})
    diff = state_dict_diff(keys({"fc.weight": (8,), "fc.bias": (8,)}), found)
    assert diff.mapping == {}


def test_that_extra_keys_beside_a_prefix_are_unexpected() -> None:
    found = [*prefixed(keys(CONV), "model."), KeyEntry("criterion.weight", (10,), "float32")]
    diff = state_dict_diff(keys(CONV), found)
    assert statuses(diff) == {"renamed": 6, "unexpected": 1}
    assert "6 of 7 keys" in diff.causes[0].text


def test_that_known_left_overs_are_explained() -> None:
    diff = state_dict_diff(keys(CONV), keys({**CONV, "conv.total_ops": (1,), "conv.total_params": (1,)}))
    assert all("thop" in cause.hint for cause in diff.causes)


PARTS = ["conv", "fc", "norm", "layers", "attn", "mlp", "0", "1", "2", "q_proj", "embed"]
LEAVES = ["weight", "bias", "running_mean"]


@st.composite
def key_lists(draw: st.DrawFn) -> list[KeyEntry]:
    paths = draw(st.lists(st.lists(st.sampled_from(PARTS), min_size=1, max_size=4), min_size=2, max_size=12))
    names = dict.fromkeys(".".join([*path, leaf]) for path in paths for leaf in LEAVES)
    return [KeyEntry(name, (index + 2, 3), "float32") for index, name in enumerate(names)]


# Prefixes that are no parts themselves, so that there is one right answer.
WRAPS = st.lists(st.sampled_from(["module", "_orig_mod", "model", "backbone", "teacher"]), max_size=3).map(
    lambda parts: "".join(part + "." for part in parts)
)


@given(key_lists(), WRAPS, WRAPS, st.randoms(use_true_random=False))
def test_that_any_prefix_on_either_side_gives_the_right_mapping(
    entries: list[KeyEntry], mine: str, theirs: str, shuffler: random.Random
) -> None:
    found, expected = prefixed(entries, mine), prefixed(entries, theirs)
    shuffler.shuffle(found)
    diff = state_dict_diff(expected, found)
    assert diff.mapping == {mine + entry.key: theirs + entry.key for entry in entries}
    assert len(diff.causes) <= 2


@given(key_lists(), key_lists())
def test_that_every_key_is_in_exactly_one_row_whatever_the_sides_are(expected: list[KeyEntry], found: list[KeyEntry]) -> None:
    diff = state_dict_diff(expected, found)
    assert sorted(row.expected.key for row in diff.rows if row.expected) == sorted(entry.key for entry in expected)
    assert sorted(row.found.key for row in diff.rows if row.found) == sorted(entry.key for entry in found)
    assert sum(diff.counts.values()) == len(diff.rows)
    assert len(set(diff.mapping.values())) == len(diff.mapping)


@pytest.mark.parametrize("prefix", ["", "module."])
def test_that_a_hundred_thousand_keys_are_compared_in_little_time(prefix: str) -> None:
    expected = [KeyEntry(f"layers.{i // 100}.blocks.{i % 100}.weight", (i % 77, 3), "float32") for i in range(100_000)]
    found = prefixed(expected, prefix)
    start = time.process_time()
    diff = state_dict_diff(expected, found)
    assert time.process_time() - start < 4  # one second on a free machine
    assert len(diff.mapping) == 100_000


def test_that_a_prefix_is_counted_on_all_keys_that_carry_it() -> None:
    expected = keys({"fc.weight": (2, 2), "fc.bias": (2,), "out.weight": (3, 2)})
    found = [*prefixed(expected, "module."), *keys({"module.gone": (1,)})]
    cause = state_dict_diff(expected, found).causes[0]
    assert cause.text.startswith('All 4 keys of the checkpoint start with "module."')
    assert cause.text.endswith("3 of them fit without it.")
    assert cause.key_count == 3
