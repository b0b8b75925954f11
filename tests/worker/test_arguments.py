"""What a constructor asks for, and JSON values turned into what it takes."""

import pytest
import torch
from torch import nn

from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.arguments import constructor_of
from torchloupe.worker.handlers import open_target
from torchloupe.worker.target import import_target

SOURCE = '''
import enum
from dataclasses import dataclass, field
from typing import List, Literal, Optional, Sequence, Tuple, Type, Union

import torch
from torch import nn


class Pool(enum.Enum):
    CLS = "cls"
    MEAN = "mean"


class Order(enum.Enum):
    PRE = 1
    POST = 2


@dataclass
class Inner:
    """How a tower is built."""

    width: int
    depth: int = 2


@dataclass
class Config:
    dim: int
    inner: Inner
    sizes: Tuple[int, ...] = (1, 2)
    names: List[str] = field(default_factory=list)


class Block(nn.Module):
    pass


class Net(nn.Module):
    """A net with every kind of argument.

    Args:
        width (int): Channels of every layer.
    """

    def __init__(
        self,
        width: int,
        ratio: float = 4.0,
        bias: bool = True,
        pool: Pool = Pool.CLS,
        order=Order.PRE,
        mode: Literal["sum", "mean"] = "sum",
        taps: Literal[3, 5] = 3,
        sizes: Sequence[int] = (8, 16),
        heads: Optional[int] = None,
        rank: Union[int, str] = "auto",
        block: Type[nn.Module] = Block,
        dtype: torch.dtype = torch.float32,
        config: Optional[Config] = None,
        extra=None,
        activation=nn.GELU(),
        **kwargs,
    ):
        super().__init__()
        self.__dict__["got"] = dict(
            width=width, ratio=ratio, bias=bias, pool=pool, order=order, mode=mode, taps=taps, sizes=sizes, heads=heads, rank=rank,
            block=block, dtype=dtype, config=config, extra=extra, activation=activation, **kwargs
        )
        self.block = Inner2(**kwargs)


class Inner2(nn.Module):
    def __init__(self, groups: int = 1):
        super().__init__()
'''


@pytest.fixture
def target(tmp_path):
    file = tmp_path / "every_kind.py"
    file.write_text(SOURCE)
    return import_target(f"{file}:Net")


@pytest.fixture
def fields(target):
    return {field.name: field for field in constructor_of(target).fields}


@pytest.fixture
def made(target):
    """What the constructor got for JSON values."""

    def made(**values):
        return target.make(**constructor_of(target).keywords({"width": 1, **values})).got

    return made


def test_that_every_kind_is_told(fields):
    assert {name: field.kind for name, field in fields.items()} == {
        "width": "int",
        "ratio": "float",
        "bias": "bool",
        "pool": "choice",
        "order": "choice",
        "mode": "choice",
        "taps": "choice",
        "sizes": "list",
        "heads": "int",
        "rank": "int",
        "block": "class",
        "dtype": "other",
        "config": "config",
        "extra": "int",
        "activation": "other",
        "groups": "int",
    }


def test_that_the_docstring_says_what_an_argument_is(fields):
    assert fields["width"].summary == "Channels of every layer."
    assert fields["ratio"].summary == ""


def test_that_defaults_are_json_values_or_text(fields):
    assert not fields["width"].has_default
    assert (fields["pool"].default, fields["order"].default, fields["taps"].default) == ("cls", "PRE", 3)
    assert fields["sizes"].default == [8, 16]
    assert fields["heads"].optional
    assert fields["heads"].default is None
    assert fields["block"].default == "Block"
    assert fields["activation"].default is None
    assert "GELU" in fields["activation"].default_text


def test_that_choices_are_listed(fields):
    assert fields["pool"].choices == ("cls", "mean")
    assert fields["order"].choices == ("PRE", "POST")
    assert fields["mode"].choices == ("sum", "mean")
    assert fields["taps"].choices == ("3", "5")
    assert fields["block"].choices[0] == "Block"
    assert "Net" in fields["block"].choices


def test_that_a_configuration_unfolds(fields):
    inner = {field.name: field for field in fields["config"].fields}
    assert list(inner) == ["dim", "inner", "sizes", "names"]
    assert inner["inner"].kind == "config"
    assert [field.name for field in inner["inner"].fields] == ["width", "depth"]
    assert inner["names"].default == []


def test_that_arguments_handed_on_with_kwargs_are_arguments(fields, made):
    assert fields["groups"].default == 1
    assert made(groups=4)["groups"] == 4


