"""What shows when a model runs: one small model for each fault, look-alikes without any, and nothing left behind."""

import ast

import pytest
import torch
from torch import nn

from torchloupe.wire.errors import UsageError
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import FetchStats, OpenTarget, RunForward
from torchloupe.worker.construct import construct
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import HANDLERS
from torchloupe.worker.registration import inspect_model as room
from torchloupe.worker.tensor_values import fingerprint
from worker.conftest import MODELS

RUNNING = MODELS / "registration" / "running"
CLEAN = MODELS / "registration" / "clean"

FAULTS = {
    "attention_drops_in_eval": [("dropout-ignores-eval", ERROR, "scaled_dot_product_attention")],
    "attention_over_the_batch": [("batch-first", ERROR, "self.encoder =")],
    "batch_read_as_time": [("batch-first", ERROR, "self.rnn = nn.LSTM")],
    "block_replaced_in_forward": [("module-created-in-forward", ERROR, "self.block = Block(")],
    "centred_over_the_batch": [("batch-dependence", WARNING, "hidden.mean(0)")],
    "dropout_made_in_forward": [("dropout-ignores-eval", ERROR, "nn.Dropout(0.3)(")],
    "dropout_without_mode": [("dropout-ignores-eval", ERROR, "functional.dropout(hidden, 0.5)")],
    "fails_half_way": [("tensor-should-be-buffer", ERROR, "self.offsets =")],
    "filters_in_list": [("tensor-should-be-buffer", ERROR, "self.kernels =")],
    "forward_called": [("forward-called-directly", WARNING, "part.forward(x)")],
    "forward_past_hooks": [("forward-called-directly", ERROR, "self.first.forward(x)")],
    "global_layer": [("tensor-should-be-buffer", INFO, "MEAN ="), ("unregistered-module", ERROR, "SHARED(x - MEAN)")],
    "gradients_in_forward": [("grad-set-in-forward", WARNING, ".backward("), ("grad-set-in-forward", WARNING, ".grad =")],
    "history_grows": [("state-keeps-graph", WARNING, "self.history = []")],
    "input_changed": [("forward-mutates", WARNING, "x -= x.mean")],
    "layer_made_in_forward": [("module-created-in-forward", ERROR, "nn.Linear(8, 2)(hidden)")],
    "layer_made_late": [("module-registered-late", ERROR, "self.head = nn.Linear(")],
    "leaves_torch": [("numpy-in-forward", INFO, ".numpy()")],
    "norm_never_called": [("unused-module", WARNING, "self.norm ="), ("unused-module", INFO, "self.drop =")],
    "parameter_made_in_forward": [("parameter-created-in-forward", ERROR, "nn.Parameter(torch.ones(8))")],
    "plain_mask": [("tensor-should-be-buffer", ERROR, "self.mask =")],
    "position_table": [("tensor-should-be-buffer", ERROR, "self.positions =")],
    "state_carried": [("state-keeps-graph", ERROR, "self.state = None")],
    "table_by_index": [("tensor-should-be-buffer", ERROR, "self.betas =")],
    "weights_decay_in_forward": [("forward-mutates", WARNING, ".mul_(0.99)")],
}


def inspected(context, target, **request):
    """Open a file's model and look closer."""
    HANDLERS[OpenTarget](context, OpenTarget(str(target)))
    return HANDLERS[InspectModel](context, InspectModel(**request))


def found_in(file, problems):
    """Code, severity and source line of each."""
    lines = file.read_text().splitlines()
    return [(problem.code, problem.severity, lines[problem.line - 1].strip() if problem.line else "") for problem in problems]


