"""What is exported under which names, and what is said about it."""

from collections.abc import Iterable
from typing import Any

import pytest

from torchloupe.analysis.key_renaming import (
    PlannedExport,
    Renaming,
    export_lines,
    mapping_in,
    planned_export,
)
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue
from torchloupe.wire.errors import UsageError


def contents(keys: Iterable[str], container: str = "", others: Iterable[str] = (), values: int = 0) -> CheckpointContents:
    tensors = [StoredTensor(key, (3, 2), "float32", 24, container) for key in keys]
    tensors += [StoredTensor(key, (3, 2), "float32", 24, "optimizer") for key in others]
    told = tuple(StoredValue(f"epoch{number}", "int", number) for number in range(values))
    return CheckpointContents("/m/a.pt", "torch zip", 100, 100, tuple(tensors), told)


WRAPPED = contents(["module.conv.weight", "module.conv.bias", "step"])


def names(plan: PlannedExport) -> list[str]:
    return [key for key, _ in plan.named]


def test_that_without_a_renaming_every_key_stays_in_file_order() -> None:
    plan = planned_export(WRAPPED)
    assert names(plan) == ["module.conv.weight", "module.conv.bias", "step"]
    assert [tensor for _, tensor in plan.named] == list(WRAPPED.tensors)
    assert plan.renamed == {}


@pytest.mark.parametrize("prefix", ["module", "module."])
def test_that_a_prefix_is_taken_away_where_it_stands(prefix: str) -> None:
    plan = planned_export(WRAPPED, renaming=Renaming(strip=prefix))
    assert names(plan) == ["conv.weight", "conv.bias", "step"]
    assert plan.renamed == {"module.conv.weight": "conv.weight", "module.conv.bias": "conv.bias"}


@pytest.mark.parametrize("prefix", ["net", "net."])
def test_that_a_prefix_is_put_before_every_key(prefix: str) -> None:
    assert names(planned_export(WRAPPED, renaming=Renaming(add=prefix)))[0] == "net.module.conv.weight"


def test_that_one_prefix_takes_the_place_of_another() -> None:
    plan = planned_export(WRAPPED, renaming=Renaming(strip="module", add="backbone"))
    assert names(plan) == ["backbone.conv.weight", "backbone.conv.bias", "backbone.step"]


def test_that_an_exact_name_is_taken_as_it_is() -> None:
    plan = planned_export(WRAPPED, renaming=Renaming({"step": "num_batches"}, strip="module", add="net"))
    assert names(plan) == ["net.conv.weight", "net.conv.bias", "num_batches"]


def test_that_two_keys_may_change_places() -> None:
    swapped = planned_export(contents(["a", "b"]), renaming=Renaming({"a": "b", "b": "a"}))
    assert names(swapped) == ["b", "a"]


def test_that_a_key_that_is_nothing_but_the_prefix_keeps_its_name() -> None:
    assert names(planned_export(contents(["module.", "module.a"]), renaming=Renaming(strip="module"))) == ["module.", "a"]


def test_that_two_tensors_under_one_name_are_refused_with_both_names() -> None:
    with pytest.raises(UsageError, match=r"module\.a and a would both be called a\."):
        planned_export(contents(["module.a", "a"]), renaming=Renaming(strip="module"))
    with pytest.raises(UsageError, match="a and b would both be called b"):
        planned_export(contents(["a", "b"]), renaming=Renaming({"a": "b"}))


def test_that_a_key_or_prefix_that_is_not_there_is_refused_and_those_that_are_there_are_named() -> None:
    with pytest.raises(UsageError, match="There is no key nix to rename") as refused:
        planned_export(WRAPPED, renaming=Renaming({"nix": "a"}))
    assert "module.conv.weight, module.conv.bias, step" in refused.value.hint
    with pytest.raises(UsageError, match=r"No key begins with mod\."):
        planned_export(WRAPPED, renaming=Renaming(strip="mod"))


