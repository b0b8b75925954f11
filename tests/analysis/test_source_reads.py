"""Which lines of a project read, empty and call what."""

import ast

import pytest

from torchloupe.analysis.registration.source_reads import SourceReads


def reads(text):
    return SourceReads([ast.parse(text)])


NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.norm = nn.LayerNorm(2)
        self.handed = nn.Linear(2, 2)
        self.listed = nn.Linear(2, 2)
        self.tied = nn.Linear(2, 2)
        self.both = nn.Sequential(self.handed)
        self.all = [self.listed]
        nn.init.zeros_(self.norm.weight)
        self._init_weights(self.tied)

    def forward(self, x):
        return self.first(x)
"""


@pytest.mark.parametrize("attribute", ["first", "handed", "listed"])
def test_that_what_a_method_calls_or_a_constructor_hands_on_is_read(attribute):
    assert reads(NET).reads(["Net"], attribute)


@pytest.mark.parametrize("attribute", ["norm", "tied", "both", "all"])
def test_that_what_only_the_constructor_makes_and_initialises_is_read_by_nobody(attribute):
    assert not reads(NET).reads(["Net"], attribute)


def test_that_one_class_does_not_read_for_another_but_its_parents_do():
    text = NET + "\n\nclass Other(nn.Module):\n    def forward(self, x):\n        return self.norm(x)\n"
    assert not reads(text).reads(["Net"], "norm")
    assert reads(text).reads(["Net", "Other"], "norm")


@pytest.mark.parametrize(
    "line",
    [
        "loss = model.norm(x)",
        "def step(model):\n    return model.encoder.norm",
        "class Trainer:\n    def run(self):\n        return self.model.norm",
        "part = getattr(model, 'norm')",
    ],
)
def test_that_any_other_line_that_names_the_attribute_of_an_object_reads_it(line):
    assert reads(f"{NET}\n\n{line}\n").reads(["Net"], "norm")


@pytest.mark.parametrize("line", ["y = torch.norm(x)", "y = F.norm(x)", "import norm", "norm = 3"])
def test_that_what_a_library_is_asked_for_is_no_attribute_of_a_model(line):
    assert not reads(f"{NET}\n\n{line}\n").reads(["Net"], "norm")


@pytest.mark.parametrize(
    "body",
    [
        "return getattr(self, f'layer{self.n}')(x)",
        "return self._modules[self.name](x)",
        "return [child(x) for child in self.children()]",
        "return vars(self)",
        "return getattr(self, 'norm')(x)",
        "return self['norm'](x)",
    ],
)
def test_that_a_class_that_looks_its_parts_up_by_name_may_read_them(body):
    assert reads(f"class Net(nn.Module):\n    def forward(self, x):\n        {body}\n").reads(["Net"], "norm")


def test_that_a_method_without_arguments_is_read_too():
    assert reads("class Net:\n    @staticmethod\n    def make():\n        return Net.norm\n").reads(["Net"], "norm")


@pytest.mark.parametrize("line", ["self.kept = []", "self.kept.clear()", "self.kept.pop()"])
def test_that_a_list_that_is_emptied_outside_of_the_constructor_is_known(line):
    assert reads(f"class Net:\n    def step(self):\n        {line}\n").empties("kept")


def test_that_a_list_that_only_grows_is_not_emptied():
    text = "class Net:\n    def __init__(self):\n        self.kept = []\n    def step(self):\n        self.kept.append(1)\n"
    assert not reads(text).empties("kept")


def test_that_a_list_that_another_file_empties_is_known():
    assert SourceReads([ast.parse(NET), ast.parse("model.kept.clear()")]).empties("kept")


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("self.part.forward(x)", True),
        ("part.forward(x)", True),
        ("super().forward(x)", False),
        ("model(x)", False),
        ("forward(x)", False),
    ],
)
def test_that_calls_of_forward_by_name_are_known(text, calls):
    assert reads(text).calls_forward is calls


def test_that_a_keyword_that_is_spelled_true_is_known_on_each_line_of_its_call():
    found = reads("y = dropout(\n    x,\n    training=True,\n)\nz = dropout(x, training=self.training)\n")
    assert [found.says_true(line, "training") for line in (1, 2, 3, 4, 5)] == [True, True, True, True, False]
    assert not found.says_true(1, "inplace")
    assert not found.says_true(None, "training")


def test_that_no_source_at_all_reads_nothing():
    assert not SourceReads([]).reads(["Net"], "norm")