def made_in(file):
    """The classes and factories that a file defines itself, apart from its input."""
    nodes = [node for node in ast.parse(file.read_text()).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return [f"{file}:{node.name}" for node in nodes if node.name not in ("example_inputs", "train_step")]


def test_that_every_model_with_a_fault_is_in_the_table():
    assert {file.stem for file in RUNNING.glob("*.py")} == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_that_a_fault_is_found_at_its_line_and_nothing_else(context, name):
    file = RUNNING / f"{name}.py"
    found = found_in(file, inspected(context, file).problems)
    assert [(code, severity) for code, severity, _ in found] == [(code, severity) for code, severity, _ in FAULTS[name]]
    for (_, _, line), (_, _, part) in zip(found, FAULTS[name]):
        assert part in line


@pytest.mark.parametrize("name", FAULTS)
def test_that_every_problem_has_a_sentence_a_repair_and_a_place(context, name):
    for problem in inspected(context, RUNNING / f"{name}.py").problems:
        assert problem.message.endswith(".")
        assert problem.hint.endswith(".")
        assert problem.file == str(RUNNING / f"{name}.py")
        assert problem.module is not None
        assert all(fix.text for fix in problem.fixes)


LOOK_ALIKES = [
    target
    for stem in ("tensors_of_forward", "modules_of_forward", "sequences", "textbook", "training_habits")
    for target in made_in(CLEAN / f"{stem}.py")
]


@pytest.mark.parametrize("target", LOOK_ALIKES, ids=lambda target: target.rpartition("/")[2])
@pytest.mark.filterwarnings("ignore")  # lazy layers and encoders have opinions of their own
def test_that_a_look_alike_without_a_fault_has_no_error_and_no_warning(context, target):
    looked = inspected(context, target)
    assert [problem for problem in looked.problems if problem.severity != INFO] == []
    assert looked.notes == ()


@pytest.mark.parametrize("name", ["FixedHiddenMLP", "OlderFixedHiddenMLP", "chimera"])
@pytest.mark.filterwarnings("ignore")
def test_that_the_constant_weight_of_the_textbook_is_named_as_what_it_is(context, name):
    (problem,) = inspected(context, f"{CLEAN / 'textbook.py'}:{name}").problems
    assert (problem.code, problem.severity, problem.attribute) == ("tensor-should-be-buffer", INFO, "rand_weight")
    assert "constant weight" in problem.message
    assert 'self.register_buffer("rand_weight", ...)' in problem.hint


def test_that_dropout_that_is_spelled_out_is_only_mentioned(context):
    (problem,) = inspected(context, f"{CLEAN / 'modules_of_forward.py'}:MonteCarlo").problems
    assert (problem.code, problem.severity) == ("dropout-ignores-eval", INFO)


def test_that_uses_that_any_device_allows_are_only_mentioned(context):
    found = inspected(context, f"{CLEAN / 'tensors_of_forward.py'}:Numbers").problems
    assert [(problem.attribute, problem.data["role"]) for problem in found] == [("scale", "scalar"), ("order", "index")]
    moved = inspected(context, f"{CLEAN / 'tensors_of_forward.py'}:MovedAtUse").problems
    assert {problem.data["role"] for problem in moved} == {"moved"}


def test_that_a_verified_repair_of_a_layer_that_reads_the_batch_as_time_is_offered(context):
    (problem,) = inspected(context, RUNNING / "batch_read_as_time.py").problems
    (fix,) = problem.fixes
    assert (fix.kind, fix.module, fix.argument, fix.value, fix.verified) == ("set_argument", "rnn", "batch_first", True, True)
    assert problem.data["operation"] == "lstm"


def test_that_what_was_seen_before_a_failure_is_told_and_a_note_says_that_it_ended_there(context):
    looked = inspected(context, RUNNING / "fails_half_way.py")
    assert [problem.code for problem in looked.problems] == ["tensor-should-be-buffer"]
    assert looked.notes[0].startswith("The forward pass failed")


SHOWN_BY_SHAPES = (
    *("position_table", "layer_made_late", "block_replaced_in_forward", "dropout_without_mode"),
    *("norm_never_called", "forward_past_hooks"),
)


@pytest.mark.parametrize("name", SHOWN_BY_SHAPES)
def test_that_shapes_alone_show_the_same(context, name):
    with_data = inspected(context, RUNNING / f"{name}.py").problems
    without = HANDLERS[InspectModel](context, InspectModel(shapes_only=True)).problems
    assert [(problem.code, problem.line) for problem in without] == [(problem.code, problem.line) for problem in with_data]


def test_that_a_large_model_is_watched_without_data_and_with_data_where_it_needs_them(context, monkeypatch):
    monkeypatch.setattr(room, "COPY_LIMIT_BYTES", 0)
    used = []
    monkeypatch.setattr(room, "without_data", lambda *given: used.append(given) or _without_data(*given))
    assert [problem.code for problem in inspected(context, RUNNING / "position_table.py").problems] == ["tensor-should-be-buffer"]
    assert len(used) == 1
    found = inspected(context, f"{CLEAN / 'textbook.py'}:OlderFixedHiddenMLP").problems
    assert [problem.attribute for problem in found] == ["rand_weight"]
    assert len(used) == 2


_without_data = room.without_data


def test_that_a_model_that_was_put_in_eval_mode_is_looked_at_in_both_modes(context):
    looked = inspected(context, RUNNING / "dropout_without_mode.py", mode="eval")
    assert [problem.code for problem in looked.problems] == ["dropout-ignores-eval"]
    assert context.state["open"].model.training


def test_that_dropout_that_the_output_does_not_depend_on_is_only_mentioned(context, tmp_path):
    file = tmp_path / "net.py"
    text = (
        (RUNNING / "dropout_without_mode.py").read_text().replace("hidden = nn.functional.dropout", "_ = nn.functional.dropout")
    )
    file.write_text(text)
    (problem,) = inspected(context, file).problems
    assert (problem.severity, problem.data["changes_output"]) == (INFO, False)


def everything(model):
    """Each tensor by its fingerprint, each mode, each hook and the attributes by name."""
    modules = list(model.modules())
    tensors = {key: fingerprint(value) for key, value in model.state_dict().items()}
    hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in modules]
    return tensors, [module.training for module in modules], hooks, [sorted(vars(module)) for module in modules]


