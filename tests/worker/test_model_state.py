"""After a run the model and the process are what they were, bit for bit."""

import random
from collections import Counter, OrderedDict, deque

import numpy as np
import pytest
import torch
from torch import nn

from torchloupe.worker import model_state
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.tensor_values import fingerprint, same_bits
from torchloupe.worker.walked import Walked


class Busy(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.fc = nn.Linear(4, 2)
        self.plain = torch.zeros(3)
        self.history, self.seen, self.recent, self.table = [], set(), deque(), {}
        self.steps = 0

    def forward(self, x):
        self.steps += 1
        self.plain += 1
        self.history.append(x)
        self.seen.add(self.steps)
        self.recent.append(1)
        self.table["x"] = x
        self.born = nn.Linear(2, 2)
        return self.fc(self.norm(x))


def bits(model):
    return {key: value.clone() for key, value in model.state_dict().items()}


def test_that_buffers_attributes_and_containers_are_put_back():
    model = Busy()
    before, state = bits(model), ModelState(model)
    model(torch.randn(8, 4))
    assert state.restore() == []
    assert all(same_bits(value, before[key]) for key, value in model.state_dict().items())
    assert model.state_dict().keys() == before.keys()
    assert (model.steps, model.history, model.seen, list(model.recent), model.table) == (0, [], set(), [], {})
    assert torch.equal(model.plain, torch.zeros(3))
    assert not hasattr(model, "born")


def test_that_modes_hooks_and_requires_grad_are_put_back():
    model = Busy()
    state = ModelState(model)
    model.eval()
    model.fc.register_forward_hook(lambda *_: None)
    model.fc.weight.requires_grad_(False)
    torch.set_grad_enabled(False)
    state.restore()
    assert model.training
    assert model.norm.training
    assert not model.fc._forward_hooks
    assert model.fc.weight.requires_grad
    assert torch.is_grad_enabled()


def test_that_gradients_are_put_back_present_or_absent():
    model = Busy()
    model.fc.weight.grad = torch.ones(2, 4)
    state = ModelState(model)
    model(torch.randn(8, 4)).sum().backward()
    assert model.norm.weight.grad is not None
    state.restore()
    assert torch.equal(model.fc.weight.grad, torch.ones(2, 4))
    assert model.norm.weight.grad is None


def test_that_random_number_generators_are_put_back():
    state = ModelState(nn.Linear(1, 1))
    first = (torch.rand(1).item(), random.random(), np.random.rand())
    state.restore()
    assert (torch.rand(1).item(), random.random(), np.random.rand()) == first


def test_that_a_parameter_of_a_small_model_is_restored_even_through_data():
    model = Busy()
    before, state = model.fc.weight.detach().clone(), ModelState(model)
    model.fc.weight.data.add_(1)
    model.fc.bias.data = torch.ones(2)
    assert state.restore() == []
    assert torch.equal(model.fc.weight, before)


def test_that_a_changed_parameter_of_a_large_model_is_named(monkeypatch):
    monkeypatch.setattr(model_state, "COPY_LIMIT_BYTES", 0)
    model = Busy()
    state = ModelState(model)
    model.fc.weight.data[0, 0] += 1
    model.plain += 5
    assert state.restore() == ["fc.weight"]
    assert torch.equal(model.plain, torch.zeros(3))


def test_that_tensors_without_memory_do_not_stop_anything():
    model = nn.Linear(3, 3, device="meta")
    assert fingerprint(model.weight) is None
    assert ModelState(model).restore() == []


def test_that_lazy_parameters_are_left_alone():
    assert ModelState(nn.LazyLinear(3)).restore() == []


class Hiding(nn.Module):
    """Keeps a norm, a module in it that hides another, and a tensor where PyTorch does not see them."""

    def __init__(self):
        super().__init__()
        self.norms = [nn.BatchNorm1d(2)]
        self.counts = {"calls": torch.zeros(1)}

    def forward(self, x):
        self.counts["calls"].add_(1)
        return self.norms[0](x)


def test_that_hidden_modules_and_tensors_are_put_back():
    model = Hiding()
    state = ModelState(model)
    model(torch.randn(3, 2))
    model.norms[0].eval()
    with torch.no_grad():
        model.norms[0].weight.fill_(9)
    assert state.restore() == []
    assert (float(model.counts["calls"]), int(model.norms[0].num_batches_tracked)) == (0.0, 0)
    assert model.norms[0].training
    assert model.norms[0].weight.tolist() == [1.0, 1.0]


class Several(nn.Module):
    """Small tensors of several kinds, a large one, a view, one with a gradient."""

    def __init__(self):
        super().__init__()
        self.small = nn.ModuleList(nn.Linear(3, 3) for _ in range(4))
        self.large = nn.Parameter(torch.rand(100, 100))
        self.register_buffer("count", torch.tensor(3))
        self.register_buffer("flags", torch.tensor([True, False]))
        self.register_buffer("short", torch.rand(3).half())
        self.register_buffer("turned", torch.rand(2, 3).t())
        self.register_buffer("part", torch.rand(6)[2:4])
        self.small[0].weight.grad = torch.ones(3, 3)


def freed(model):
    model.small[1].weight.untyped_storage().resize_(0)


def enlarged(model):
    model.small[1].weight.untyped_storage().resize_(4096)


def elsewhere(model):
    model.small[1].weight.data = model.small[1].weight.data.clone()


def in_half(model):
    model.small[1].weight.data = model.small[1].weight.data.half()


def of_another_shape(model):
    model.small[1].weight.data = model.small[1].weight.data.view(9)


def written_by_numpy(model):
    model.small[1].weight.detach().numpy()[0] = 7


def large_written(model):
    model.large.data.zero_()


def graph_in_a_buffer(model):
    model.short.add_(model.small[1].bias.half())


def of_each_kind(model):
    for name in ("count", "flags", "short", "turned", "part"):
        getattr(model, name).zero_()


def gradient_made(model):
    model.small[1].bias.grad = torch.ones(3)


def gradient_written(model):
    model.small[0].weight.grad.zero_()


CHANGES = [
    freed,
    enlarged,
    elsewhere,
    in_half,
    of_another_shape,
    written_by_numpy,
    large_written,
    graph_in_a_buffer,
    of_each_kind,
]
CHANGES += [gradient_made, gradient_written]


@pytest.mark.parametrize("change", CHANGES)
def test_that_tensors_are_where_they_were_and_what_they_were(change):
    model = Several()
    before, homes = bits(model), {key: each.data_ptr() for key, each in model.state_dict().items()}
    state = ModelState(model)
    change(model)
    assert state.restore() == []
    after = model.state_dict()
    assert all(same_bits(after[key], value) and after[key].dtype is value.dtype for key, value in before.items())
    if change not in (freed, enlarged):
        assert {key: each.data_ptr() for key, each in after.items()} == homes
    assert all(each.is_leaf for each in (*model.parameters(), *model.buffers()))
    assert not any(each.requires_grad for each in model.buffers())
    assert torch.equal(model.small[0].weight.grad, torch.ones(3, 3))
    assert model.small[1].bias.grad is None
    assert state.restore() == []


@pytest.mark.parametrize("change", [change for change in CHANGES if change not in (gradient_made, gradient_written)])
def test_that_it_says_which_tensors_had_changed(change):
    model = Several()
    state = ModelState(model)
    state.restore()
    assert (state.changed, state.had_changed) == ([], False)
    change(model)
    state.restore()
    assert state.changed
    assert state.had_changed
    state.restore()
    assert (state.changed, state.had_changed) == ([], False)


def test_that_modes_are_no_change():
    model = Several()
    state = ModelState(model)
    model.eval()
    state.restore()
    assert model.training
    assert not state.had_changed


def test_that_the_copies_are_the_values_from_before():
    model = Several()
    before, state = bits(model), ModelState(model)
    of_each_kind(model)
    copies = state.copies
    assert all(same_bits(copies[id(getattr(model, key))], before[key]) for key in ("count", "short", "turned", "part"))
    assert same_bits(copies[id(model.large)], before["large"])


class Listing(nn.Module):
    """Containers of all kinds, one of a class that cannot be read."""

    def __init__(self):
        super().__init__()
        self.counts = Counter(a=1)
        self.order = OrderedDict(a=1, b=2)
        self.order.move_to_end("a")
        self.nothing = None
        self.liar = Liar()


class Liar(dict):
    def items(self):
        raise RuntimeError("No.")


def test_that_containers_of_other_classes_keep_their_content_and_order():
    model = Listing()
    state = ModelState(model)
    model.counts["b"] += 1
    model.order.clear()
    state.restore()
    assert model.counts == {"a": 1}
    assert list(model.order) == ["b", "a"]
    assert state.had_changed


def test_that_an_attribute_with_another_name_is_a_change():
    model = Listing()
    names, state = list(vars(model)), ModelState(model)
    del model.liar
    del model.nothing
    model.other = None
    state.restore()
    assert list(vars(model)) == names


def test_that_hooks_that_were_added_or_taken_away_are_put_back():
    model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    kept = model[0].register_forward_hook(lambda *_: None)
    state = ModelState(model)
    kept.remove()
    model[1].register_forward_pre_hook(lambda *_: None)
    state.restore()
    assert (len(model[0]._forward_hooks), len(model[1]._forward_pre_hooks)) == (1, 0)


def test_that_a_walk_that_was_made_serves_and_open_files_are_known(tmp_path):
    model = Listing()
    with open(tmp_path / "run.log", "w") as log:
        model.log = log
        state = ModelState(model, walked=Walked(model))
        assert state.files == [log]
    model.extra = 1
    state.restore()
    assert not hasattr(model, "extra")


@pytest.mark.parametrize(
    ("own", "draw"),
    [
        (torch.Generator().manual_seed(3), lambda own: float(torch.rand((), generator=own))),
        (random.Random(3), lambda own: own.random()),
    ],
)
def test_that_dice_of_the_models_own_are_put_back(own, draw):
    model = nn.Linear(2, 2)
    model.dice = own
    state = ModelState(model)
    first = draw(own)
    state.restore()
    assert draw(own) == first


# undone on the way


def undo(copy, tensor):
    tensor.data.copy_(copy)
    return "done"


def changed_linear():
    model = nn.Linear(300, 300)
    state = ModelState(model, keep_all=True)
    before = model.weight.detach().clone()
    with torch.no_grad():
        model.weight += 1
    return model, state, before


def test_that_what_was_undone_on_the_way_is_not_written_again():
    model, state, before = changed_linear()
    assert state.undone(model.weight, undo) == "done"
    assert torch.equal(model.weight, before)
    assert state.restore() == []
    assert state.had_changed
    assert any(each is model.weight for each in state.changed)
    assert state.restore() == []
    assert not state.changed  # the second time it is looked at


def test_that_what_was_written_after_it_was_undone_is_put_back():
    model, state, before = changed_linear()
    state.undone(model.weight, undo)
    with torch.no_grad():
        model.weight += 1
    state.restore()
    assert torch.equal(model.weight, before)


def test_that_memory_that_moved_after_it_was_undone_is_put_back():
    model, state, before = changed_linear()
    state.undone(model.weight, undo)
    model.weight.data = torch.zeros(300, 300)
    state.restore()
    assert torch.equal(model.weight, before)


def test_that_what_shares_its_memory_or_is_a_part_of_another_is_left_to_the_end():
    model = nn.Linear(300, 300)
    model.twin = nn.Parameter(model.weight.data)
    model.part = nn.Parameter(torch.zeros(10)[2:4])
    state = ModelState(model, keep_all=True)
    never = []
    for each in (model.weight, model.twin, model.part):
        assert state.undone(each, lambda *_: never.append(1)) is None
    assert never == []
    assert state.undone(torch.zeros(3), undo) is None  # nobody saved that


def test_that_what_could_not_be_undone_is_put_back_in_the_end():
    model, state, before = changed_linear()
    assert state.undone(model.weight, lambda *_: None) is None
    state.restore()
    assert torch.equal(model.weight, before)
