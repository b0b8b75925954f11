"""Arguments that are modules: which classes are offered, what they ask for, and modules made of their names."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from torchloupe.analysis.argument_starts import starts
from torchloupe.wire.arguments import DescribeArguments, SolveArguments, WantedTensor
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.arguments import constructor_of
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import open_target
from torchloupe.worker.solving import describe_arguments, solved_arguments
from torchloupe.worker.target import import_target

PARTS = '''
from torch import nn

def helper():
    return 1

class Inner(nn.Module):
    def __init__(self, size: int = 3):
        super().__init__()
        self.size = size

class Encoder(nn.Module):
    """Reads words."""

    def __init__(self, width: int, depth: int = 2, inner: nn.Module = None):
        super().__init__()
        self.layers = nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)))
        self.inner = inner

    def forward(self, x):
        return self.layers(x)
'''
SOURCE = """
from typing import Optional
from torch import nn
from parts import Encoder, helper

class Small(Encoder):
    def __init__(self):
        super().__init__(4)

class Reaches(nn.Module):
    def __init__(self):
        super().__init__()
        from torch import hub
        hub.load_state_dict_from_url("https://example.org/weights.pt")

class Net(nn.Module):
    def __init__(self, encoder: Encoder, head: Optional[nn.Module] = None, neck=None, norm_layer=None, width=None, classes: int = 4):
        super().__init__()
        self.encoder, self.head = encoder, head
        self.neck = neck or nn.Identity()
        self.norm = norm_layer(8) if norm_layer else None
        self.out = nn.Linear(width or 8, classes)

    def forward(self, x):
        return self.out(self.neck(self.encoder(x)))
"""


@pytest.fixture
def target(tmp_path):
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "compound.py").write_text(SOURCE)
    return import_target(f"{tmp_path / 'compound.py'}:Net")


@pytest.fixture
def made(target):
    """The model for JSON values."""
    return lambda **values: target.make(**constructor_of(target).keywords({"encoder": "Small", **values}))


@pytest.fixture
def fields(target):
    return {field.name: field for field in constructor_of(target).fields}


def test_that_modules_are_told_by_their_annotation_and_by_being_called_in_forward(fields):
    kinds = {name: field.kind for name, field in fields.items()}
    assert kinds == {
        "encoder": "module",
        "head": "module",
        "neck": "module",
        "norm_layer": "class",
        "width": "int",
        "classes": "int",
    }
    assert not fields["encoder"].has_default
    assert fields["head"].optional
    assert fields["head"].annotation


def test_that_an_argument_that_is_a_word_at_first_is_no_module(tmp_path):
    (tmp_path / "worded.py").write_text(
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self, act=None):\n        super().__init__()\n"
        "        if act == 'relu':\n            act = nn.ReLU()\n        self.act = act\n    def forward(self, x):\n"
        "        return self.act(x)\n"
    )
    target = import_target(f"{tmp_path / 'worded.py'}:Net")
    constructor = constructor_of(target)
    assert constructor.fields[0].kind == "str"
    assert isinstance(target.make(**constructor.keywords({"act": "relu"})).act, nn.ReLU)


def test_that_classes_of_the_project_and_layers_of_torch_are_offered(fields):
    assert fields["head"].choices[:3] == ("Encoder", "Small", "Reaches")
    assert "torch.nn.Linear" in fields["head"].choices
    assert "Net" not in fields["head"].choices
    assert "helper" not in fields["head"].choices


def test_that_only_classes_of_the_annotated_kind_are_offered(fields):
    assert fields["encoder"].choices == ("Encoder", "Small")


def test_that_a_module_is_made_of_a_name_or_of_a_name_with_keywords(made):
    model = made(head="torch.nn.ReLU", neck={"torch.nn.Linear": {"in_features": 8, "out_features": 3}})
    assert type(model.encoder).__name__ == "Small"
    assert isinstance(model.head, nn.ReLU)
    assert (model.neck.in_features, model.neck.out_features) == (8, 3)


def test_that_a_module_may_hold_another_one(made, target):
    import parts

    model = made(encoder={"Encoder": {"width": 5, "inner": {"Inner": {"size": 7}}}})
    assert isinstance(model.encoder.inner, parts.Inner)
    assert model.encoder.inner.size == 7
    assert len(model.encoder.layers) == 2


def test_that_none_stays_none_and_a_function_of_torch_is_as_good_as_a_module(made):
    assert made(head=None).head is None
    assert made(neck="torch.nn.functional.relu").neck is torch.nn.functional.relu


@pytest.mark.parametrize(
    ("argument", "value", "words"),
    [
        ("head", "os.system", "no class of Module"),
        ("head", {"os.system": {"command": "true"}}, "no class of Module"),
        ("head", {"torch.hub.load": {}}, "no class of Module"),
        ("head", {"torch.nn.functional.relu": {}}, "no class of Module"),
        ("head", {"helper": {}}, "no class of Module"),
        ("encoder", "torch.nn.ReLU", "no class of Encoder"),
        ("encoder", "torch.relu", "no class of Encoder"),
        ("encoder", {"Encoder": {"width": 2}, "Small": {}}, "no class of Encoder"),
        ("encoder", 3, "no class of Encoder"),
    ],
)
def test_that_nothing_but_modules_of_that_kind_is_made(made, argument, value, words):
    with pytest.raises(UsageError, match=words) as caught:
        made(**{argument: value})
    assert '{"Encoder": {"width": 64}}' in caught.value.hint


GUESSED = """
from torch import nn

