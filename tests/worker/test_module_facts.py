"""What a module says of itself: hooks, parametrizations, laziness, places."""

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from torchloupe.worker.class_places import forward_place
from torchloupe.worker.module_tree import read_module_tree


def facts_of(module, path="0"):
    return {each.path: each for each in read_module_tree(nn.Sequential(module)).modules}[path]


def nothing(*_given):
    return None


@pytest.mark.parametrize(
    ("attach", "kind"),
    [
        ("register_forward_hook", "forward"),
        ("register_forward_pre_hook", "forward pre"),
        ("register_full_backward_hook", "backward"),
        ("register_full_backward_pre_hook", "backward pre"),
        ("_register_state_dict_hook", "state_dict"),
        ("register_state_dict_pre_hook", "state_dict pre"),
        ("_register_load_state_dict_pre_hook", "load_state_dict pre"),
        ("register_load_state_dict_post_hook", "load_state_dict"),
    ],
)
def test_that_each_kind_of_hook_is_named(attach, kind):
    layer = nn.Linear(2, 2)
    handle = getattr(layer, attach)(nothing)
    assert facts_of(layer).hooks == (kind,)
    handle.remove()
    assert facts_of(layer).hooks == ()


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
@pytest.mark.parametrize(
    "change",
    [
        nn.utils.weight_norm,
        nn.utils.spectral_norm,
        nn.utils.parametrizations.weight_norm,
        nn.utils.parametrizations.spectral_norm,
        nn.utils.parametrizations.orthogonal,
        lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
    ],
)
def test_that_a_tensor_computed_from_others_is_named_and_its_hooks_are_not(change):
    facts = facts_of(change(nn.Linear(4, 4)))
    assert facts.parametrized == ("weight",)
    assert facts.hooks == ()


def test_that_all_parametrized_tensors_are_named():
    layer = nn.Linear(2, 2)
    for name in ("weight", "bias"):
        nn.utils.parametrize.register_parametrization(layer, name, nn.Identity())
    assert facts_of(layer).parametrized == ("weight", "bias")


def test_that_a_child_that_is_only_called_parametrizations_is_none():
    module = nn.Module()
    module.parametrizations = nn.ModuleDict({"weight": nn.Linear(1, 1)})
    assert facts_of(module).parametrized == ()


def test_that_the_own_hooks_of_a_lazy_layer_are_told_as_laziness():
    facts = facts_of(nn.LazyLinear(3))
    assert (facts.is_lazy, facts.hooks) == (True, ())
    assert facts_of(nn.Linear(3, 3)).is_lazy is False


def test_that_a_hook_of_the_users_on_a_lazy_layer_is_told():
    layer = nn.LazyLinear(3)
    layer.register_forward_pre_hook(nothing)
    assert facts_of(layer).hooks == ("forward pre",)


def test_that_a_module_without_its_constructor_is_listed():
    class Bare(nn.Module):
        def __init__(self):
            pass

    facts = facts_of(Bare())
    assert (facts.class_name, facts.hooks, facts.parametrized, facts.training, facts.total_numel) == ("Bare", (), (), True, 0)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.* is deprecated")
def test_that_a_scripted_part_is_listed_with_its_tensors():
    facts = facts_of(torch.jit.script(nn.Sequential(nn.Linear(2, 3))))
    assert (facts.total_numel, facts.hooks, facts.forward_file) == (9, (), None)


class Walker(nn.Module):
    @torch.no_grad()
    def forward(self, x):
        return x


def test_that_the_line_of_forward_is_known_for_every_class():
    file, line = forward_place(Walker)
    assert (file, line) == (__file__, Walker.forward.__wrapped__.__code__.co_firstlineno)
    assert forward_place(nn.Linear)[0].endswith("linear.py")
    assert (facts_of(Walker()).forward_file, facts_of(Walker()).forward_line) == (file, line)


def test_that_a_container_has_no_forward():
    assert forward_place(nn.ModuleList) is None


def test_that_overridden_walks_of_the_model_do_not_matter():
    class Closed(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def named_modules(self, *_given, **_more):
            raise RuntimeError("no")

        named_parameters = parameters = named_children = children = buffers = state_dict = named_modules

    assert facts_of(Closed()).total_numel == 6
    assert facts_of(Closed(), "0.fc").numel == 6


def test_that_a_module_that_hides_its_dict_is_read_all_the_same():
    closed = []

    class Private(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def __getattribute__(self, name):
            if name == "__dict__" and closed:
                raise RuntimeError("no")
            return super().__getattribute__(name)

    model = nn.Sequential(Private())
    closed.append(True)
    assert read_module_tree(model).modules[1].total_numel == 6


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(2, 2)
        self.blocks = nn.ModuleList([Walker() for _ in range(3)])
        self.head = nn.Sequential(
            nn.Linear(2, 2),
            nn.Sequential(nn.ReLU()),
        )


def test_that_every_module_says_where_it_is_assigned():
    start = Net.__init__.__code__.co_firstlineno
    found = {each.path: (each.defined_file, each.defined_line) for each in read_module_tree(Net()).modules}
    assert found == {
        "": (None, None),
        "stem": (__file__, start + 2),
        **dict.fromkeys(("blocks", "blocks.0", "blocks.1", "blocks.2"), (__file__, start + 3)),
        "head": (__file__, start + 4),
        "head.0": (__file__, start + 5),
        "head.1": (__file__, start + 6),
        "head.1.0": (__file__, start + 6),
    }
