"""Inputs worked out: every model of the zoo runs on what was found; nothing of it changes; what cannot run is said."""

import re
from pathlib import Path

import pytest
import torch
from torch import nn

from torchloupe.analysis.input_specs import format_input_spec, parse_input_spec
from torchloupe.worker import worked_out_input
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.input_values import input_of
from torchloupe.worker.target import import_target
from torchloupe.worker.worked_out_input import work_out_input

ZOO = sorted((Path(__file__).parents[1] / "models" / "inputs").glob("*.py"))
pytestmark = pytest.mark.filterwarnings("ignore")  # torch has opinions on transformers with an odd number of heads

START = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n\n\nclass Net(nn.Module):\n"


def nothing():
    """Nobody asks the search to stop."""


@pytest.fixture
def worked_out(tmp_path):
    """Specs for a model that is written down here: the lines of ``__init__``, then those of ``forward``."""

    def find(init, forward, arguments="x", mode=None):
        lines = ["    def __init__(self):", "        super().__init__()", *(f"        {line}" for line in init.split("; "))]
        lines += [f"    def forward(self, {arguments}):", *(f"        {line}" for line in forward.split("; "))]
        (tmp_path / "net.py").write_text(START + "\n".join(lines) + "\n")
        target = import_target(str(tmp_path / "net.py"))
        torch.manual_seed(0)
        return [format_input_spec(spec) for spec in work_out_input(target, target.make(), mode, nothing)]

    return find


@pytest.mark.parametrize("file", ZOO, ids=[file.stem for file in ZOO])
def test_that_a_model_of_the_zoo_runs_on_what_is_worked_out(run, file):
    _, report = run(file.with_suffix("").relative_to(file.parents[1]))
    assert report.problems == ()
    assert report.input_source == "worked_out"
    assert report.state_restored
    assert report.input_specs
    for text in report.input_specs:
        assert format_input_spec(parse_input_spec(text)) == text


def test_that_the_specs_give_the_same_input_again(run):
    _, first = run("inputs/cnn_28_gray")
    _, again = run("inputs/cnn_28_gray", inputs=first.input_specs)
    assert first.input_specs == ("float32[2,1,28,28]",)
    assert (again.input_source, again.inputs) == ("given", first.inputs)


@pytest.mark.parametrize(
    ("stem", "specs"),
    [
        ("alexnet_like", ["float32[2,3,224,224]"]),
        ("cnn_32_view", ["float32[2,3,32,32]"]),
        ("gru_features", ["float32[2,8,39]"]),
        ("lstm_text", ["int64[2,8]<500"]),
        ("segments_and_positions", ["int64[2,8]<300", "int64[2,8]<2", "int64[2,8]<16"]),
        ("rnn_cell_hidden", ["float32[2,6]", "(float32[2,10], float32[2,10])", "float32[2,8]"]),
        ("batch_dict", ["{'attention_mask': int64[2,8]>=1<2, 'input_ids': int64[2,8]<40}"]),
    ],
)
def test_that_the_usual_one_is_found_first(run, stem, specs):
    assert list(run(f"inputs/{stem}")[1].input_specs) == specs


@pytest.mark.parametrize(
    ("init", "forward", "arguments", "specs"),
    [
        ("self.fc = nn.Linear(5, 2, dtype=torch.float64)", "return self.fc(x)", "x", ["float64[2,5]"]),
        ("self.c = nn.Conv1d(4, 2, 3)", "return self.c(x)", "x", ["float32[2,4,100]"]),
        ("self.p = nn.Linear(3, 2)", "return [self.p(x) for _ in range(n)]", "x, n: int", ["float32[2,3]", "2"]),
        ("self.e = nn.Embedding(9, 4)", "return self.e(x['ids'])", "x: dict", ["{'ids': int64[2,8]<9}"]),
        ("self.e = nn.Embedding(9, 4)", "return self.e(w)", "x=None, *, w", ["w=int64[2,8]<9"]),
        ("self.p = nn.Linear(3, 2)", "return self.p(x[0])", "*x", ["float32[2,3]"]),
        ("self.p = nn.LazyLinear(3)", "return self.p(x)", "x", ["float32[2,11]"]),
    ],
)
def test_that_arguments_of_many_kinds_are_found(worked_out, init, forward, arguments, specs):
    assert worked_out(init, forward, arguments) == specs


def test_that_of_two_arguments_the_one_is_given_that_the_model_names_first(worked_out):
    forward = """if ids is not None:
            embeds = self.e(ids)
        elif embeds is None:
            raise ValueError("You have to specify either ids or embeds")
        return embeds * 2"""
    assert worked_out("self.e = nn.Embedding(9, 4)", forward, "ids=None, embeds=None") == ["int64[2,8]<9"]


def test_that_positions_limit_the_length(worked_out):
    init = "self.e = nn.Embedding(50, 4); self.p = nn.Embedding(5, 4)"
    assert worked_out(init, "return self.e(x) + self.p(torch.arange(x.shape[1]))") == ["int64[2,5]<50"]


