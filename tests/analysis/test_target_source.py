"""What a target file offers, read from its source."""

from textwrap import dedent

import pytest

from torchloupe.analysis.target_source import split_target, target_choices
from torchloupe.wire.requests import TargetChoice, TargetChoices

HEAD = "import torch\nimport torch.nn as nn\nfrom torch import nn as net\n"


def choices(source: str) -> TargetChoices:
    return target_choices(HEAD + dedent(source), "model.py")


def names(source: str) -> list[str]:
    return [choice.name for choice in choices(source).choices]


def only(source: str) -> TargetChoice:
    (choice,) = choices(source).choices
    return choice


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("model.py", ("model.py", None)),
        ("a/b.py:Net", ("a/b.py", "Net")),
        ("package.module:Net", ("package.module", "Net")),
        ("package.module", ("package.module", None)),
        ("a.py:Outer.Inner", ("a.py", "Outer.Inner")),
        ("C:\\code\\model.py", ("C:\\code\\model.py", None)),
        ("C:\\code\\model.py:Net", ("C:\\code\\model.py", "Net")),
        ("model.py:", ("model.py", None)),
    ],
)
def test_that_a_target_splits_into_place_and_name(text: str, parts: tuple[str, str | None]) -> None:
    assert split_target(text) == parts


@pytest.mark.parametrize(
    "base", ["nn.Module", "torch.nn.Module", "net.Module", "nn.Sequential", "torch.nn.Transformer", "nn.ModuleList"]
)
def test_that_a_class_of_a_torch_base_is_listed(base: str) -> None:
    assert only(f"class Net({base}): ...").bases == (base,)


@pytest.mark.parametrize(
    "source",
    [
        "from torch.nn import Module\nclass Net(Module): ...",
        "from torch.nn import Module as M\nclass Net(M): ...",
        "import torch.nn as layers\nclass Net(layers.Module): ...",
        "import pytorch_lightning as pl\nclass Net(pl.LightningModule): ...",
        "from lightning import LightningModule\nclass Net(LightningModule): ...",
        "from transformers import PreTrainedModel\nclass Net(PreTrainedModel): ...",
        "from torchvision.models import ResNet\nclass Net(ResNet): ...",
        "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Net(nn.Module, Generic[T]): ...",
        "class Mixin: ...\nclass Net(Mixin, nn.Module): ...",
        "from .base import Base\nclass Net(Base):\n    def forward(self, x): return x",
        "try:\n    import fancy\nexcept ImportError:\n    class Net(nn.Module): ...",
        "if True:\n    class Net(nn.Module): ...",
    ],
)
def test_that_bases_are_followed_through_imports(source: str) -> None:
    assert names(source) == ["Net"]


@pytest.mark.parametrize(
    "source",
    [
        "class Settings: ...",
        "class Square(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x",
        "from torch.utils.data import Dataset\nclass Images(Dataset): ...",
        "class Scale(nn.Parameter): ...",
        "class Loop(Loop): ...",
        "class A(B): ...\nclass B(A): ...",
        "from abc import ABC\nclass Base(ABC):\n    def forward(self, x): ...",
        "def outer():\n    class Hidden(nn.Module): ...",
        "from enum import Enum\nclass Kind(Enum):\n    A = 1",
    ],
)
def test_that_what_is_no_module_is_not_listed(source: str) -> None:
    assert names(source) == []


def test_that_bases_are_followed_within_the_file() -> None:
    found = choices("class Base(nn.Module): ...\nclass Middle(Base): ...\nclass Net(Middle): ...")
    assert [choice.name for choice in found.choices] == ["Base", "Middle", "Net"]
    assert found.default == "Net"


@pytest.mark.parametrize(
    ("init", "required"),
    [
        ("def __init__(self): ...", ()),
        ("def __init__(self, a, b=2): ...", ("a",)),
        ("def __init__(self, a, /, b, *, c, d=1, **rest): ...", ("a", "b", "c")),
        ("def __init__(self, *widths): ...", ()),
        ("pass", ()),
    ],
)
def test_that_required_arguments_are_those_without_default(init: str, required: tuple[str, ...]) -> None:
    assert only(f"class Net(nn.Module):\n    {init}").required == required