@pytest.mark.parametrize("name", FAULTS)
def test_that_model_process_and_torch_are_left_as_they_were(context, name):
    HANDLERS[OpenTarget](context, OpenTarget(str(RUNNING / f"{name}.py")))
    model = context.state["open"].model
    before, dice = everything(model), torch.get_rng_state()
    init, new, forwards = nn.Module.__init__, nn.Parameter.__new__, nn.Linear.forward
    HANDLERS[InspectModel](context, InspectModel(seed=3))
    assert context.state["open"].model is model
    assert everything(model) == before
    assert torch.equal(torch.get_rng_state(), dice)
    assert (nn.Module.__init__, nn.Parameter.__new__, nn.Linear.forward) == (init, new, forwards)
    assert not nn.modules.module._global_forward_hooks
    assert not nn.modules.module._global_forward_pre_hooks


def test_that_lazy_parts_stay_lazy(context):
    inspected(context, f"{CLEAN / 'textbook.py'}:NestMLP")
    model = context.state["open"].model
    assert isinstance(model.linear, nn.LazyLinear)


def test_that_a_model_without_an_input_that_runs_has_no_problem_and_a_note(context, monkeypatch):
    def none_found(*_):
        raise CouldNotRun(Problem("input-failed", "No input was found that runs."))

    monkeypatch.setattr(room, "sample_input", none_found)
    looked = inspected(context, RUNNING / "position_table.py")
    assert looked.problems == ()
    assert looked.notes == (
        "The model was not run, so that what shows only then was not looked for: No input was found that runs.",
    )


def test_that_an_input_that_makes_no_sense_is_refused(context):
    with pytest.raises(UsageError):
        inspected(context, RUNNING / "position_table.py", inputs=("float32[",))