def test_that_a_long_list_of_names_is_cut() -> None:
    with pytest.raises(UsageError) as refused:
        planned_export(contents(f"layer{number}" for number in range(9)), renaming=Renaming(strip="x"))
    assert refused.value.hint == "The keys are: layer0, layer1, layer2, layer3, layer4 and 4 more."


def test_that_the_state_dict_of_the_model_is_taken_unless_another_is_named() -> None:
    training = contents(["conv.weight", "conv.bias"], "model", others=["state.0.exp_avg"])
    assert planned_export(training).container == "model"
    assert names(planned_export(training)) == ["conv.weight", "conv.bias"]
    assert names(planned_export(training, "optimizer")) == ["state.0.exp_avg"]


def test_that_an_unknown_container_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(UsageError, match="There is no container 'ema' with tensors") as refused:
        planned_export(contents(["a"], "model", others=["b"]), "ema")
    assert refused.value.hint == "There are: model, optimizer."
    with pytest.raises(UsageError) as bare:
        planned_export(contents(["a"]), "ema")
    assert bare.value.hint == 'There are: "".'


def test_that_a_checkpoint_without_tensors_has_nothing_to_export() -> None:
    with pytest.raises(UsageError, match="holds no tensors"):
        planned_export(contents([]))


@pytest.mark.parametrize(
    "plain",
    [{"a": "b"}, {"mapping": {"a": "b"}}, {"schema": 1, "state_dict": {"rows": [], "mapping": {"a": "b"}, "counts": {}}}],
)
def test_that_a_mapping_is_found_in_what_diff_prints(plain: Any) -> None:
    assert mapping_in(plain) == {"a": "b"}


def test_that_keys_called_like_the_parts_of_a_report_are_keys() -> None:
    assert mapping_in({"mapping": "b", "state_dict": "c"}) == {"mapping": "b", "state_dict": "c"}


def test_that_tensors_that_would_be_joined_are_named_with_what_joins_them() -> None:
    with pytest.raises(UsageError, match="q and k would both be called qkv") as refused:
        planned_export(contents(["q", "k"]), renaming=Renaming({"q": "qkv", "k": "qkv"}))
    assert "diff MODEL FILE --export" in refused.value.hint


def test_that_a_tensor_that_would_be_cut_is_named_with_what_cuts_it() -> None:
    with pytest.raises(UsageError, match="qkv would become several tensors, and tensors are not cut here") as refused:
        mapping_in({"mapping": {"qkv": ["q", "k", "v"], "out": "proj"}})
    assert "diff MODEL FILE --export" in refused.value.hint


@pytest.mark.parametrize("plain", [[], "a", None, {"a": 1}, {"a": {"b": 1}}, {"state_dict": {"rows": []}}])
def test_that_what_maps_no_keys_is_refused(plain: Any) -> None:
    with pytest.raises(UsageError, match="maps no keys to keys"):
        mapping_in(plain)


def test_that_a_key_with_null_is_to_have_no_home() -> None:
    assert mapping_in({"a": "b", "c": None}) == {"a": "b", "c": ""}


def test_that_the_sentences_say_what_was_written_renamed_and_left_out() -> None:
    training = contents(["module.a", "module.b"], "model", others=["c"], values=2)
    plan = planned_export(training, renaming=Renaming(strip="module"))
    assert export_lines(plan, training, "b.pt", 48, shared=1) == [
        "Wrote 2 tensors of model, 48 B, bit for bit as they were, to b.pt.",
        "2 keys renamed, such as module.a to a.",
        "Still in the memory of another one: 1 tensor.",
        "Not in this state_dict and left out: 1 tensor and 2 other values.",
    ]


def test_that_what_did_not_happen_is_not_mentioned() -> None:
    plain = contents(["a"])
    assert export_lines(planned_export(plain), plain, "b.pt", 24) == ["Wrote 1 tensor, 24 B, bit for bit as they were, to b.pt."]
    (_, repeated) = export_lines(planned_export(plain), plain, "b.safetensors", 24, repeated=1)
    assert repeated == "No longer in the memory of another one, which safetensors does not have: 1 tensor."