def test_that_required_arguments_come_from_a_base_in_the_file() -> None:
    found = choices("class Base(nn.Module):\n    def __init__(self, width): ...\nclass Net(Base): ...")
    assert [choice.required for choice in found.choices] == [("width",), ("width",)]


def test_that_a_dataclass_requires_its_fields_without_value() -> None:
    source = """
    from dataclasses import dataclass
    from typing import ClassVar
    @dataclass(eq=False)
    class Net(nn.Module):
        width: int
        depth: int = 3
        kinds: ClassVar[list]
    """
    assert only(source).required == ("width",)


def test_that_the_first_line_of_a_docstring_is_the_summary() -> None:
    choice = only('class Net(nn.Module):\n    """Sees edges.\n\n    More.\n    """')
    assert (choice.summary, choice.kind, choice.line) == ("Sees edges.", "class", 4)


@pytest.mark.parametrize(
    "function",
    [
        "def resnet(depth) -> nn.Module: ...",
        "def resnet(depth) -> 'Net': ...",
        "def resnet(depth): return Net()",
        "def resnet(depth): return nn.Sequential(nn.Linear(1, 1))",
        "def resnet(depth):\n    model = Net()\n    return model",
        "def make_model(depth): ...",
        "def build_it(depth): return registry[depth]",
        "def create_network(depth): return registry[depth]",
        "def get_model(depth): return registry[depth]",
    ],
)
def test_that_a_function_that_makes_a_model_is_a_factory(function: str) -> None:
    found = choices(f"class Net(nn.Module): ...\n{function}").choices
    assert [(choice.kind, choice.required) for choice in found] == [("class", ()), ("factory", ("depth",))]


@pytest.mark.parametrize(
    "function",
    [
        "def example_inputs(): return nn.Linear(1, 1)",
        "def train(model): return 3",
        "def get_loader(path): return []",
        "def make_optimizer(params): return 1",
        "def build_dataset(): return 1",
        "def build_it(): pass",
        "def make_batches(): yield 1",
        "def _make_layer(): return nn.Linear(1, 1)",
        "def get_first():\n    def inner(): return Net()\n    inner()",
        "def width() -> int: return 3",
        "def freeze(model: nn.Module) -> nn.Module: return model",
        "def odd() -> 'not python(': return 3",
    ],
)
def test_that_other_functions_are_no_factories(function: str) -> None:
    assert names(f"class Net(nn.Module): ...\n{function}") == ["Net"]


def test_that_make_model_is_the_default() -> None:
    assert choices("class A(nn.Module): ...\nclass B(nn.Module): ...\ndef make_model(): return A()").default == "make_model"


def test_that_an_imported_or_assigned_make_model_is_the_default() -> None:
    assert choices("from zoo import build as make_model").default == "make_model"
    assert choices("class A(nn.Module): ...\nmake_model = lambda: A()").default == "make_model"


@pytest.mark.parametrize(
    "use",
    [
        "class Net(nn.Module):\n    def __init__(self): self.block = Block(3)",
        "class Net(nn.Module):\n    def __init__(self): self.blocks = [Block() for _ in range(3)]",
        "class Net(nn.Module):\n    def __init__(self): self.make(Block)",
        "class Net(Block): ...",
        "def stack(n): return [Block() for _ in range(n)]\nclass Net(nn.Module):\n    def __init__(self): self.b = stack(3)",
        "class Net(nn.Module):\n    def __init__(self, block): ...\ndef net18(): return Net(Block)",
        "class Net(nn.Module):\n    def __init__(self, block=Block): ...",
    ],
)
def test_that_a_class_used_as_a_part_is_not_the_default(use: str) -> None:
    assert choices(f"class Block(nn.Module): ...\n{use}").default == "Net"