def test_that_given_inputs_are_used(context):
    looked = inspected(context, RUNNING / "norm_never_called.py", inputs=("float32[3,9]",))
    assert looked.problems == ()
    assert "3x9" in looked.notes[0]


class _Stopping:
    """A cancel that is asked for after so many looks at it."""

    def __init__(self, after):
        self.left = after

    def raise_if_requested(self):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", [0, 2, 7, 14])
def test_that_it_can_be_cancelled_at_any_point_and_leaves_the_model_as_it_was(context, after):
    HANDLERS[OpenTarget](context, OpenTarget(str(RUNNING / "weights_decay_in_forward.py")))
    model = context.state["open"].model
    before = everything(model)
    context.cancel = _Stopping(after)
    with pytest.raises(KeyboardInterrupt):
        HANDLERS[InspectModel](context, InspectModel())
    assert everything(model) == before
    assert not nn.modules.module._global_forward_pre_hooks


SPOILED = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(20 << 20))
        self.first = nn.Linear(2, 2)
        self.last = nn.Linear(2, 2)

    def forward(self, x):
        self.weight.data[:5] += 1
        return self.last(self.first(x))


def example_inputs():
    return (torch.ones(1, 2),)
"""


@pytest.mark.parametrize("request_kind", [InspectModel, RunForward])
def test_that_a_large_model_that_a_cancelled_pass_changed_is_made_anew_before_it_is_used(context, tmp_path, request_kind):
    (tmp_path / "net.py").write_text(SPOILED)
    HANDLERS[OpenTarget](context, OpenTarget(str(tmp_path / "net.py")))
    context.cancel = _Stopping(26 if request_kind is InspectModel else 2)
    with pytest.raises(KeyboardInterrupt):
        HANDLERS[request_kind](context, request_kind())
    context.cancel = _Stopping(10_000)
    HANDLERS[FetchStats](context, FetchStats("first.weight"))
    assert not context.state["open"].model.weight.any()


def test_that_a_slow_model_is_not_run_again_and_again(context, monkeypatch):
    monkeypatch.setattr("torchloupe.worker.registration.modes.PATIENCE_SECONDS", -1.0)
    looked = inspected(context, RUNNING / "batch_read_as_time.py")
    assert looked.problems == ()
    assert "longer than" in looked.notes[0]


def test_that_what_a_hidden_layer_does_in_train_mode_is_no_dependence_of_its_own(context, tmp_path):
    file = tmp_path / "net.py"
    file.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.norms = [nn.BatchNorm1d(8), nn.Dropout(0.5)]\n        self.head = nn.Linear(8, 2)\n\n"
        "    def forward(self, x):\n        for norm in self.norms:\n            x = norm(x)\n        return self.head(x)\n\n\n"
        "def example_inputs():\n    return (torch.randn(4, 8),)\n"
    )
    looked = inspected(context, file)
    model = context.state["open"].model
    assert looked.problems == ()
    assert int(model.norms[0].num_batches_tracked) == 0
    assert model.norms[0].training
    HANDLERS[RunForward](context, RunForward())
    assert int(model.norms[0].num_batches_tracked) == 0


ODD = ("RefusesNewAttributes", "AsksItsPart", "HasItsOwnCall", "HidesItsParts", "HasRefusingContainers", "CallsPartsInThreads")


@pytest.mark.parametrize("name", ODD)
def test_that_an_odd_model_is_looked_at_like_any_other(context, models, name):
    looked = inspected(context, f"{models / 'odd_models.py'}:{name}")
    assert looked.problems == ()
    assert looked.notes == ()


def test_that_a_model_that_a_call_breaks_is_no_problem_and_a_note(context, models):
    looked = inspected(context, f"{models / 'odd_models.py'}:DropsItsPart")
    assert looked.problems == ()
    assert looked.notes[0].startswith("A second call, in eval mode, does not run")


def test_that_what_the_model_prints_is_not_printed_again(context, tmp_path, capsys):
    file = tmp_path / "net.py"
    text = (
        (RUNNING / "position_table.py")
        .read_text()
        .replace("        hidden = self.words", "        print('seen')\n        hidden = self.words")
    )
    file.write_text(text)
    assert [problem.code for problem in inspected(context, file).problems] == ["tensor-should-be-buffer"]
    assert capsys.readouterr().out == ""
    HANDLERS[RunForward](context, RunForward())
    assert capsys.readouterr().out == "seen\n"


COUNTING = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.norm, self.runs = nn.Linear(4, 4), {norm}, RUNS
        {before}

    def forward(self, x):
        self.runs.append(self.training)
        {within}
        return self.norm(self.fc(x))

class Runs:
    def __init__(self):
        self.modes = []
    def append(self, mode):
        self.modes.append(mode)
    def __deepcopy__(self, memo):
        return self

RUNS = Runs()

def make_model():
    return Net(){mode}

def example_inputs():
    return (torch.linspace(-1, 1, 20).reshape(5, 4) ** 2,)
"""


