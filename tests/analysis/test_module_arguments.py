"""Which arguments are modules though no annotation says so: told per class, by what it does with them."""

import pytest

from torchloupe.analysis.module_arguments import module_arguments

NET = """
class Net:
    def __init__(self, encoder, act=None, neck=None, norm_layer=None, width=8, kept=None):
        self.encoder = encoder
        self.act = act if act is not None else GELU()
        self.neck = neck or Identity()
        self.norm_layer = norm_layer
        self.width, self.kept = width, kept
        self.size = width
        made = Linear(width, 2)
        self.made = made
        self.make_layers(width)

    def make_layers(self, width):
        self.layers = [self.norm_layer(width) for _ in range(3)]

    def forward(self, x):
        return self.made(self.act(self.encoder(self.neck(x)))) * self.size
"""
OF_NET = {("Net", "encoder"), ("Net", "act"), ("Net", "neck")}


def beside_net(source):
    """What is found in this source, written below the class Net, beside what Net itself has."""
    found = module_arguments(NET + source)
    assert found >= OF_NET
    return found - OF_NET


def test_that_what_is_kept_and_called_once_it_is_built_is_a_module():
    assert module_arguments(NET) == OF_NET


def test_that_the_same_name_in_another_class_says_nothing():
    other = "\n\nclass Other:\n    def __init__(self, encoder):\n        self.fc = Linear(4, encoder)\n"
    assert beside_net(other) == set()


def test_that_a_name_read_of_a_configuration_is_no_argument():
    other = (
        "\n\nclass Other:\n    def __init__(self, config):\n        self.encoder = config.encoder\n"
        "    def forward(self, x):\n        return self.encoder(x)\n"
    )
    assert beside_net(other) == set()


@pytest.mark.parametrize(
    ("source", "also"),
    [
        ("def make(body):\n    return Net(body)\n", {("make", "body")}),
        ("def make(body, size):\n    return Net(encoder=body, width=size)\n", {("make", "body")}),
        (
            "def make(encoder, **kwargs):\n    return Net(encoder, **kwargs)\n",
            {(None, name) for name in ("encoder", "act", "neck")},
        ),
        ("def make(width):\n    body = Net(Linear(2, width))\n    return Net(body)\n", set()),
        ("class Sub(Net):\n    def __init__(self, body):\n        super().__init__(body)\n", {("Sub", "body")}),
        ("class Whole:\n    def __init__(self, body):\n        self.net = Net(body, 3)\n", {("Whole", "body")}),
        ("def make(body):\n    return Net(body)\ndef more(core):\n    return make(core)\n", {("make", "body"), ("more", "core")}),
        ("def make(body):\n    return nn.Net(body)\n", set()),
        ("class Sub(lib.Base):\n    def __init__(self, body):\n        super().__init__(body)\n", set()),
    ],
)
def test_that_what_is_handed_on_to_a_module_argument_is_one(source, also):
    assert beside_net(f"\n\n{source}") == {(maker or "make", name) for maker, name in also}


def test_that_a_method_is_not_taken_for_a_function_of_its_name():
    source = "class Sub:\n    def Net(self, body):\n        return body\n\ndef make(body):\n    return Net(body)\n"
    assert beside_net(f"\n\n{source}") == {("make", "body")}


def test_that_a_class_without_constructor_has_none():
    assert module_arguments("class A:\n    def forward(self, x):\n        return self.f(x)") == set()


@pytest.mark.parametrize("source", ["def (", "\0", ""])
def test_that_a_file_that_is_no_python_has_none(source):
    assert module_arguments(source) == set()