def test_that_a_sound_grows_until_what_the_model_cuts_out_of_it_fits(worked_out):
    masked = "x = self.b(self.a(x[:, None])); mask_length, steps = 10, x.shape[-1]\n"
    masked += "        if mask_length > steps:\n"
    masked += "            raise ValueError(f'`mask_length` has to be smaller than `sequence_length`, but got {mask_length} and {steps}')\n"
    masked += "        return x"
    assert worked_out("self.a = nn.Conv1d(1, 4, 10, stride=20); self.b = nn.Conv1d(4, 4, 3, stride=15)", masked) == [
        "float32[2,4000]"
    ]


def test_that_a_batch_of_more_than_one_passes_batch_norm_in_training(worked_out):
    assert worked_out("self.n = nn.BatchNorm1d(6)", "return self.n(x)", mode="train") == ["float32[2,6]"]


def test_that_the_model_is_what_it_was(tmp_path):
    (tmp_path / "net.py").write_text(START + "    pass\n")
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2 * 8 * 8, 3))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    seed = torch.random.get_rng_state()
    found = work_out_input(import_target(str(tmp_path / "net.py")), model, "eval", nothing)
    assert [format_input_spec(spec) for spec in found] == ["float32[2,1,10,10]"]
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert torch.equal(seed, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("init", "forward"),
    [
        (
            "self.rnn = nn.LSTM(8, 16, bidirectional=True, batch_first=True); self.head = nn.Linear(16, 3)",
            "return self.head(self.rnn(x)[0])",
        ),
        ("self.q = nn.Linear(30, 30)", "b, t, c = x.shape; return self.q(x).view(b, t, 4, 7)"),
        (
            "self.w = nn.Parameter(torch.ones(12, 16)); self.b = nn.Parameter(torch.zeros(10))",
            "return F.linear(x, self.w, self.b)",
        ),
        (
            "self.w = nn.Parameter(torch.ones(12, 3, 3, 3)); self.b = nn.Parameter(torch.zeros(10))",
            "return F.conv2d(x, self.w, self.b)",
        ),
    ],
)
def test_that_what_every_input_is_refused_for_is_a_fault_of_the_model(worked_out, run, tmp_path, init, forward):
    assert worked_out(init, forward)
    _, report = run(tmp_path / "net")
    first = next(problem for problem in report.problems if problem.severity == "error")
    assert first.code in ("shape-mismatch", "view-mismatch", "functional-mismatch")


def test_that_a_fault_of_the_model_is_reached_and_told_as_such(worked_out, run, tmp_path):
    specs = worked_out("self.a = nn.Linear(7, 24); self.b = nn.Linear(9, 2)", "return self.b(self.a(x))")
    assert specs == ["float32[2,7]"]
    _, report = run(tmp_path / "net")
    assert [problem.code for problem in report.problems] == ["shape-mismatch"]
    assert report.problems[0].module == "b"


def test_that_where_nothing_runs_the_sentence_names_the_argument_and_the_last_trial(worked_out, monkeypatch):
    monkeypatch.setattr(worked_out_input, "MOST_TRIALS", 20)
    with pytest.raises(CouldNotRun) as caught:
        worked_out("self.n = 0", "raise ValueError(f'never {x.shape}')")
    problem = caught.value.problems[0]
    assert problem.code == "input-failed"
    assert re.match(r"No input was found that runs: `x`: ValueError: never .* \(with float32\[2,11\]\)\.", problem.message)
    assert "--input" in problem.hint


def test_that_the_search_is_bounded(worked_out, monkeypatch):
    monkeypatch.setattr(worked_out_input, "MOST_TRIALS", 3)
    tried = []
    monkeypatch.setattr(worked_out_input, "input_of", lambda *given: tried.append(given) or input_of(*given))
    with pytest.raises(CouldNotRun):
        worked_out("self.n = 0", "raise ValueError(f'never {x.shape}')")
    assert len(tried) == 3


def test_that_the_search_can_be_cancelled(run, context):
    context.stop_after = 0
    with pytest.raises(KeyboardInterrupt):
        run("inputs/linear_features")


# the usual size


@pytest.mark.parametrize(
    ("sides", "forward"),
    [
        (224, "return self.conv(x).mean((2, 3))"),
        (28, "assert x.shape[-1] < 90 and x.shape[-1] % 7 == 0; return self.conv(x).mean((2, 3))"),
        (32, "assert x.shape[-1] % 16 == 0 and x.shape[-1] < 99; return self.conv(x).mean((2, 3))"),
    ],
)
def test_that_a_picture_has_the_usual_size_when_several_fit(worked_out, sides, forward):
    assert worked_out("self.conv = nn.Conv2d(3, 4, 3)", forward) == [f"float32[2,3,{sides},{sides}]"]


def test_that_numbers_of_which_an_index_is_made_are_whole_and_below_the_size_of_the_table(worked_out):
    (spec,) = worked_out("self.table = nn.Embedding(7, 4)", "return self.table(x.long())")
    assert spec.startswith("int64[")
    assert spec.endswith("<7")