def looked_at(context, folder, norm="nn.LayerNorm(4)", before="pass", within="pass", mode=".eval()", **request):
    """The answer, and in which modes forward ran, one after the other."""
    file = folder / "net.py"
    file.write_text(COUNTING.format(norm=norm, before=before, within=within, mode=mode))
    looked = inspected(context, file, **request)
    return looked, vars(context.state["open"].model)["runs"].modes


@pytest.fixture
def without_values(monkeypatch):
    """The numbers that flow are looked at in passes of their own."""
    monkeypatch.setattr(room, "looked_at_values", lambda *_: ([], ""))


@pytest.mark.usefixtures("without_values")
@pytest.mark.parametrize(
    ("change", "modes"),
    [
        ({}, [False, True, False]),
        ({"mode": ""}, [True, False, False]),
        ({"shapes_only": True}, [False, True]),
        ({"norm": "nn.BatchNorm1d(4)"}, [False, True, False]),
        ({"norm": "nn.BatchNorm1d(4)", "mode": ""}, [True, False, False, False]),
        ({"before": "self.seen = 0", "within": "self.seen += 1", "mode": ""}, [True, False, False, False]),
    ],
)
def test_that_a_pass_that_has_been_made_serves_again(context, tmp_path, change, modes):
    looked, ran = looked_at(context, tmp_path, **change)
    assert (looked.problems, looked.notes) == ((), ())
    assert ran == modes


@pytest.mark.usefixtures("without_values")
def test_that_a_model_that_draws_by_dice_of_its_own_is_not_said_to_mix_its_samples(context, tmp_path):
    change = {"before": "self.dice = torch.Generator()", "within": "x = x + torch.rand(4, generator=self.dice)"}
    looked, ran = looked_at(context, tmp_path, **change)
    assert looked.problems == ()
    assert ran == [False, True, False]  # the dice are put back with the rest


@pytest.mark.usefixtures("without_values")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"within": "self.fc.weight.data.mul_(0.9)"}, "forward-mutates"),
        ({"within": "self.fc.weight.detach().numpy()[:] *= 0.9"}, "forward-mutates"),
        ({"within": "self.fc.weight.data = self.fc.weight.data * 0.9"}, "forward-mutates"),
        ({"within": "self.fc.weight.data.neg_()"}, "forward-mutates"),
        ({"before": "self.kept = []", "within": "self.kept.append(self.fc(x))"}, "state-keeps-graph"),
    ],
)
def test_that_where_something_was_left_the_passes_are_made_once_more_and_followed(context, tmp_path, change, code):
    looked, ran = looked_at(context, tmp_path, **change)
    assert code in [problem.code for problem in looked.problems]
    assert ran[:4] == [False, True, False, True]
    assert torch.equal(context.state["open"].model.fc.weight, weight_as_constructed(context))


def weight_as_constructed(context):
    """The weight of the model when it is constructed anew."""
    return construct(context.state["open"].target, None, 0).fc.weight
