"""Attacks: what a text in a configuration that somebody else wrote can name. None of them may reach more than may be named."""

import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from torchloupe.wire.arguments import SolveArguments, WantedTensor
from torchloupe.wire.errors import UsageError
from torchloupe.worker.argument_kinds import may_be_named, reached
from torchloupe.worker.arguments import class_form, constructor_of
from torchloupe.worker.solving import solved_arguments
from torchloupe.worker.target import import_target

OTHER = """
from dataclasses import dataclass
from os import system
from typing import Any, Callable, Type
from torch import nn

calls = []

def danger(*args, **kwargs):
    calls.append("danger")
    return nn.Identity()

class Danger:
    def __init__(self, *args, **kwargs):
        calls.append("Danger")

    make = staticmethod(danger)

@dataclass
class RunnerConfig:
    make: Any = None

class Runner(nn.Module):
    def __init__(self, make=None, kind: type = None, maker: Callable = None, inner: nn.Module = None, config: RunnerConfig = None):
        super().__init__()
        self.inner = inner
        self.got = [make, kind, maker, config and config.make]
        if callable(make):
            make()
        for each in self.got[1:]:
            if callable(each):
                each()

def __getattr__(name):
    if name.startswith("__"):  # asked for by Python itself
        raise AttributeError(name)
    calls.append(name)
    return danger
"""
NET = """
from torch import nn
import other_mod

class Table:
    @property
    def entry(self):
        other_mod.calls.append("property")

    def __getattr__(self, name):
        other_mod.calls.append(name)

table = Table()

class Deferred(type):
    def __getattr__(cls, name):
        other_mod.calls.append(name)
        return other_mod.danger

class Registry(metaclass=Deferred):
    pass

def own_part():
    return nn.Identity()

class Net(nn.Module):
    def __init__(self, enc: nn.Module = None, make=None, act=nn.GELU(), norm: type = nn.LayerNorm, guess=None, width: int = 4):
        super().__init__()
        self.enc, self.got = enc, [make, act, norm, guess]
        self.guess = guess
        self.out = nn.Linear(width, width)
        for each in (act, norm):
            if callable(each) and not isinstance(each, (type, nn.Module)):
                each()

    def forward(self, x):
        return self.guess(self.enc(x))
"""
REFUSED = [
    "other_mod.danger",
    "other_mod.Danger",
    "other_mod.Danger.make",
    "other_mod.system",
    "other_mod.anything_at_all",
    "net.other_mod.danger",
    "danger",
    "system",
    "os.system",
    "builtins.eval",
    "torch.load",
    "torch.hub.load",
    "torch.serialization.load",
    "torch.os.system",
    "torch.nn.functional.torch.load",
    "torch.nn.Module.__init__.__globals__",
    "sys.modules",
    "__builtins__.eval",
    "Registry.danger",
    "table.entry",
    "table.entry.anything",
    "",
    ".",
    "torch..load",
]


@pytest.fixture
def target(tmp_path):
    (tmp_path / "other_mod.py").write_text(OTHER)
    (tmp_path / "net.py").write_text(NET)
    return import_target(f"{tmp_path / 'net.py'}:Net")


@pytest.fixture
def calls(target):
    """What ran of what must not run."""
    return target.module.other_mod.calls


@pytest.fixture
def made(target):
    return lambda **values: target.make(**constructor_of(target).keywords(values))


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("argument", ["make", "act", "norm", "guess"])
def test_that_a_text_stays_a_text(made, calls, argument, text):
    assert text in made(**{argument: text}).got
    assert calls == []


@pytest.mark.parametrize("text", REFUSED)
def test_that_a_text_is_no_module(made, calls, text):
    for value in (text, {text: {}}):
        with pytest.raises(UsageError, match="no class of Module"):
            made(enc=value)
    assert calls == []


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("argument", ["make", "kind", "maker"])
def test_that_a_class_of_another_module_brings_nothing_of_that_module_along(made, calls, argument, text):
    model = made(enc={"other_mod.Runner": {argument: text}})
    assert text in model.enc.got
    assert calls == []


def test_that_neither_a_module_in_a_module_nor_its_configuration_does(made, calls):
    inner = {"other_mod.Runner": {"make": "danger", "config": {"make": "other_mod.danger"}}}
    model = made(enc={"other_mod.Runner": {"inner": inner}})
    assert model.enc.inner.got == ["danger", None, None, "other_mod.danger"]
    assert calls == []


def test_that_what_a_text_may_name_is_found_in_a_module_of_a_module_too(made, target):
    inner = {"make": "net.own_part", "kind": "Net", "maker": "torch.relu"}
    with pytest.raises(UsageError, match="`enc` cannot be made"):
        made(enc={"other_mod.Runner": {"maker": "torch.relu"}})  # called without arguments, so it was found
    assert made(enc={"other_mod.Runner": {**inner, "maker": None}}).enc.got[:2] == [target.module.own_part, target.make]


def test_that_a_checkpoint_names_nothing_either(context, target, calls):
    wanted = (WantedTensor("out.weight", (6, 6)), WantedTensor("out.bias", (6,)))
    stored = {"enc": {"other_mod.Runner": {"make": "danger"}}, "make": "other_mod.danger", "act": "os.system", "norm": "danger"}
    solved = solved_arguments(context, SolveArguments(target.text, wanted, stored={**stored, "guess": "other_mod.Runner"}))
    assert solved.exact
    assert solved.arguments.get("enc") is None
    assert calls == []


def test_that_nothing_but_a_module_class_is_described(target, calls):
    for name in REFUSED:
        with pytest.raises(UsageError, match="no class of Module"):
            class_form(target, name)
    assert calls == []


@pytest.mark.parametrize("dtype", ["os.system", "torch.load", "nn.Linear", "", "_not_there"])
def test_that_a_dtype_is_nothing_else(tmp_path, dtype):
    (tmp_path / "typed.py").write_text(
        "import torch\nclass Net(torch.nn.Module):\n    def __init__(self, dtype: torch.dtype = torch.float32):\n"
        "        super().__init__()\n"
    )
    with pytest.raises(UsageError, match="no dtype of torch"):
        constructor_of(import_target(f"{tmp_path / 'typed.py'}:Net")).keywords({"dtype": dtype})


def test_that_only_what_is_there_is_reached_and_nothing_is_computed():
    class Computed(ModuleType):
        def __getattr__(self, name):
            raise AssertionError(name)

    module = Computed("computed")
    module.there = sys
    assert reached(module, ["absent", "more"]) is None
    assert reached(module, ["there", "path"]) is sys.path
    assert reached(module, ["there", "path", "append"]) is None
    assert reached(None, ["there"]) is None


def test_that_functions_of_torch_may_be_named_only_when_a_tensor_has_them():
    own = ModuleType("own")
    assert all(may_be_named(each, own) for each in (torch.relu, nn.functional.gelu, torch.float16, nn.ReLU))
    assert not any(
        may_be_named(each, own) for each in (torch.load, torch.compile, torch.hub.load, torch.from_file, None, own, 3, "x")
    )
