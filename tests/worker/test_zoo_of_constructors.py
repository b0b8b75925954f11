"""The zoo that the solvers of constructor arguments and of sample inputs are tried on keeps its own promises."""

import ast
import copy
import inspect
import json
from pathlib import Path

import pytest
import torch
from torch import nn

from torchloupe.worker.target import import_target

ZOO = Path(__file__).parents[1] / "models"
CONSTRUCTORS = sorted((ZOO / "constructors").glob("*.py"))
INPUTS = sorted((ZOO / "inputs").glob("*.py"))
pytestmark = pytest.mark.filterwarnings("ignore")  # torch has opinions on transformers with an odd number of heads

OTHERWISE = {
    "convnext_like": {"mlp_ratio": 2.52},
    "dqn_probes_itself": {"input_shape": [2, 45, 47]},
    "efficientnet_settings": {"settings": [[1, 8, 1, 2, 3], [4, 12, 2, 1, 5], [6, 20, 3, 1, 3]], "se_ratio": 0.26},
    "gan_both_halves": {"img_shape": [1, 4, 9]},
    "llama_like": {"params": {"n_heads": 3, "n_kv_heads": 1, "multiple_of": 56, "ffn_dim_multiplier": 1.2}},
    "mobilenet_width_mult": {"width_mult": 0.76},
    "same_as_dim": {"num_heads": 3, "head_dim": 4, "hidden_dim": 64},
    "vae_hidden_dims": {"image_size": 25},
    "vit_conv_patches": {"num_heads": 2, "mlp_ratio": 2.55},
    "vit_linear_patches": {"image_size": 12, "patch_size": 3, "channels": 12, "heads": 4, "dim_head": 6, "pool": "cls"},
    "wavenet": {"layers": 2, "blocks": 3},
}
"""Other arguments that make the same keys and shapes: where these differ, nobody can be asked for the values."""

GUESSES = (
    *("torch.randn(2, 3, 32, 32)", "torch.randn(2, 3, 224, 224)", "torch.randn(2, 1, 28, 28)", "torch.randn(2, 16)"),
    *("torch.randint(0, 2, (2, 8))", "torch.randn(2, 8, 16)"),
)


def names(files):
    return [file.stem for file in files]


def build(target, arguments):
    """The model of a constructor file: by its own ``build`` where a config must be made first."""
    make = getattr(target.module, "build", None)
    return make(copy.deepcopy(arguments)) if make else target.make(**copy.deepcopy(arguments))


def required(target):
    """Arguments without a default; a config has one when the file's ``build`` can do without it."""
    if hasattr(target.module, "build"):
        return ()
    parameters = inspect.signature(target.make).parameters.values()
    return [each.name for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD]


def shapes(model):
    return {key: tuple(value.shape) for key, value in model.state_dict().items()}


def outcome(target, arguments):
    """Keys and shapes of what these arguments make, None where they make nothing."""
    try:
        return shapes(build(target, arguments))
    except Exception:
        return None


def leaves(value, path=()):
    """Every number, flag and word in nested arguments, with the way to it."""
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def lists(value, path=()):
    """Every list in nested arguments, with the way to it."""
    if isinstance(value, list):
        yield path, value
    if isinstance(value, (dict, list)):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from lists(inner, (*path, key))


def replaced(arguments, path, value):
    """A copy of the arguments with one value exchanged."""
    arguments = copy.deepcopy(arguments)
    place = arguments
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return arguments


def at(arguments, path):
    for key in path:
        arguments = arguments[key]
    return arguments


def words_of(file):
    """The short words in a file's own text: among them the other choices of a name."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
    }


def others(value, words):
    """Values that somebody could have meant instead."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return sorted({value + 1, value - 1, value * 2, value // 2} - {value, 0, -1})
    if isinstance(value, float):
        return [value + 0.5]
    return sorted(words - {value})


def longer(values):
    return [*values, values[-1] + 1 if isinstance(values[-1], int) else values[-1]]


