"""Values of a file go into a model, in place, and every one of them is compared afterwards."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from torchloupe.analysis.containers import keys_of_container, keys_of_tree, model_container
from torchloupe.analysis.loading import planned_load
from torchloupe.analysis.loading_wording import loading_problems
from torchloupe.analysis.state_dict_diff import state_dict_diff
from torchloupe.checkpoints import read_contents
from torchloupe.wire.codec import decode, encode
from torchloupe.wire.errors import CheckpointError
from torchloupe.wire.loading import DIFFERS, LOADED, MISSING, REFUSED, TIED, UNEXPECTED
from torchloupe.wire.registration import RecogniseInitialisation
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker import loading
from torchloupe.worker.handlers import forward, initialisation, load, open_target
from torchloupe.worker.loading import check_files, load_checkpoint
from torchloupe.worker.module_tree import read_module_tree

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 5)
        self.bn = nn.BatchNorm1d(5)
        self.fc2 = nn.Linear(5, 3)

    def forward(self, x):
        {line}
        return self.fc2(self.bn(self.fc1(x)))


def example_inputs():
    return (torch.ones(2, 4),)
"""


def net():
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))


def filled(model):
    """The state_dict of another one of its kind, no value of which is a usual one."""
    return {
        key: torch.randn_like(value) if value.is_floating_point() else torch.full_like(value, 7)
        for key, value in model.state_dict().items()
    }


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(3)


@pytest.fixture
def plan(tmp_path):
    """What to ask for, to load a state_dict into a model: ``plan(model, state)``."""

    def plan(model, state, name="a.pt", tree=None, **how):
        path = tmp_path / name
        if name.endswith(".safetensors"):
            from safetensors.torch import save_file

            save_file(state, path)
        else:
            torch.save(state, path)
        contents = read_contents(path)
        expected = keys_of_tree(tree or read_module_tree(model))
        container = model_container(contents, expected)
        return planned_load(state_dict_diff(expected, keys_of_container(contents, container)), contents, container, **how)

    return plan


@pytest.fixture
def fill(plan, context):
    """Load a state_dict into a model: the answer."""

    def fill(model, state, **how):
        return load_checkpoint(model, plan(model, state, **how), context)

    return fill


@pytest.fixture
def opened(context, tmp_path):
    """Opens a small model, whose forward has one more line."""

    def opened(line="pass"):
        (tmp_path / "net.py").write_text(NET.format(line=line))
        open_target(context, OpenTarget(str(tmp_path / "net.py")))
        return context.state["open"]

    return opened


def statuses(answer):
    return {each.key: each.status for each in answer.keys}


def only(answer, status):
    return [each for each in answer.keys if each.status == status]


