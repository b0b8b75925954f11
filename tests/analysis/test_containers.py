"""Which mapping of a checkpoint is the model's state_dict."""

import pytest

from torchloupe.analysis.containers import (
    OPTIMIZER,
    OTHER,
    STATE_DICT,
    containers_of,
    keys_of_container,
    keys_of_tree,
    model_container,
)
from torchloupe.analysis.state_dict_diff import KeyEntry
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.modules import ModuleTree, ParameterEntry

MODEL = {"conv.weight": (8, 3), "conv.bias": (8,), "bn.running_mean": (8,)}
ADAM = {f"state.{i}.{kind}": (8, 3) for i in range(3) for kind in ("step", "exp_avg", "exp_avg_sq")}


def checkpoint(**containers: dict[str, tuple[int, ...]]) -> CheckpointContents:
    """A file with these mappings; ``top`` stands for the file itself."""
    tensors = [
        StoredTensor(key, shape, "float32", 4, container="" if path == "top" else path.replace("__", "."))
        for path, held in containers.items()
        for key, shape in held.items()
    ]
    return CheckpointContents("ck.pt", "torch zip", 100, 100, tuple(tensors))


def expected(shapes: dict[str, tuple[int, ...]] = MODEL) -> list[KeyEntry]:
    return [KeyEntry(key, shape, "float32") for key, shape in shapes.items()]


def test_that_a_plain_state_dict_is_its_own_container() -> None:
    contents = checkpoint(top=MODEL)
    assert model_container(contents) == ""
    assert [(each.path, each.kind, each.tensor_count, each.bytes) for each in containers_of(contents)] == [
        ("", STATE_DICT, 3, 12)
    ]


def test_that_a_file_without_tensors_has_no_container() -> None:
    assert containers_of(checkpoint()) == ()
    assert model_container(checkpoint()) == ""
    assert model_container(checkpoint(), expected()) == ""


@pytest.mark.parametrize(
    "name", ["state_dict", "model_state_dict", "model", "module", "net", "generator", "params", "student", "weights"]
)
def test_that_the_model_is_told_from_its_optimizer(name: str) -> None:
    contents = checkpoint(**{"optimizer_state_dict": ADAM, name: MODEL})
    assert model_container(contents) == name
    assert {each.path: each.kind for each in containers_of(contents)} == {"optimizer_state_dict": OPTIMIZER, name: STATE_DICT}


@pytest.mark.parametrize("name", ["optimizer", "opt", "optim_states", "lr_schedulers", "grad_scaler"])
def test_that_an_optimizer_is_known_by_its_name(name: str) -> None:
    contents = checkpoint(**{name: {"a.weight": (2,), "b.weight": (2,), "c.weight": (2,), "d.weight": (2,)}, "model": MODEL})
    assert model_container(contents) == "model"


def test_that_an_optimizer_is_known_by_its_keys_whatever_its_name() -> None:
    assert {each.path: each.kind for each in containers_of(checkpoint(adam=ADAM))} == {"adam": OPTIMIZER}


@pytest.mark.parametrize("copy", ["ema", "model_ema", "state_dict_ema", "ema_state_dict"])
def test_that_an_averaged_copy_is_the_second_choice(copy: str) -> None:
    contents = checkpoint(**{copy: MODEL, "model": MODEL})
    assert model_container(contents) == "model"
    assert model_container(contents, expected()) == "model"


def test_that_the_copy_is_taken_when_only_it_fits_the_model() -> None:
    contents = checkpoint(model={"other.weight": (1,), "other.bias": (1,)}, ema=MODEL)
    assert model_container(contents, expected()) == "ema"


def test_that_the_mapping_most_like_the_model_wins_over_names_and_size() -> None:
    discriminator = {f"layers.{i}.weight": (4, 4) for i in range(30)}
    contents = checkpoint(state_dict=discriminator, generator=MODEL)
    assert model_container(contents) == "state_dict"
    assert model_container(contents, expected()) == "generator"


def test_that_likeness_sees_through_a_prefix() -> None:
    wrapped = {f"module.{key}": shape for key, shape in MODEL.items()}
    contents = checkpoint(state_dict={"a.weight": (1,), "b.weight": (2,)}, net_g=wrapped)
    assert model_container(contents, expected()) == "net_g"


def test_that_loose_tensors_beside_a_state_dict_do_not_count() -> None:
    contents = checkpoint(top={"rng_state": (5056,)}, model=MODEL)
    assert model_container(contents) == "model"


def test_that_a_tiny_mapping_with_a_good_name_loses_to_a_large_one() -> None:
    contents = checkpoint(model={"temperature.weight": ()}, backbone={f"layers.{i}.weight": (4, 4) for i in range(40)})
    assert model_container(contents) == "backbone"


def test_that_nested_mappings_go_by_their_last_name() -> None:
    contents = checkpoint(checkpoint__optimizer=ADAM, checkpoint__model=MODEL)
    assert model_container(contents) == "checkpoint.model"


def test_that_random_states_are_no_state_dict() -> None:
    contents = checkpoint(rng_states={"cpu": (5056,), "cuda": (16,)}, model=MODEL)
    assert {each.path: each.kind for each in containers_of(contents)}["rng_states"] == OTHER


def test_that_the_keys_of_a_container_keep_file_order() -> None:
    contents = checkpoint(optimizer=ADAM, model=MODEL)
    assert keys_of_container(contents, "model") == tuple(expected())
    assert keys_of_container(contents, "nowhere") == ()


def parameter(key: str, shape: tuple[int, ...] | None, persistent: bool = True, tied_to: tuple[str, ...] = ()) -> ParameterEntry:
    return ParameterEntry(key, key.rpartition(".")[0], "parameter", shape, "float32", "cpu", True, 1, 4, tied_to, persistent)


def test_that_the_keys_of_a_model_are_those_of_its_state_dict() -> None:
    entries = (
        parameter("embed.weight", (50, 4), tied_to=("head.weight",)),
        parameter("head.weight", (50, 4), tied_to=("embed.weight",)),
        parameter("mask", (4, 4), persistent=False),
        parameter("lazy.weight", None),
    )
    keys = keys_of_tree(ModuleTree((), entries))
    assert [entry.key for entry in keys] == ["embed.weight", "head.weight", "lazy.weight"]
    assert keys[0].tied_to == ("head.weight",)
    assert (keys[2].shape, keys[2].dtype) == ((), "uninitialized")
