"""Constructor arguments worked out from the keys and shapes of a checkpoint, over the zoo of constructors."""

import importlib.util
import sys
from pathlib import Path

import pytest

from torchloupe.wire.arguments import DescribeArguments, SolveArguments, WantedTensor
from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.arguments import constructor_of
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import open_target
from torchloupe.worker.solving import describe_arguments, solved_arguments
from torchloupe.worker.target import import_target

pytestmark = pytest.mark.filterwarnings("ignore")
"""torch warns about odd numbers of heads."""

AMBIGUOUS = {"diffusion_unet"}
"""Other arguments have exactly the same shapes."""


def constructors():
    return sorted(path.stem for path in (Path(__file__).parents[1] / "models" / "constructors").glob("*.py"))


def examiner(path):
    """The zoo's own module: what the checkpoint was made with."""
    spec = importlib.util.spec_from_file_location(f"examined_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def made_with(path, module, arguments):
    if hasattr(module, "build"):
        return module.build(arguments)
    target = import_target(str(path))
    return target.make(**constructor_of(target).keywords(arguments))


def wanted_of(model, prefix=""):
    return tuple(WantedTensor(prefix + key, tuple(value.shape)) for key, value in model.state_dict().items())


def source_alone(path, folder):
    """The model's file without the constants that the examiner keeps in it: nothing can be read off."""
    lines, keep, depth = [], True, 0
    for line in path.read_text().splitlines():
        if line.startswith(("CHECKPOINT_ARGUMENTS", "TOLD")):
            keep = False
        if not keep:
            depth += line.count("{") + line.count("[") - line.count("}") - line.count("]")
            keep = depth <= 0
            continue
        lines.append(line)
    copy = folder / path.name
    copy.write_text("\n".join(lines))
    return copy


def told_wrongly(told, found, name=""):
    """Names of told values that were not found."""
    wrong = []
    for key, value in told.items():
        there = found.get(key) if isinstance(found, dict) else None
        if isinstance(value, dict):
            wrong += told_wrongly(value, there, f"{name}{key}.")
        elif there != value and not (isinstance(value, float) and abs(there - value) < 0.1 * value):
            wrong.append(f"{name}{key}: {there} instead of {value}")
    return wrong


@pytest.fixture
def solve(context, models, tmp_path):
    """Solve one model of the zoo from a copy of its file that has none of the answers in it."""

    def solve(stem, prefix="", stored=None, given=None):
        path = models / "constructors" / f"{stem}.py"
        module = examiner(path)
        model = made_with(path, module, module.CHECKPOINT_ARGUMENTS)
        copy = source_alone(path, tmp_path)
        request = SolveArguments(str(copy), wanted_of(model, prefix), stored or {}, given or {})
        return module, copy, solved_arguments(context, request)

    return solve


@pytest.mark.parametrize("stem", constructors())
def test_that_the_arguments_of_every_constructor_of_the_zoo_are_solved(stem, solve, context):
    module, copy, solved = solve(stem)
    assert solved.exact, (solved.arguments, solved.matched, solved.wanted, solved.unexpected)
    assert solved.matched == solved.wanted
    assert solved.unexpected == 0
    if stem not in AMBIGUOUS:
        assert told_wrongly(module.TOLD, solved.arguments) == []
    opened = open_target(context, OpenTarget(str(copy), solved.arguments))
    assert len(opened.tree.parameters) >= solved.wanted - len(opened.tree.modules)


def test_that_each_value_says_where_it_is_from(solve):
    _module, _copy, solved = solve("mlp_required")
    values = {value.name: value for value in solved.values}
    assert values["in_features"].source == "shapes"
    assert values["in_features"].reason.startswith("From fc1.weight [37, 13]")
    assert solved.arguments == {"in_features": 13, "hidden_features": 37, "out_features": 5}


def test_that_values_stored_in_the_checkpoint_are_used_and_said(solve):
    module, _copy, solved = solve("gpt_config", stored={"hyper_parameters": {"n_head": 2, "n_layer": 2, "unknown": 5}})
    values = {value.name: value for value in solved.values}
    assert solved.exact
    assert values["config.n_head"].source == "stored"
    assert values["config.n_head"].value == 2
    assert values["config.n_embd"].source == "shapes"
    assert module.CHECKPOINT_ARGUMENTS["config"]["n_embd"] == values["config.n_embd"].value


def test_that_stored_values_of_another_model_do_not_mislead(solve):
    _module, _copy, solved = solve("mlp_required", stored={"in_features": 99, "hidden_features": "many"})
    assert solved.exact
    assert solved.arguments["in_features"] == 13


def test_that_what_was_given_stays(solve):
    _module, _copy, solved = solve("mlp_required", given={"hidden_features": 38})
    assert not solved.exact
    assert solved.arguments["hidden_features"] == 38
    assert solved.arguments["in_features"] == 13
    assert 0 < solved.matched < solved.wanted
    assert next(value for value in solved.values if value.name == "hidden_features").source == "given"


def test_that_a_default_that_cannot_be_built_is_not_said_to_be_there(solve):
    _module, _copy, solved = solve("gpt_config")
    heads = next(value for value in solved.values if value.name == "config.n_head")
    assert solved.exact
    assert heads.source == "guess"
    assert "the default, 4, does not fit" in heads.reason


def test_that_one_given_field_of_a_configuration_stays_and_the_others_are_worked_out(solve):
    _module, _copy, solved = solve("encoder_decoder_config", given={"cfg": {"encoder": {"residual": False}}})
    assert solved.exact
    assert solved.arguments["cfg"]["encoder"] == {"in_dim": 9, "hidden": 20, "num_layers": 3, "residual": False}
    sources = {value.name: value.source for value in solved.values}
    assert sources["cfg.encoder.residual"] == "given"
    assert sources["cfg.encoder.hidden"] == sources["cfg.latent_dim"] == "shapes"


def test_that_a_prefix_on_all_keys_is_no_hindrance(solve):
    _module, _copy, solved = solve("mlp_required", prefix="module.model.")
    assert solved.exact
    assert solved.arguments == {"in_features": 13, "hidden_features": 37, "out_features": 5}


def test_that_arguments_that_no_shape_tells_are_defaults_or_guesses(solve):
    _module, _copy, solved = solve("mlp_norm_choice")
    values = {value.name: value for value in solved.values}
    assert values["act"].source == "default"
    assert "No shape" in values["act"].reason


def test_that_a_checkpoint_of_another_model_is_not_called_exact(context, models, tmp_path):
    copy = source_alone(models / "constructors" / "mlp_required.py", tmp_path)
    wanted = (WantedTensor("encoder.weight", (4, 4)), WantedTensor("fc1.weight", (7, 3)))
    solved = solved_arguments(context, SolveArguments(str(copy), wanted))
    assert not solved.exact
    assert solved.matched == 1
    assert solved.arguments["in_features"] == 3
    assert solved.arguments["hidden_features"] == 7


def test_that_a_constructor_that_always_raises_is_explained(context, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text(
        "from torch import nn\nclass Net(nn.Module):\n    def __init__(self, width):\n        raise OSError('no disk')\n"
    )
    with pytest.raises(CouldNotRun) as failed:
        solved_arguments(context, SolveArguments(str(file), (WantedTensor("a", (1,)),)))
    problem = failed.value.problems[0]
    assert "no disk" in problem.message
    assert problem.line == 4
    assert problem.hint.startswith("Give the arguments")


def test_that_a_model_without_arguments_is_left_alone(context, tmp_path):
    file = tmp_path / "plain.py"
    file.write_text("from torch import nn\nmodel = nn.Linear(2, 2)\ndef make_model():\n    return model\n")
    with pytest.raises(UsageError, match="takes no arguments"):
        solved_arguments(context, SolveArguments(str(file), (WantedTensor("a", (1,)),)))


def test_that_an_empty_checkpoint_is_refused(context, models):
    with pytest.raises(UsageError, match="can be worked out"):
        solved_arguments(context, SolveArguments(str(models / "constructors" / "mlp_required.py"), ()))


def test_that_a_search_can_be_cancelled(context, models):
    context.raise_if_requested = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        solved_arguments(context, SolveArguments(str(models / "constructors" / "mlp_required.py"), (WantedTensor("a", (1,)),)))


def test_that_a_constructor_that_computes_with_small_tensors_is_solved(context, tmp_path):
    file = tmp_path / "rates.py"
    file.write_text(
        "import torch\nfrom torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, depth, dim, drop_path=0.1):\n"
        "        super().__init__()\n"
        "        rates = [x.item() for x in torch.linspace(0, drop_path, depth)]\n"
        "        self.layers = nn.ModuleList(nn.Linear(dim, dim) for _ in rates)\n"
        "        print('made', rates)\n"
    )
    wanted = tuple(
        WantedTensor(f"layers.{n}.{kind}", shape) for n in range(5) for kind, shape in (("weight", (24, 24)), ("bias", (24,)))
    )
    solved = solved_arguments(context, SolveArguments(str(file), wanted))
    assert solved.exact
    assert (solved.arguments["depth"], solved.arguments["dim"]) == (5, 24)


def test_that_what_a_constructor_prints_while_it_is_probed_is_not_heard(context, models, capfd, tmp_path):
    file = tmp_path / "loud.py"
    file.write_text(
        "import logging\nfrom torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, dim):\n"
        "        super().__init__()\n"
        "        print('hello')\n"
        "        logging.getLogger('x').error('loud')\n"
        "        self.fc = nn.Linear(dim, dim)\n"
    )
    solved = solved_arguments(
        context, SolveArguments(str(file), (WantedTensor("fc.weight", (9, 9)), WantedTensor("fc.bias", (9,))))
    )
    assert solved.exact
    assert "hello" not in "".join(capfd.readouterr())


def test_that_the_open_model_keeps_its_modules_while_another_is_looked_at(context, models):
    opened = open_target(context, OpenTarget(str(models / "clean_cnn.py")))
    before = context.state["open"].target.module
    describe_arguments(context, DescribeArguments(str(models / "constructors" / "mlp_required.py")))
    assert sys.modules[before.__name__] is before
    assert context.state["open"].target.module is before
    assert opened.class_name == type(context.state["open"].model).__name__
