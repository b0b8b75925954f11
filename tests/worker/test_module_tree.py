"""The module tree as the model is."""

import torch
from torch import nn

from torchloupe.worker.module_tree import read_module_tree, tensors_of, walk_modules


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(10, 4)
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4, bias=False))
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.tok.weight
        self.register_buffer("scale", torch.ones(3))
        self.register_buffer("cache", torch.ones(2), persistent=False)
        self.register_parameter("absent", None)


def entries(model):
    tree = read_module_tree(model)
    return {module.path: module for module in tree.modules}, {entry.key: entry for entry in tree.parameters}


def test_that_modules_come_parents_first_in_registration_order():
    paths = [module.path for module in read_module_tree(Tied()).modules]
    assert paths == ["", "tok", "body", "body.0", "body.1", "body.2", "head"]


def test_that_tied_weights_are_counted_once_and_name_each_other():
    modules, parameters = entries(Tied())
    assert modules[""].total_numel == 40 + 20 + 16
    assert modules["head"].total_numel == 40
    assert parameters["head.weight"].tied_to == ("tok.weight",)
    assert parameters["tok.weight"].tied_to == ("head.weight",)
    assert parameters["body.0.weight"].tied_to == ()


def test_that_totals_agree_with_torch_for_every_module():
    model = Tied()
    modules, _ = entries(model)
    for path, module in model.named_modules():
        assert modules[path].total_numel == sum(parameter.numel() for parameter in module.parameters())


def test_that_buffers_say_whether_the_state_dict_holds_them():
    _, parameters = entries(Tied())
    assert (parameters["scale"].kind, parameters["scale"].persistent) == ("buffer", True)
    assert parameters["cache"].persistent is False


def test_that_the_keys_are_those_of_the_state_dict():
    model = Tied()
    _, parameters = entries(model)
    assert {key for key, entry in parameters.items() if entry.persistent} == set(model.state_dict())


def test_that_shape_dtype_device_and_requires_grad_are_told():
    model = Tied().half()
    model.body[0].weight.requires_grad_(False)
    _, parameters = entries(model)
    entry = parameters["body.0.weight"]
    assert (entry.shape, entry.dtype, entry.device, entry.requires_grad) == ((4, 4), "float16", "cpu", False)
    assert (entry.owner, entry.numel, entry.bytes) == ("body.0", 16, 32)


def test_that_a_module_registered_twice_points_at_its_first_path():
    layer = nn.Linear(2, 2)
    modules, _ = entries(nn.Sequential(layer, layer))
    assert (modules["0"].same_as, modules["1"].same_as) == (None, "0")
    assert modules[""].total_numel == 6


def test_that_a_lazy_parameter_has_no_shape_yet():
    _, parameters = entries(nn.Sequential(nn.LazyLinear(3)))
    assert (parameters["0.weight"].shape, parameters["0.weight"].numel) == (None, 0)


def test_that_a_module_inside_itself_does_not_hang():
    model = nn.Sequential(nn.Linear(2, 2))
    model._modules["again"] = model
    assert [path for path, _ in walk_modules(model)] == ["", "0", "again"]


def test_that_user_classes_have_a_place_and_torch_classes_none():
    modules, _ = entries(Tied())
    assert modules[""].file == __file__
    assert modules[""].line == Tied.__init__.__code__.co_firstlineno - 1
    assert modules["head"].file is None


def test_that_settings_are_the_layers_own_words_and_never_raise():
    class Rude(nn.Module):
        def extra_repr(self):
            raise ValueError("no")

    class Wordy(nn.Module):
        def extra_repr(self):
            return "size=2, " * 200

    modules, _ = entries(nn.Sequential(nn.Linear(2, 3), Rude(), Wordy()))
    assert modules["0"].settings == "in_features=2, out_features=3, bias=True"
    assert modules["1"].settings == ""
    assert modules["2"].settings.endswith("...")


def test_that_training_mode_is_told_per_module():
    model = Tied().eval()
    model.body.train()
    modules, _ = entries(model)
    assert (modules[""].training, modules["body.1"].training) == (False, True)


def test_that_a_model_on_the_meta_device_is_listed_without_data():
    with torch.device("meta"):
        _, parameters = entries(nn.Linear(100_000, 100_000, bias=False))
    assert parameters["weight"].device == "meta"
    assert parameters["weight"].bytes == 4 * 10**10


def test_that_tensors_come_parameters_first_and_no_further_than_somebody_asks(monkeypatch):
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2))
    assert [id(tensor) for tensor in tensors_of(model)] == [id(each) for each in (*model.parameters(), *model.buffers())]
    walked = []

    def watched(root):
        for found in walk_modules(root):
            walked.append(found[0])
            yield found

    monkeypatch.setattr("torchloupe.worker.module_tree.walk_modules", watched)
    assert next(tensors_of(model)) is model[0].weight
    assert walked == ["", "0"]
