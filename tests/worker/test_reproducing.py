"""What fails in a run as a folder of its own: written, tried in a fresh process, and nobody's files touched."""

import runpy
import subprocess
import sys

import pytest
import torch
from torch import nn

from torchloupe.wire.errors import UsageError
from torchloupe.wire.reproducers import MODEL, MODULE, PART, MakeReproducer
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import open_target, reproducer
from torchloupe.worker.reproducing import fresh_process, making
from torchloupe.worker.reproducing.constructors import (
    arguments_text,
    is_plain,
    made_again,
    packed_values,
    torch_layer,
    watched_constructors,
)
from torchloupe.worker.reproducing.failed_call import FailedCall, copied
from torchloupe.worker.reproducing.fresh_process import error_line, is_same, said_by_script

NET = """
import torch
from torch import nn
from parts import Block, Config


class Net(nn.Module):
    def __init__(self, width=6, config=None):
        super().__init__()
        self.stem = nn.Linear(4, width)
        self.block = Block(config or Config(width), act=nn.GELU)
        self.changed = Block(Config(width), act=nn.GELU)
        self.changed.fc = nn.Linear(3, 2)
        self.which = "layer"

    def forward(self, x, which="layer"):
        x = self.stem(x)
        if which == "layer":
            return self.block.fc(x)
        return self.changed(x) if which == "changed" else self.block(x)


def make(width=6):
    return Net(width)


def example_inputs():
    return torch.randn(2, 4)
"""
PARTS = """
from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Config:
    width: int


class Block(nn.Module):
    def __init__(self, config, *, act):
        super().__init__()
        self.fc = nn.Linear(config.width + 1, 2)
        self.act = act()

    def forward(self, x):
        return self.act(self.fc(torch.cat([x, x[:, :1]], 1))) + torch.zeros(5)
"""