def test_that_json_values_become_what_is_expected(made, target):
    module = target.module
    got = made(
        pool="mean", order="POST", taps="5", sizes=[1, 2], block="Net", dtype="bfloat16", config={"dim": 3, "inner": {"width": 4}}
    )
    assert got["pool"] is module.Pool.MEAN
    assert got["order"] is module.Order.POST
    assert got["taps"] == 5
    assert got["sizes"] == (1, 2)
    assert got["block"] is module.Net
    assert got["dtype"] is torch.bfloat16
    assert got["config"] == module.Config(3, module.Inner(4, 2))


def test_that_members_of_an_enum_may_be_given_by_name(made, target):
    assert made(pool="MEAN")["pool"] is target.module.Pool.MEAN


def test_that_none_stays_none(made):
    assert made(heads=None, config=None)["config"] is None


def test_that_a_class_may_be_named_by_its_whole_path(made):
    assert made(block="torch.nn.ReLU")["block"] is nn.ReLU
    assert made(activation="torch.nn.ReLU")["activation"] is nn.ReLU


@pytest.mark.parametrize("name", ["torch.relu", "torch.nn.functional.gelu", "nn.functional.relu", "nn.GELU", "torch.float16"])
def test_that_functions_and_types_of_torch_may_be_named(made, name):
    found = made(extra=name, activation=name)["activation"]
    assert found is eval(name, {"torch": torch, "nn": nn})


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "subprocess.Popen",
        "builtins.exec",
        "torch.load",
        "torch.hub.load",
        "torch.from_file",
        "dataclasses.os.system",
    ],
)
def test_that_nothing_that_runs_code_is_made_of_a_name(made, name):
    assert made(activation=name)["activation"] == name


def test_that_what_is_no_member_is_a_usage_error(made):
    with pytest.raises(UsageError, match="`pool`"):
        made(pool="max")


def test_that_a_configuration_with_a_field_too_many_is_a_usage_error(made):
    with pytest.raises(UsageError, match="`config`"):
        made(config={"dim": 1, "inner": {"width": 1}, "other": 2})


def test_that_arguments_are_converted_when_a_model_is_opened(context, target):
    opened = open_target(
        context, OpenTarget(target.text, {"width": 2, "pool": "mean", "config": {"dim": 1, "inner": {"width": 2}}})
    )
    assert opened.arguments["pool"] == "mean"
    assert context.state["open"].model.got["config"].inner.width == 2


def test_that_what_is_not_given_of_a_configuration_is_as_in_its_default(tmp_path):
    file = tmp_path / "held.py"
    file.write_text(
        "from dataclasses import dataclass\nfrom torch import nn\n"
        "@dataclass\nclass Config:\n    width: int = 4\n    depth: int = 2\n"
        "class Net(nn.Module):\n    def __init__(self, cfg=Config(width=50)):\n        super().__init__()\n"
        "        self.fc = nn.Linear(cfg.width, cfg.depth)\n"
    )
    target = import_target(f"{file}:Net")
    model = target.make(**constructor_of(target).keywords({"cfg": {"depth": 3}}))
    assert (model.fc.in_features, model.fc.out_features) == (50, 3)


def test_that_an_unannotated_configuration_is_found_by_what_is_read_of_it(tmp_path):
    file = tmp_path / "plain.py"
    file.write_text(
        "from dataclasses import dataclass\nfrom torch import nn\n"
        "@dataclass\nclass Wrong:\n    lr: float = 0.1\n"
        "@dataclass\nclass Right:\n    width: int = 4\n    depth: int = 2\n"
        "class Net(nn.Module):\n    def __init__(self, config):\n        super().__init__()\n"
        "        self.fc = nn.Linear(config.width, config.depth)\n"
    )
    (field,) = constructor_of(import_target(f"{file}:Net")).fields
    assert field.kind == "config"
    assert [inner.name for inner in field.fields] == ["width", "depth"]


def test_that_a_configuration_without_a_class_is_a_namespace_or_a_dict(tmp_path):
    file = tmp_path / "loose.py"
    file.write_text(
        "from torch import nn\n"
        "class A(nn.Module):\n    def __init__(self, args):\n        super().__init__()\n        self.fc = nn.Linear(args.width, 2)\n"
        "class B(nn.Module):\n    def __init__(self, cfg):\n        super().__init__()\n        self.fc = nn.Linear(cfg['width'], 2)\n"
    )
    for name, argument in (("A", "args"), ("B", "cfg")):
        target = import_target(f"{file}:{name}")
        constructor = constructor_of(target)
        model = target.make(**constructor.keywords({argument: {"width": 7}}))
        assert model.fc.in_features == 7


def test_that_a_finished_model_asks_for_nothing(tmp_path):
    file = tmp_path / "ready.py"
    file.write_text("from torch import nn\nmodel = nn.Linear(2, 2)\n")
    assert constructor_of(import_target(f"{file}:model")).fields == ()


def test_that_only_a_dtype_is_taken_for_one(made):
    with pytest.raises(UsageError, match="no dtype"):
        made(dtype="compile")
