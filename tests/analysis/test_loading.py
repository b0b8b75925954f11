"""Which stored tensors go where, decided without torch."""

from math import prod
from typing import Any

import pytest

from torchloupe.analysis.containers import keys_of_container
from torchloupe.analysis.loading import SURE, is_strict, loaded_keys, planned_load
from torchloupe.analysis.state_dict_diff import UNINITIALIZED, DiffRow, KeyEntry, StateDictDiff, state_dict_diff
from torchloupe.wire.contents import CheckpointContents, FileStamp, StoredTensor, StoredValue
from torchloupe.wire.loading import LOADED, MISSING, TIED, UNEXPECTED, UNSURE, LoadCheckpoint, LoadedCheckpoint, LoadedKey

Shapes = dict[str, tuple[int, ...]]
MODEL: Shapes = {"fc1.weight": (8, 4), "fc1.bias": (8,), "fc2.weight": (3, 8), "fc2.bias": (3,)}


def entries(shapes: Shapes, dtype: str = "float32") -> tuple[KeyEntry, ...]:
    return tuple(KeyEntry(key, shape, dtype) for key, shape in shapes.items())


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(prod(shape[place + 1 :]) for place in range(len(shape)))


def contents(shapes: Shapes, container: str = "", dtype: str = "float32") -> CheckpointContents:
    tensors = tuple(
        StoredTensor(key, shape, dtype, 4, container, stored_at=f"data/{number}", strides=strides(shape))
        for number, (key, shape) in enumerate(shapes.items())
    )
    stamp = FileStamp("", 100, 5, 7)
    return CheckpointContents(
        "/a.pt", "torch zip", 100, 10, tensors, (StoredValue("epoch", "int", 3),), ("os.system",), (), (stamp,)
    )


def planned(model: Shapes, stored: Shapes, container: str = "", dtype: str = "float32", **how: Any) -> LoadCheckpoint:
    held = contents(stored, container)
    return planned_load(state_dict_diff(entries(model, dtype), keys_of_container(held, container)), held, container, **how)


def goes(plan: LoadCheckpoint) -> dict[str, str]:
    """The checkpoint's key by the model's."""
    return {key: tensor.key for key, tensor in zip(plan.keys, plan.contents.tensors, strict=True)}


def left(plan: LoadCheckpoint) -> dict[str, str]:
    return {each.key: each.status for each in plan.left_out}


def test_that_what_is_the_same_goes_to_its_own_key() -> None:
    plan = planned(MODEL, MODEL)
    assert goes(plan) == {key: key for key in MODEL}
    assert plan.left_out == ()


def test_that_the_request_holds_what_the_file_was_and_nothing_that_is_not_loaded() -> None:
    plan = planned(MODEL, {**MODEL, "other": (1,)})
    assert plan.contents.stamps == (FileStamp("", 100, 5, 7),)
    assert [tensor.key for tensor in plan.contents.tensors] == list(MODEL)
    assert (plan.contents.values, plan.contents.globals, plan.contents.about) == ((), (), ())
    assert left(plan) == {"other": UNEXPECTED}


def test_that_a_worker_elsewhere_is_not_told_what_the_file_was_here() -> None:
    assert planned(MODEL, MODEL, elsewhere=True).contents.stamps == ()
    assert planned(MODEL, MODEL, elsewhere=True).keys == tuple(MODEL)


@pytest.mark.parametrize("prefix", ["module.", "model.encoder.", "_orig_mod."])
def test_that_a_prefix_is_seen_through(prefix: str) -> None:
    plan = planned(MODEL, {prefix + key: shape for key, shape in MODEL.items()})
    assert goes(plan) == {key: prefix + key for key in MODEL}


def test_that_only_tensors_of_the_container_are_taken() -> None:
    held = contents(MODEL, "ema")
    both = CheckpointContents("/a.pt", "torch zip", 1, 1, (*contents(MODEL, "model").tensors, *held.tensors))
    diff = state_dict_diff(entries(MODEL), keys_of_container(both, "ema"))
    plan = planned_load(diff, both, "ema")
    assert {tensor.container for tensor in plan.contents.tensors} == {"ema"}
    assert plan.container == "ema"


def test_that_another_dtype_is_loaded() -> None:
    assert goes(planned(MODEL, MODEL, dtype="bfloat16")) == {key: key for key in MODEL}


def test_that_another_shape_is_left_out_and_both_are_named() -> None:
    plan = planned(MODEL, {**MODEL, "fc2.bias": (5,)})
    (out,) = plan.left_out
    assert out == LoadedKey("fc2.bias", "shape", "fc2.bias", "shape differs: [5] in the checkpoint, [3] in the model")