def fits(model, source):
    """Run the model on what its file says fits."""
    return eval(f"model({', '.join(source)})", {"torch": torch, "model": model})


def test_that_the_zoo_is_large_and_its_files_are_small():
    assert len(CONSTRUCTORS) >= 30
    assert len(INPUTS) >= 30
    lengths = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in CONSTRUCTORS + INPUTS}
    assert [name for name, length in lengths.items() if length > 120] == []


def test_that_no_file_of_the_zoo_gives_the_answer_away():
    given = [file.name for file in CONSTRUCTORS + INPUTS if "def example_inputs" in file.read_text(encoding="utf-8")]
    assert given == []


@pytest.mark.parametrize("file", CONSTRUCTORS, ids=names(CONSTRUCTORS))
def test_that_a_checkpoint_can_be_made_and_its_arguments_are_json(file):
    target = import_target(str(file))
    arguments = target.module.CHECKPOINT_ARGUMENTS
    assert json.loads(json.dumps(arguments)) == arguments
    assert isinstance(build(target, arguments), nn.Module)
    assert shapes(build(target, arguments))


@pytest.mark.parametrize("file", CONSTRUCTORS, ids=names(CONSTRUCTORS))
def test_that_a_checkpoint_is_not_what_the_defaults_make(file):
    target = import_target(str(file))
    arguments = target.module.CHECKPOINT_ARGUMENTS
    least = {name: value for name, value in arguments.items() if name in required(target)}
    if all(name in least for name in target.module.TOLD):
        assert least  # nothing that shapes tell has a default
    else:
        assert outcome(target, least) != outcome(target, arguments)


@pytest.mark.parametrize("file", CONSTRUCTORS, ids=names(CONSTRUCTORS))
def test_that_what_is_told_belongs_to_the_arguments(file):
    target = import_target(str(file))
    told = list(leaves(target.module.TOLD))
    assert told
    assert [path for path, value in told if at(target.module.CHECKPOINT_ARGUMENTS, path) != value] == []


@pytest.mark.parametrize("file", CONSTRUCTORS, ids=names(CONSTRUCTORS))
def test_that_another_value_of_what_is_told_makes_other_shapes(file):
    target, words = import_target(str(file)), words_of(file)
    arguments, told = target.module.CHECKPOINT_ARGUMENTS, target.module.TOLD
    checkpoint = shapes(build(target, arguments))
    changes = [(path, other) for path, value in leaves(told) for other in others(value, words)]
    changes += [(path, other) for path, value in lists(told) for other in (value[:-1], longer(value))]
    same = [(path, other) for path, other in changes if outcome(target, replaced(arguments, path, other)) == checkpoint]
    assert same == []


@pytest.mark.parametrize("stem", OTHERWISE)
def test_that_what_is_not_told_could_be_otherwise(stem):
    target = import_target(str(ZOO / "constructors" / f"{stem}.py"))
    arguments, other = target.module.CHECKPOINT_ARGUMENTS, copy.deepcopy(target.module.CHECKPOINT_ARGUMENTS)
    for path, value in leaves(OTHERWISE[stem]):
        if path in dict(leaves(arguments)):
            other = replaced(other, path, value)
        else:
            other[path[0]] = value
    assert other != arguments
    assert outcome(target, other) == shapes(build(target, arguments))


@pytest.mark.parametrize("file", INPUTS, ids=names(INPUTS))
def test_that_a_model_is_made_without_arguments_and_runs_on_what_fits(file):
    target = import_target(str(file))
    model = target.make()
    assert isinstance(model, nn.Module)
    assert model.training
    assert fits(model, target.module.FITTING) is not None


def test_that_no_single_input_fits_many_models():
    """A zoo in which one image fits all would examine nobody."""
    fitted = {guess: [file.stem for file in INPUTS if runs_on(file, guess)] for guess in GUESSES}
    assert {guess: len(stems) for guess, stems in fitted.items() if len(stems) > len(INPUTS) / 4} == {}


def runs_on(file, guess):
    try:
        fits(import_target(str(file)).make(), [guess])
    except Exception:
        return False
    return True