@pytest.mark.parametrize(
    "source",
    [
        "class A(nn.Module): ...\nclass B(nn.Module): ...",
        "",
        "class A(nn.Module):\n    def __init__(self): B()\nclass B(nn.Module):\n    def __init__(self): A()",
    ],
)
def test_that_without_one_plain_choice_there_is_no_default(source: str) -> None:
    assert choices(source).default is None


@pytest.mark.parametrize(
    "body",
    [
        "def __init__(self): super(Net, self).__init__()",
        "def same(self, other): return isinstance(other, Net)",
        "def copy(self): return Net()",
        "def other(self, net: 'Net') -> 'Net': ...",
    ],
)
def test_that_a_class_that_names_itself_is_still_the_default(body: str) -> None:
    assert choices(f"class Net(nn.Module):\n    {body}\nclass Loss:\n    pass").default == "Net"


def test_that_an_annotation_in_another_class_makes_no_part() -> None:
    source = "class Net(nn.Module): ...\nclass Wrapped(nn.Module):\n    def __init__(self, net: Net) -> None: ..."
    assert choices(source).default is None


def test_that_use_under_main_makes_no_part() -> None:
    assert choices("class Net(nn.Module): ...\nif __name__ == '__main__':\n    train(Net)").default == "Net"


def test_that_a_private_class_is_not_preferred() -> None:
    assert choices("class _Probe(nn.Module): ...\nclass Net(nn.Module): ...").default == "Net"


def test_that_broken_source_is_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        target_choices("def broken(:", "model.py")


def test_that_a_finished_model_is_a_choice_of_its_own_kind() -> None:
    choice = only("model = nn.Sequential(nn.Linear(2, 2))")
    assert (choice.name, choice.kind, choice.line, choice.bases) == ("model", "variable", 4, ("nn.Sequential",))
    assert choices("model: nn.Module = nn.Linear(2, 2)").default == "model"


def test_that_the_class_is_meant_before_a_variable_of_it() -> None:
    found = choices("class Net(nn.Module): ...\nmodel = Net()")
    assert [(choice.name, choice.kind) for choice in found.choices] == [("Net", "class"), ("model", "variable")]
    assert found.default == "Net"


@pytest.mark.parametrize("call", ["partial(nn.Linear, 2)", "functools.partial(nn.Linear, 2, 3)"])
def test_that_a_partial_of_a_module_class_is_a_factory(call: str) -> None:
    assert (only(f"small = {call}").name, only(f"small = {call}").kind) == ("small", "factory")


@pytest.mark.parametrize(
    "line", ["loss = torch.zeros(2)", "x = partial(print, 2)", "x = partial()", "a.b = nn.Linear(2, 2)", "n: int"]
)
def test_that_other_variables_are_no_choices(line: str) -> None:
    assert names(line) == []


def test_that_what_the_file_exports_is_meant() -> None:
    source = "__all__ = ['Net']\nclass Net(nn.Module): ...\nclass Other(nn.Module): ...\n"
    assert choices(source).default == "Net"
    assert choices(source.replace("['Net']", "['Net', 'Other']")).default is None


def test_that_a_class_for_type_checkers_is_not_there() -> None:
    assert names("if TYPE_CHECKING:\n    class Net(nn.Module): ...\nelse:\n    class Real(nn.Module): ...") == ["Real"]


def test_that_two_classes_with_one_name_are_told_with_their_lines() -> None:
    found = choices("class Net(nn.Module): ...\nclass Net(nn.Linear): ...\n")
    (problem,) = found.problems
    assert (problem.severity, problem.line, problem.data["lines"]) == ("warning", 5, [4, 5])
    assert [choice.line for choice in found.choices] == [5]
    assert choices("if a:\n    class Net(nn.Module): ...\nelse:\n    class Net(nn.Linear): ...\n").problems == ()


def test_that_notebook_commands_do_not_hide_the_models() -> None:
    found = choices("%matplotlib inline\nclass Net(nn.Module): ...\n")
    assert [choice.name for choice in found.choices] == ["Net"]
    assert found.problems[0].code == "notebook-commands"