def same(model, state):
    return all(torch.equal(value, state[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", ["a.pt", "a.safetensors"])
def test_that_parameters_and_buffers_get_the_values_of_the_file(fill, name):
    model, state = net(), filled(net())
    answer = fill(model, state, name=name)
    assert same(model, state)
    assert set(statuses(answer).values()) == {LOADED}
    assert list(statuses(answer)) == list(model.state_dict())
    assert answer.verified
    assert answer.bytes == sum(value.numel() * value.element_size() for value in state.values())
    assert answer.tree is None


def test_that_they_are_loaded_in_place_and_what_learns_learns_still(fill):
    model = net()
    model[0].weight.requires_grad_(False)
    before = {key: (id(value), value.data_ptr(), value.requires_grad) for key, value in model.named_parameters()}
    model[2].weight.grad = torch.ones(3, 5)
    fill(model, filled(net()))
    assert before == {key: (id(value), value.data_ptr(), value.requires_grad) for key, value in model.named_parameters()}
    assert torch.equal(model[2].weight.grad, torch.ones(3, 5))
    assert all(value.is_leaf for value in model.parameters())


def test_that_keys_behind_a_prefix_in_a_training_checkpoint_are_found(fill):
    model, state = net(), filled(net())
    answer = fill(model, {"model": {f"module.{key}": value for key, value in state.items()}, "epoch": 3})
    assert same(model, state)
    assert (answer.container, answer.keys[0].found) == ("model", "module.0.weight")


def test_that_what_does_not_fit_is_not_touched(fill):
    model, state = net(), filled(net())
    before = {key: value.clone() for key, value in model.state_dict().items()}
    del state["0.bias"]
    state["2.bias"] = torch.ones(9)
    answer = fill(model, {**state, "extra": torch.ones(1)})
    expected = {**dict.fromkeys(model.state_dict(), LOADED), "0.bias": MISSING, "2.bias": "shape", "extra": UNEXPECTED}
    assert statuses(answer) == expected
    assert list(statuses(answer))[-1] == "extra"
    assert torch.equal(model[0].bias, before["0.bias"])
    assert torch.equal(model[2].bias, before["2.bias"])
    assert answer.verified


def test_that_a_matrix_is_turned_around_only_when_that_is_wanted(fill):
    model, state = net(), filled(net())
    stored = {**state, "0.weight": state["0.weight"].t().contiguous()}
    assert statuses(fill(model, stored))["0.weight"] == "transposed"
    fill(model, stored, convert=True)
    assert same(model, state)


def as_arrays(state, path):
    with path.open("wb") as file:
        np.savez_compressed(file, **{key: value.numpy() for key, value in state.items()})


FORMATS = {
    "torch before 1.6": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "numpy archive": as_arrays,
    "TorchScript": lambda state, path: torch.jit.script(like(state)).save(str(path)),
}


def like(state):
    model = net()
    model.load_state_dict(state)
    return model


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
@pytest.mark.parametrize("form", FORMATS)
def test_that_any_format_is_loaded_whose_values_can_be_shown(tmp_path, context, form):
    model, state = net(), filled(net())
    FORMATS[form](state, tmp_path / "a")
    contents = read_contents(tmp_path / "a")
    expected = keys_of_tree(read_module_tree(model))
    container = model_container(contents, expected)
    request = planned_load(state_dict_diff(expected, keys_of_container(contents, container)), contents, container)
    check_files(request.contents)
    answer = load_checkpoint(model, decode(encode(request)), context)
    assert contents.format == form
    assert answer.verified
    assert same(model, state)


# dtypes


@pytest.mark.parametrize(
    ("stored", "wanted", "changed"),
    [
        (torch.float64, torch.float32, 0),
        (torch.float32, torch.float16, 1),
        (torch.float32, torch.bfloat16, 2),
        (torch.bfloat16, torch.float32, 0),
        (torch.float32, torch.int64, 3),
        (torch.int64, torch.float32, 0),
        (torch.float32, torch.bool, 3),
        (torch.bool, torch.float32, 0),
        (torch.complex64, torch.float32, 0),
        (torch.float32, torch.complex64, 0),
        (torch.float32, torch.float8_e4m3fn, 2),
        (torch.float8_e4m3fn, torch.float32, 0),
    ],
)
def test_that_a_conversion_is_compared_and_says_how_many_values_it_changed(fill, stored, wanted, changed):
    # not in bool, float16, bfloat16, float8 or int: 1.0009765625 is in float16, 1.0001 in none of them
    values = torch.tensor([[0.0, 1.0, 1.0009765625], [2.0, 0.5, 1.0001]])
    values = values.to(stored)
    if wanted in (torch.int64, torch.bool):
        values = torch.tensor([[0.0, 1.0, 1.5], [0.0, 0.5, 1.25]]).to(stored)
    model = nn.Module()
    model.register_buffer("x", torch.zeros(2, 3).to(wanted))
    answer = fill(model, {"x": values})
    assert answer.verified
    assert torch.equal(model.x.float(), values.to(wanted).float())
    (key,) = answer.keys
    assert (key.stored, key.changed) == (str(stored).partition(".")[2], changed)


def test_that_nan_is_no_change_and_infinity_is_one(fill):
    model = nn.Module()
    model.register_buffer("x", torch.zeros(3, dtype=torch.float16))
    answer = fill(model, {"x": torch.tensor([float("nan"), 1e30, 2.0])})
    assert answer.keys[0].changed == 1
    assert answer.verified


def test_that_a_dtype_which_this_torch_has_not_is_refused(plan, context):
    model, state = net(), filled(net())
    request = plan(model, state)
    first, *others = request.contents.tensors
    request = replace(request, contents=replace(request.contents, tensors=(replace(first, dtype="float6_e2m3"), *others)))
    before = model[0].weight.clone()
    answer = load_checkpoint(model, request, context)
    (refused,) = only(answer, REFUSED)
    assert refused.key == "0.weight"
    assert refused.reason
    assert torch.equal(model[0].weight, before)


# what is odd in the file or in the model


def test_that_a_sparse_tensor_in_the_file_is_refused_with_a_sentence(fill):
    model, state = net(), filled(net())
    answer = fill(model, {**state, "0.weight": state["0.weight"].to_sparse()})
    (refused,) = only(answer, REFUSED)
    assert "do not lie in the file as one block" in refused.reason
    assert not refused.reason.endswith(".")


def test_that_a_sparse_tensor_in_the_model_is_refused(fill):
    model = nn.Module()
    model.register_buffer("x", torch.eye(3).to_sparse())
    (key,) = fill(model, {"x": torch.ones(3, 3)}).keys
    assert (key.status, key.reason) == (REFUSED, "it is quantized, sparse or nested in the model")


def test_that_a_buffer_which_repeats_its_memory_is_refused_untouched(fill):
    model = nn.Module()
    model.register_buffer("x", torch.zeros(1, 3).expand(2, 3))
    (key,) = fill(model, {"x": torch.ones(2, 3)}).keys
    assert key.status == REFUSED
    assert not model.x.any()


def test_that_what_is_not_contiguous_is_filled_in_its_own_order(fill):
    model = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
    state = filled(nn.Conv2d(3, 4, 3))
    stride = model.weight.stride()
    answer = fill(model, state)
    assert answer.verified
    assert same(model, state)
    assert model.weight.stride() == stride


def test_that_views_in_the_file_are_read_as_what_they_show(fill):
    model, state = net(), filled(net())
    wide = torch.randn(4, 10)
    answer = fill(model, {**state, "0.weight": wide.t()[::2]})
    assert answer.verified
    assert torch.equal(model[0].weight, wide.t()[::2])


def test_that_inference_tensors_and_scalars_and_empty_ones_are_loaded(fill):
    model = nn.Module()
    with torch.inference_mode():
        model.register_buffer("made", torch.zeros(2))
    model.register_buffer("scale", torch.tensor(0.0))
    model.register_buffer("none", torch.zeros(0, 4))
    answer = fill(model, {"made": torch.ones(2), "scale": torch.tensor(5.0), "none": torch.zeros(0, 4)})
    assert set(statuses(answer).values()) == {LOADED}
    assert (model.made.tolist(), float(model.scale)) == ([1, 1], 5)


def test_that_large_tensors_come_in_pieces(fill, monkeypatch):
    monkeypatch.setattr(loading, "PIECE", 7)
    model, state = net(), filled(net())
    assert fill(model, state).verified
    assert same(model, state)


# ties


def tied():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    return model


def test_that_a_tie_stays_and_its_other_key_counts_as_loaded(fill):
    model = tied()
    state = {key: value for key, value in filled(tied()).items() if key != "0.weight"}
    answer = fill(model, state)
    assert model[0].weight is model[1].weight
    assert torch.equal(model[0].weight, state["1.weight"])
    (key,) = only(answer, TIED)
    assert (key.key, key.reason) == ("0.weight", "tied to 1.weight")


def test_that_two_keys_with_one_value_are_both_verified(fill):
    state = filled(tied())
    state["1.weight"] = state["0.weight"]
    assert set(statuses(fill(tied(), state)).values()) == {LOADED}


def test_that_of_tied_keys_with_two_values_the_last_holds_as_in_load_state_dict(fill):
    model, state = tied(), filled(tied())
    state["0.weight"], state["1.weight"] = torch.ones(3, 3), torch.zeros(3, 3)
    answer = fill(model, state)
    other = tied()
    other.load_state_dict(state)
    assert torch.equal(model[0].weight, other[0].weight)
    (key,) = only(answer, DIFFERS)
    assert (key.key, answer.verified) == ("0.weight", False)
    assert key.reason == "it is tied to 1.weight, which the checkpoint has other values for"


def test_that_a_value_which_cannot_be_read_leaves_the_tie_to_the_other_key(fill):
    model, state = tied(), filled(tied())
    state["1.weight"] = state["1.weight"].to_sparse()
    answer = fill(model, state)
    assert statuses(answer)["0.weight"] == LOADED
    assert statuses(answer)["1.weight"] == REFUSED
    assert torch.equal(model[1].weight, state["0.weight"])


def test_that_memory_which_two_parameters_share_is_found_when_it_is_compared(fill):
    room = torch.zeros(6)
    model = nn.Module()
    model.a, model.b = nn.Parameter(room[:4]), nn.Parameter(room[2:])
    answer = fill(model, {"a": torch.ones(4), "b": torch.full((4,), 2.0)})
    assert not answer.verified
    assert "memory is that of another tensor" in only(answer, DIFFERS)[0].reason


def test_that_a_shared_module_is_loaded_once(fill):
    layer = nn.Linear(3, 3)
    model, state = nn.Sequential(layer, layer), filled(nn.Sequential(layer, layer))
    state["1.weight"], state["1.bias"] = state["0.weight"], state["0.bias"]
    assert set(statuses(fill(model, state)).values()) == {LOADED}


# lazy parameters, and those without data


def test_that_lazy_layers_get_the_shapes_of_the_file_and_run(fill):
    model = nn.Sequential(nn.LazyLinear(5), nn.LazyBatchNorm1d(), nn.Linear(5, 3))
    usual, state = net(), filled(net())
    usual.load_state_dict(state)
    answer = fill(model, state)
    assert answer.verified
    assert (type(model[0]), model[0].in_features, model[1].num_features) == (nn.Linear, 4, 5)
    assert {entry.key: entry.shape for entry in answer.tree.parameters}["0.weight"] == (5, 4)
    inputs = torch.randn(6, 4)
    for _ in range(2):
        assert torch.equal(model.train()(inputs), usual.train()(inputs))


@pytest.mark.parametrize(
    ("lazy", "usual"),
    [
        (lambda: nn.LazyConv2d(4, 3, groups=2), lambda: nn.Conv2d(6, 4, 3, groups=2)),
        (lambda: nn.LazyConvTranspose2d(4, 3), lambda: nn.ConvTranspose2d(6, 4, 3)),
    ],
)
def test_that_lazy_convolutions_know_their_channels_afterwards(fill, lazy, usual):
    model = nn.Sequential(lazy())
    fill(model, filled(nn.Sequential(usual())))
    assert model[0].in_channels == 6
    assert str(model[0]) == str(usual())


def test_that_a_lazy_layer_stays_lazy_when_the_file_has_only_a_part_of_it(fill):
    model = nn.Sequential(nn.LazyLinear(5))
    answer = fill(model, {"0.weight": torch.ones(5, 4)})
    assert statuses(answer) == {"0.weight": REFUSED, "0.bias": MISSING}
    assert answer.keys[0].reason == "its layer is lazy, and not all of it is in the checkpoint"
    assert answer.keys[1].reason == "it has no data"
    assert model(torch.ones(2, 4)).shape == (2, 5)


def test_that_a_model_without_data_gets_some_and_keeps_its_ties(fill):
    with torch.device("meta"):
        model = tied()
    model[0].bias.requires_grad_(False)
    state = filled(tied())
    state["1.weight"] = state["0.weight"]
    answer = fill(model, state)
    assert answer.verified
    assert same(model, state)
    assert model[0].weight is model[1].weight
    assert [value.requires_grad for value in model.parameters()] == [True, False, True]
    assert {entry.device for entry in answer.tree.parameters} == {"cpu"}


def test_that_what_stays_without_data_is_named(fill):
    with torch.device("meta"):
        model = nn.Linear(3, 3)
    answer = fill(model, {"weight": torch.ones(3, 3)})
    assert answer.keys[1].reason == "it has no data"


# the open model


def test_that_runs_use_the_loaded_values_and_restore_them(opened, plan, context):
    model, state = opened().model, filled(opened().model)
    model = context.state["open"].model
    load(context, plan(model, state))
    report = forward(context, RunForward())
    assert report.problems == ()
    assert report.state_restored
    assert same(model, state)
    model.load_state_dict(state)
    expected = model(torch.ones(2, 4)).detach().mean()
    assert context.calls[0].stats[0].mean == pytest.approx(float(expected), rel=1e-5)


def test_that_a_model_which_a_run_spoils_is_made_anew_with_the_loaded_values(opened, plan, context):
    held = opened("self.fc1.weight = nn.Parameter(self.fc1.weight * 2)")
    state = filled(held.model)
    load(context, plan(held.model, state))
    before = held.model
    context.state["spoiled"] = True
    forward(context, RunForward())
    assert context.state["open"].model is not before
    assert same(context.state["open"].model, state)


def test_that_a_cancelled_load_leaves_the_model_as_it_was_constructed(opened, plan, context):
    held = opened()
    constructed = {key: value.clone() for key, value in held.model.state_dict().items()}
    request = plan(held.model, filled(held.model))
    context.stop_after = 0
    with pytest.raises(KeyboardInterrupt):
        load(context, request)
    context.stop_after = None
    forward(context, RunForward())
    assert same(context.state["open"].model, constructed)
    assert context.state["open"].loaded is None


def test_that_a_second_load_that_is_cancelled_leaves_the_first(opened, plan, context, monkeypatch):
    held = opened()
    state = filled(held.model)
    load(context, plan(held.model, state))
    other = plan(held.model, filled(held.model), name="b.pt")
    context.stop_after = 0
    with pytest.raises(KeyboardInterrupt):
        load(context, other)
    context.stop_after = None
    forward(context, RunForward())
    assert same(context.state["open"].model, state)


def test_that_a_second_file_is_loaded_into_the_model_as_it_was_constructed(opened, plan, context):
    held = opened()
    constructed = held.model.fc2.weight.clone()
    load(context, plan(held.model, filled(held.model)))
    state = {key: value for key, value in filled(held.model).items() if key != "fc2.weight"}
    load(context, plan(held.model, state, name="b.pt"))
    model = context.state["open"].model
    assert torch.equal(model.fc2.weight, constructed)
    assert torch.equal(model.fc1.weight, state["fc1.weight"])


def test_that_the_initialisation_says_loaded_and_what_the_values_look_like(opened, plan, context):
    held = opened()
    state = {key: torch.zeros_like(value) for key, value in held.model.state_dict().items() if key != "bn.weight"}
    load(context, plan(held.model, state))
    found = {each.key: each.name for each in initialisation(context, RecogniseInitialisation()).found}
    assert found["fc1.weight"] == "loaded, zeros"
    assert found["bn.weight"] == "ones"


def test_that_a_file_which_was_written_anew_is_refused_before_anything_is_touched(opened, plan, context):
    held = opened()
    constructed = {key: value.clone() for key, value in held.model.state_dict().items()}
    request = plan(held.model, filled(held.model))
    torch.save({"other": torch.ones(1)}, request.contents.path)
    with pytest.raises(CheckpointError, match="has changed since it was opened") as caught:
        load(context, request)
    assert caught.value.hint == "Open the checkpoint again."
    assert same(held.model, constructed)
    assert not context.state.get("spoiled")


def test_that_a_file_which_is_gone_is_refused(plan):
    request = plan(net(), filled(net()))
    os.unlink(request.contents.path)
    with pytest.raises(CheckpointError):
        check_files(request.contents)


def test_that_a_worker_elsewhere_reads_its_own_copy(plan, context):
    model, state = net(), filled(net())
    stored = {**state, "0.weight": state["0.weight"].t().contiguous()}
    request = plan(model, stored, convert=True, elsewhere=True)
    other = {key: value + 1 for key, value in stored.items()}
    torch.save(other, request.contents.path)  # other values, other time: the copy of that machine
    check_files(request.contents)
    assert load_checkpoint(model, request, context).verified
    assert torch.equal(model[2].bias, state["2.bias"] + 1)


@pytest.mark.parametrize("there", ["nothing", "other tensors", "no checkpoint"])
def test_that_a_worker_elsewhere_without_the_file_says_what_to_do(plan, there):
    request = plan(net(), filled(net()), elsewhere=True)
    os.unlink(request.contents.path)
    if there == "other tensors":
        torch.save({"0.weight": torch.ones(5, 4), "more": torch.ones(1)}, request.contents.path)
    elif there == "no checkpoint":
        Path(request.contents.path).write_text("nothing to see")
    with pytest.raises(CheckpointError, match="Where the worker runs") as caught:
        check_files(request.contents)
    assert "copy the checkpoint there, under the same path" in caught.value.hint


def test_that_a_file_which_goes_bad_in_the_middle_fails_the_whole_load(opened, plan, context, monkeypatch):
    held = opened()
    constructed = {key: value.clone() for key, value in held.model.state_dict().items()}
    request = plan(held.model, filled(held.model))

    def cut(self, *_arguments):
        yield memoryview(bytearray(4))
        raise CheckpointError("It ends here.")

    monkeypatch.setattr(loading.TensorBytes, "chunks", cut)
    with pytest.raises(CheckpointError, match="It ends here"):
        load(context, request)
    monkeypatch.undo()
    forward(context, RunForward())
    assert same(context.state["open"].model, constructed)


def test_that_what_was_loaded_cannot_come_back_when_its_file_is_gone(opened, plan, context):
    held = opened()
    request = plan(held.model, filled(held.model))
    load(context, request)
    Path(request.contents.path).unlink()
    context.state["spoiled"] = True
    for _ in range(2):  # never silently with other values
        with pytest.raises(CheckpointError):
            forward(context, RunForward())


def test_that_another_model_begins_without(opened, plan, context):
    held = opened()
    load(context, plan(held.model, filled(held.model)))
    assert opened().loaded is None


def test_that_values_which_the_dtype_of_the_model_cannot_hold_are_counted(fill):
    model, state = net().half(), filled(net())
    state["0.weight"].view(-1)[:3] = torch.tensor([1e9, 1e-30, float("inf")])
    state["0.bias"].fill_(0.1)
    answer = fill(model, state)
    lost = {each.key: each.lost for each in answer.keys}
    assert (lost["0.weight"], lost["0.bias"], lost["1.num_batches_tracked"]) == (2, 0, 0)
    (problem,) = [each for each in loading_problems(answer) if each.code == "checkpoint-dtype"]
    assert problem.message.startswith("2 values became infinite or zero: 0.weight is float32 in the checkpoint")
    assert problem.severity == "warning"


def test_that_a_fused_tensor_is_filled_from_its_parts_and_a_part_from_its_whole(fill):
    parts = nn.ModuleDict({"attn": nn.ModuleDict({f"{part}_proj": nn.Linear(6, 6) for part in "qkv"})})
    whole = nn.ModuleDict({"attn": nn.ModuleDict({"qkv": nn.Linear(6, 18)})})
    state = filled(parts)
    joined = {f"attn.qkv.{kind}": torch.cat([state[f"attn.{part}_proj.{kind}"] for part in "qkv"]) for kind in ("weight", "bias")}
    answer = fill(whole, state, convert=True)
    assert same(whole, joined)
    assert {each.reason for each in answer.keys} == {"joined"}
    assert answer.keys[0].found == "attn.q_proj.weight + attn.k_proj.weight + attn.v_proj.weight"
    other = fill(parts, joined, convert=True)
    assert same(parts, state)
    assert other.verified
    assert {each.reason for each in other.keys} == {"cut out"}


def test_that_parts_along_columns_are_joined_and_compared(fill):
    model = nn.ModuleDict({"attn": nn.ModuleDict({"kv": nn.Linear(4, 6, bias=False)})})
    parts = {f"attn.{part}.weight": torch.randn(6, 2) for part in ("key", "value")}
    answer = fill(model, parts, convert=True)
    assert answer.verified
    assert torch.equal(model["attn"]["kv"].weight, torch.cat(list(parts.values()), 1))


def test_that_a_convolution_of_keras_is_permuted(fill):
    model = nn.Sequential(nn.Conv2d(3, 7, 5), nn.Linear(7, 4))
    state = filled(model)
    stored = {**state, "0.weight": state["0.weight"].permute(2, 3, 1, 0).contiguous()}
    fill(model, stored, convert=True)
    assert same(model, state)