@pytest.fixture
def opened(context, tmp_path):
    """The net of a small project of two files, open."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "net.py").write_text(NET)
    (tmp_path / "src" / "parts.py").write_text(PARTS)

    def open_it(name="Net", arguments=None):
        open_target(context, OpenTarget(f"{tmp_path}/src/net.py:{name}", arguments))
        return context

    return open_it


def made(context, tmp_path, module, which="layer", **request):
    inputs = ("float32[2,4]", f"which={which!r}") if which != "layer" else ()
    return reproducer(context, MakeReproducer(str(tmp_path / "out"), module, 0, RunForward(inputs, **request)))


@pytest.fixture
def at_once(monkeypatch):
    """The script is run in this process: a fresh one takes a second to import torch."""

    def said(folder, check):
        check()
        path, modules = list(sys.path), dict(sys.modules)
        for name in ("net", "parts"):
            sys.modules.pop(name, None)
        try:
            runpy.run_path(f"{folder}/reproduce.py")
        except Exception as error:
            return error_line(error)
        finally:
            sys.path[:] = path
            sys.modules.update(modules)
        return "The script ended with status 0 and said nothing."

    monkeypatch.setattr(making, "said_by_script", said)


def runs(folder):
    """What the script says when a person runs it later."""
    done = subprocess.run([sys.executable, "reproduce.py"], cwd=folder, capture_output=True, text=True, check=False)
    return done.stderr.strip().splitlines()[-1]


# all of it


def test_that_a_layer_is_taken_alone_and_fails_in_the_same_way(opened, tmp_path):
    told = made(opened(), tmp_path, "block.fc")
    assert (told.taken, told.verified, told.notes) == (MODULE, True, ())
    assert told.files == ("input.pt", "reproduce.py")
    assert told.error == "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x6 and 7x2)" == told.answer
    script = (tmp_path / "out" / "reproduce.py").read_text()
    assert "module = nn.Linear(in_features=7, out_features=2, bias=True)" in script
    assert "# args[0]: float32[2,6]" in script
    assert runs(tmp_path / "out") == told.error


def test_that_what_was_given_to_it_is_what_the_file_holds(opened, at_once, tmp_path):
    made(opened(), tmp_path, "block.fc", seed=3)
    torch.manual_seed(3)
    given = torch.randn(2, 4)
    args, kwargs = torch.load(tmp_path / "out" / "input.pt", weights_only=True)
    assert kwargs == {}
    (stored,) = args
    assert stored.shape == (2, 6)
    assert not stored.requires_grad
    assert given.shape == (2, 4)


def test_that_a_class_of_the_user_is_taken_with_its_source_and_its_arguments(opened, tmp_path):
    source = NET.replace('which == "layer"', 'which == "never"')
    context = opened()
    (tmp_path / "src" / "net.py").write_text(source)
    open_target(context, OpenTarget(f"{tmp_path}/src/net.py:Net"))
    told = made(context, tmp_path, "block")
    assert (told.taken, told.verified) == (MODULE, True)
    assert told.files == ("arguments.pt", "input.pt", "reproduce.py", "source/net.py", "source/parts.py")
    assert (tmp_path / "out" / "source" / "net.py").read_text() == source
    assert "non-singleton dimension" in told.error


def test_that_a_module_that_was_changed_after_it_was_made_is_taken_out_of_the_model(opened, at_once, tmp_path):
    context = opened()
    (tmp_path / "src" / "net.py").write_text(
        NET.replace('return self.changed(x) if which == "changed" else', "return self.changed(x) if 1 else").replace(
            'which == "layer"', "False"
        )
    )
    open_target(context, OpenTarget(f"{tmp_path}/src/net.py:Net"))
    told = made(context, tmp_path, "changed")
    assert (told.taken, told.verified) == (PART, True)
    assert told.notes[0].startswith("The module alone does not fail in the same way: ")
    assert "module = model.get_submodule('changed')" in (tmp_path / "out" / "reproduce.py").read_text()


def test_that_the_model_itself_is_made_with_its_arguments(opened, at_once, tmp_path):
    told = made(opened("Net", {"width": 5}), tmp_path, "")
    assert (told.taken, told.verified) == (MODEL, True)
    assert "module = Net(width=5)" in (tmp_path / "out" / "reproduce.py").read_text()


def test_that_a_factory_is_called(opened, at_once, tmp_path):
    told = made(opened("make", {"width": 5}), tmp_path, "")
    assert told.verified
    assert "(2x5 and 6x2)" in told.error


def test_that_a_folder_with_something_in_it_is_left_alone(opened, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        made(opened(), tmp_path, "block.fc")
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_that_an_empty_folder_is_filled(opened, at_once, tmp_path):
    (tmp_path / "out").mkdir()
    assert made(opened(), tmp_path, "block.fc").verified


def test_that_where_nothing_fails_nothing_is_written(opened, at_once, tmp_path):
    with pytest.raises(CouldNotRun) as raised:
        made(opened(), tmp_path, "stem")
    assert raised.value.problems[0].code == "no-reproducer"
    assert not (tmp_path / "out").exists()


def test_that_a_module_that_is_not_there_is_a_sentence(opened, tmp_path):
    with pytest.raises(UsageError, match="no module `gone`"):
        made(opened(), tmp_path, "gone")


def test_that_the_model_is_as_it_was(opened, at_once, tmp_path):
    context = opened()
    model = context.state["open"].model
    before = {key: value.clone() for key, value in model.state_dict().items()}
    plain_call, plain_init = nn.Module.__call__, vars(type(model))["__init__"]
    made(context, tmp_path, "block.fc", mode="eval")
    assert model.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert (nn.Module.__call__, vars(type(model))["__init__"]) == (plain_call, plain_init)
    assert "module.eval()" in (tmp_path / "out" / "reproduce.py").read_text()


# one call


class Doubles(nn.Module):
    def forward(self, x, bad=False):
        if bad:
            raise ValueError("bad")
        return x.mul_(2)


def test_that_the_call_that_is_meant_is_seen_as_it_was_given():
    module, tensor = Doubles(), torch.ones(2)
    with FailedCall(module, 1) as seen:
        module(module(tensor))
    assert seen.error is None
    assert torch.equal(seen.given[0][0], torch.full((2,), 2.0))
    with pytest.raises(ValueError, match="bad"), FailedCall(module, 0) as seen:
        module(tensor, bad=True)
    assert isinstance(seen.error, ValueError)
    assert seen.given[1] == {"bad": True}


def test_that_a_tensor_that_is_given_twice_is_one_in_the_copy():
    tensor = torch.ones(2, requires_grad=True)
    args, kwargs = copied(((tensor, [tensor]), {"x": tensor}))
    assert args[0] is args[1][0] is kwargs["x"]
    assert not args[0].requires_grad


# how it is made


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (nn.Linear(3, 4, bias=False), "nn.Linear(in_features=3, out_features=4, bias=False)"),
        (nn.Conv2d(1, 2, 3, padding=1), "nn.Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))"),
        (nn.ReLU(), "nn.ReLU()"),
    ],
)
def test_that_a_layer_of_torch_says_how_it_is_made(module, said):
    assert torch_layer(module).expression == said


def test_that_what_a_layer_does_not_say_is_no_way_to_make_it():
    changed = nn.Linear(3, 4)
    changed.weight = nn.Parameter(torch.zeros(9, 9))
    for module in (nn.Sequential(nn.ReLU()), changed, Doubles(), nn.MultiheadAttention(4, 2)):
        assert torch_layer(module) is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (((1, 2.5, "a", None, True), {}), "1, 2.5, 'a', None, True"),
        (((), {"act": nn.GELU, "dtype": torch.float16}), "act=nn.GELU, dtype=torch.float16"),
        ((((1, 2), [3, 4]), {"of": {"a": (nn.ReLU,)}}), "(1, 2,), [3, 4], of={'a': (nn.ReLU,)}"),
        (((float("nan"),), {}), None),
        (((object(),), {}), None),
        ((([object()],), {}), None),
        (((), {"x": {1: 2}}), None),
    ],
)
def test_that_arguments_are_written_as_python_where_they_can_be(given, text):
    assert arguments_text(given) == text


def test_that_a_class_that_cannot_be_imported_is_not_made_again():
    class Inside(nn.Module):
        pass

    assert made_again(Inside, ((), {})) == (None, None)


def test_that_arguments_that_cannot_be_written_are_packed_or_left():
    construction, packed = made_again(Doubles, ((torch.ones(2),), {}))
    assert construction.has_arguments
    assert is_plain(packed)
    assert made_again(Doubles, ((lambda: None,), {})) == (None, None)
    assert not is_plain(packed_values(slice(1, 2)) or b"")
    assert packed_values(lambda: None) is None


def test_that_constructors_are_watched_only_inside():
    plain = nn.Linear.__init__
    with watched_constructors(nn.Linear) as seen, watched_constructors(Doubles) as others:
        first, second = nn.Linear(1, 2), nn.Linear(3, out_features=4)
        Doubles()
    assert [(module, given) for module, given in seen] == [(first, ((1, 2), {})), (second, ((3,), {"out_features": 4}))]
    assert len(others) == 1
    assert nn.Linear.__init__ is plain
    assert "__init__" not in vars(Doubles)


# the fresh process


def test_that_the_script_is_heard_and_what_it_says_compared(tmp_path):
    (tmp_path / "reproduce.py").write_text("raise ValueError('at 0x7f00')")
    said = said_by_script(str(tmp_path), lambda: None)
    assert is_same(error_line(ValueError("at 0x1234")), said)
    assert not is_same("ValueError: other", said)


def test_that_a_script_that_does_not_fail_says_so(tmp_path):
    (tmp_path / "reproduce.py").write_text("")
    assert said_by_script(str(tmp_path), lambda: None) == "The script ended with status 0 and said nothing."


def test_that_a_script_that_never_ends_is_ended(tmp_path, monkeypatch):
    (tmp_path / "reproduce.py").write_text("while True: pass")
    monkeypatch.setattr(fresh_process, "LONGEST_SECONDS", 0.0)
    assert said_by_script(str(tmp_path), lambda: None) == "The script took longer than 0 s."


def test_that_a_cancel_ends_the_script(tmp_path):
    (tmp_path / "reproduce.py").write_text("while True: pass")

    def cancel():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        said_by_script(str(tmp_path), cancel)


def test_that_an_error_of_several_lines_is_known_by_its_first():
    assert error_line(RuntimeError("one\ntwo")) == "RuntimeError: one"


GIVEN_A_FUNCTION = """
import torch
from torch import nn


class Part(nn.Module):
    def forward(self, x, how):
        return how(x) @ x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part()

    def forward(self, x):
        return self.part(x, lambda each: each)


def example_inputs():
    return torch.randn(2, 4)
"""


def test_that_where_its_input_cannot_be_saved_the_whole_model_is_written(context, at_once, tmp_path):
    (tmp_path / "net.py").write_text(GIVEN_A_FUNCTION)
    open_target(context, OpenTarget(f"{tmp_path}/net.py:Net"))
    told = made(context, tmp_path, "part")
    assert (told.taken, told.verified) == (MODEL, True)
    assert told.notes[0] == "The module alone: what was given to it cannot be saved."
    assert runs_nothing_but(tmp_path / "out")


def runs_nothing_but(folder):
    """The folder holds a script, an input and the source."""
    return sorted(each.name for each in folder.iterdir()) == ["input.pt", "reproduce.py", "source"]