def tiny():
    return nn.Linear(4, 4)

class Wraps(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, x):
        return self.encoder(x)

class Sub(Wraps):
    pass

class Net(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.got = encoder

class Looked(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.got = encoder
        if not isinstance(encoder, nn.Module):
            encoder = nn.Identity()
        self.encoder = encoder

    def forward(self, x):
        return self.encoder(x)
"""


@pytest.fixture
def guessed(tmp_path):
    """A class of the file by its name, and what its constructor is called with for a value of ``encoder``."""
    (tmp_path / "guessed.py").write_text(GUESSED)

    def guessed(name, value):
        constructor = constructor_of(import_target(f"{tmp_path / 'guessed.py'}:{name}"))
        return constructor.fields[0].kind, constructor.keywords({"encoder": value})["encoder"]

    return guessed


def test_that_another_class_with_such_an_argument_says_nothing_of_this_one(guessed):
    assert guessed("Wraps", None)[0] == guessed("Sub", None)[0] == guessed("Looked", None)[0] == "module"
    assert guessed("Net", "tiny") == ("other", "tiny")
    assert guessed("Net", 4) == ("other", 4)


@pytest.mark.parametrize("value", ["tiny", "resnet18", 4, 2.5, [1, 2], {"width": 4}, {"a": 1, "b": 2}, True, "os.system"])
def test_that_a_value_that_names_nothing_is_handed_on_where_no_annotation_asks_for_a_module(guessed, value):
    assert guessed("Looked", value) == ("module", value)


def test_that_a_value_that_names_a_class_is_made_one_where_a_module_is_only_guessed(guessed):
    assert isinstance(guessed("Looked", "torch.nn.ReLU")[1], nn.ReLU)
    assert guessed("Looked", {"torch.nn.Linear": {"in_features": 2, "out_features": 3}})[1].out_features == 3
    assert guessed("Looked", "torch.relu")[1] is torch.relu


def test_that_a_class_may_be_called_like_its_file(tmp_path):
    (tmp_path / "Tower.py").write_text(
        "from torch import nn\nclass Tower(nn.Module):\n    pass\n"
        "class Net(nn.Module):\n    def __init__(self, tower: nn.Module):\n        super().__init__()\n        self.tower = tower\n"
    )
    target = import_target(f"{tmp_path / 'Tower.py'}:Net")
    constructor = constructor_of(target)
    assert constructor.fields[0].choices[0] == "Tower"
    for name in ("Tower", "Tower.Tower"):
        assert type(constructor.keywords({"tower": name})["tower"]) is target.module.Tower


def test_that_a_class_that_goes_by_another_name_is_offered_only_where_it_is_found(tmp_path):
    (tmp_path / "aliased.py").write_text(
        "from torch import nn\nclass Real(nn.Module):\n    pass\nAlias = Real\nvars()['a.b'] = Real\n"
        "class Net(nn.Module):\n    def __init__(self, part: nn.Module):\n        super().__init__()\n"
    )
    (field,) = constructor_of(import_target(f"{tmp_path / 'aliased.py'}:Net")).fields
    assert field.choices[:3] == ("Real", "Alias", "torch.nn.Identity")


def test_that_an_argument_that_is_lacking_inside_is_named(made):
    with pytest.raises(UsageError, match=r"`encoder` cannot be made.*'width'") as caught:
        made(encoder="Encoder")
    assert "with its arguments" in caught.value.hint


def test_that_what_a_class_asks_for_is_described_by_its_name(context, target):
    form = describe_arguments(context, DescribeArguments(target.text, module_class="Encoder"))
    assert (form.name, form.summary) == ("Encoder", "Reads words.")
    assert [(field.name, field.kind, field.has_default) for field in form.fields] == [
        ("width", "int", False),
        ("depth", "int", True),
        ("inner", "module", True),
    ]
    assert "Inner" in form.fields[2].choices
    linear = describe_arguments(context, DescribeArguments(target.text, module_class="torch.nn.Linear"))
    assert [field.name for field in linear.fields][:3] == ["in_features", "out_features", "bias"]
    assert linear.target == target.text


def test_that_nothing_but_a_module_class_is_described(context, target):
    with pytest.raises(UsageError, match=r"os\.system"):
        describe_arguments(context, DescribeArguments(target.text, module_class="os.system"))


def test_that_the_model_is_opened_with_its_modules(context, target):
    opened = open_target(context, OpenTarget(target.text, {"encoder": {"Encoder": {"width": 8}}, "neck": "torch.nn.Tanh"}))
    classes = {module.path: module.class_name for module in opened.tree.modules}
    assert (classes["encoder"], classes["neck"], classes["encoder.layers.1"]) == ("Encoder", "Tanh", "Linear")
    assert opened.arguments["encoder"] == {"Encoder": {"width": 8}}


def test_that_a_module_is_built_without_data_when_the_model_is(context, target):
    opened = open_target(context, OpenTarget(target.text, {"encoder": {"Encoder": {"width": 8}}}, device="meta"))
    assert {entry.device for entry in opened.tree.parameters} == {"meta"}


def test_that_what_is_lacking_is_asked_for_in_the_form_in_which_it_is_given(context, target):
    with pytest.raises(CouldNotRun) as caught:
        open_target(context, OpenTarget(target.text))
    (problem,) = caught.value.problems
    assert """--args '{"encoder": {"Encoder": {...}}}'""" in problem.hint


def test_that_a_module_that_downloads_is_stopped_as_the_model_would_be(context, target):
    with pytest.raises(CouldNotRun) as caught:
        open_target(context, OpenTarget(target.text, {"encoder": "Small", "head": "Reaches"}))
    (problem,) = caught.value.problems
    assert problem.fixes[0].kind == "allow_downloads"
    assert "example.org" in problem.message


def test_that_other_arguments_are_worked_out_around_a_given_module(context, target):
    model = target.make(**constructor_of(target).keywords({"encoder": {"Encoder": {"width": 8}}, "classes": 11}))
    wanted = tuple(WantedTensor(key, tuple(value.shape)) for key, value in model.state_dict().items())
    solved = solved_arguments(context, SolveArguments(target.text, wanted, given={"encoder": {"Encoder": {"width": 8}}}))
    assert solved.exact
    assert solved.arguments["classes"] == 11
    assert solved.arguments["encoder"] == {"Encoder": {"width": 8}}


def test_that_a_value_that_does_not_suit_is_told_with_its_hint_when_others_are_worked_out(context, target):
    wanted = (WantedTensor("out.weight", (4, 8)),)
    with pytest.raises(UsageError, match="`Nope` is no class of Encoder") as caught:
        solved_arguments(context, SolveArguments(target.text, wanted, given={"encoder": "Nope"}))
    assert '{"Encoder": {"width": 64}}' in caught.value.hint


@pytest.mark.parametrize(
    ("stored", "taken"),
    [("Small", "Small"), ({"Encoder": {"width": 4}}, None), ("resnet18", None), ("os.system", None), (3, None)],
)
def test_that_a_file_names_only_classes_that_are_offered(target, stored, taken):
    fields = [field for field in constructor_of(target).fields if field.name == "head"]
    first = next(starts([replace(each, choices=("Small",)) for each in fields], {"head": stored}, {}))
    assert first.arguments.get("head") == taken