def test_that_what_is_missing_is_said() -> None:
    plan = planned(MODEL, {key: shape for key, shape in MODEL.items() if key != "fc2.bias"})
    assert plan.left_out == (LoadedKey("fc2.bias", MISSING, "", "missing in the checkpoint"),)


def test_that_a_transposed_matrix_is_left_out_unless_that_is_wanted() -> None:
    stored = {**MODEL, "fc1.weight": (4, 8)}
    assert left(planned(MODEL, stored)) == {"fc1.weight": "transposed"}
    plan = planned(MODEL, stored, convert=True)
    turned = plan.contents.tensors[plan.keys.index("fc1.weight")]
    assert (turned.shape, turned.strides) == ((8, 4), (4, 1))
    assert [(part.shape, part.strides) for part in turned.parts] == [((8, 4), (1, 8))]
    assert plan.how == {"fc1.weight": "transposed"}
    assert plan.left_out == ()


@pytest.mark.parametrize(("confidence", "is_loaded"), [(1.0, True), (SURE, True), (0.5, False), (0.0, False)])
def test_that_a_pair_is_loaded_only_when_it_is_sure(confidence: float, is_loaded: bool) -> None:
    row = DiffRow("renamed", KeyEntry("a.w", (2,), "float32"), KeyEntry("b.w", (2,), "float32"), "prefix", confidence)
    plan = planned_load(StateDictDiff((row,), {}, {}, ()), contents({"b.w": (2,)}), "")
    assert goes(plan) == ({"a.w": "b.w"} if is_loaded else {})
    assert plan.left_out == (() if is_loaded else (LoadedKey("a.w", UNSURE, "b.w", "more than one place fits"),))


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("fused", "is several there, to be joined"),
        ("split", "is a part of a larger one: [6, 4]"),
        ("resized", "size differs: [6, 4]"),
    ],
)
def test_that_tensors_which_would_have_to_be_cut_are_left_out(status: str, reason: str) -> None:
    row = DiffRow(status, KeyEntry("q", (2, 4), "float32"), KeyEntry("qkv", (6, 4), "float32"), "", 1.0)
    plan = planned_load(StateDictDiff((row,), {}, {}, ()), contents({"qkv": (6, 4)}), "")
    assert left(plan) == {"q": status}
    assert plan.left_out[0].reason.startswith(reason)


def test_that_a_lazy_parameter_takes_whatever_shape_there_is() -> None:
    expected = (KeyEntry("fc.weight", (), UNINITIALIZED),)
    held = contents({"fc.weight": (8, 4)})
    plan = planned_load(state_dict_diff(expected, keys_of_container(held, "")), held, "")
    assert goes(plan) == {"fc.weight": "fc.weight"}


def test_that_a_diff_of_an_older_file_loads_nothing_of_another_shape() -> None:
    diff = state_dict_diff(entries(MODEL), entries(MODEL))
    plan = planned_load(diff, contents({**MODEL, "fc1.bias": (9,)}), "")
    assert left(plan) == {"fc1.bias": UNSURE}
    assert "fc1.bias" not in plan.keys


def test_that_nothing_in_common_leaves_everything_out() -> None:
    plan = planned(MODEL, {"x": (1,)})
    assert plan.keys == ()
    assert left(plan) == {**dict.fromkeys(MODEL, MISSING), "x": UNEXPECTED}


def test_that_tied_keys_count_as_loaded() -> None:
    keys = (LoadedKey("a", LOADED), LoadedKey("b", TIED), LoadedKey("c", MISSING), LoadedKey("d", UNEXPECTED))
    assert loaded_keys(LoadedCheckpoint("/a.pt", keys, True)) == ("a", "b")


@pytest.mark.parametrize(
    ("stored", "strict"),
    [
        (MODEL, True),
        ({f"module.{key}": shape for key, shape in MODEL.items()}, False),
        ({**MODEL, "more": (1,)}, False),
        ({"fc1.weight": (8, 4)}, False),
        ({**MODEL, "fc2.bias": (5,)}, False),
    ],
)
def test_that_strict_is_what_load_state_dict_would_take(stored: Shapes, strict: bool) -> None:
    assert is_strict(state_dict_diff(entries(MODEL), entries(stored))) is strict


def test_that_a_counter_of_batch_norm_may_be_missing_and_a_dtype_differ() -> None:
    model = {"bn.weight": (3,), "bn.running_mean": (3,), "bn.running_var": (3,), "bn.num_batches_tracked": ()}
    stored = {key: shape for key, shape in model.items() if not key.endswith("tracked")}
    assert is_strict(state_dict_diff(entries(model), entries(stored)))
    assert is_strict(state_dict_diff(entries(model), entries(model, "float64")))
