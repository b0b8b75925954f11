"""One training step, run in this process: what moved, what did not and why, and that nothing stays of it."""

import pytest
import torch
from torch import nn

from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.steps import MEAN_SQUARE, RunStep
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import open_target, training_step
from torchloupe.worker.model_state import ModelState
from worker.step_zoo import CLEAN, HARMLESS, HEAD, LOSS, MISTAKES, PLAIN, Mistake, X, net, trained


@pytest.fixture
def step(context, tmp_path):
    """Write a file, open it, train it: ``step(source, lr=0.1)``."""

    def step(source, name="", **request):
        file = tmp_path / "model.py"
        file.write_text(source if source.startswith("import") else HEAD + source, encoding="utf-8")
        open_target(context, OpenTarget(f"{file}:{name}" if name else str(file)))
        return training_step(context, RunStep(**request))

    return step


def told(report, reason):
    """The problems with a reason."""
    return [problem for problem in report.problems if problem.data.get("reason") == reason]


@pytest.mark.parametrize("mistake", [*MISTAKES, *HARMLESS], ids=str)
def test_that_each_reason_is_named_with_its_line_and_its_parameters(step, mistake: Mistake) -> None:
    report = step(mistake.text)
    rows = {row.key: row for row in report.parameters}
    assert {rows[key].reason for key in mistake.keys} == {mistake.reason}, [(p.code, p.message) for p in report.problems]
    problems = told(report, mistake.reason)
    assert {problem.severity for problem in problems} == {mistake.severity}
    assert {key for problem in problems for key in problem.data["parameters"]} == set(mistake.keys)
    if mistake.lines:
        assert {problem.line for problem in problems} <= mistake.lines
        assert {rows[key].line for key in mistake.keys} <= mistake.lines
    others = [problem for problem in report.problems if problem not in problems and problem.severity != "info"]
    assert not others, others


@pytest.mark.parametrize("name", CLEAN)
def test_that_a_step_that_is_right_moves_everything_without_a_word(step, name: str) -> None:
    report = step(CLEAN[name])
    assert report.problems == ()
    assert all(row.moved and not row.reason and row.update_norm for row in report.parameters)


# what is measured


def test_that_the_numbers_of_a_row_are_those_of_the_weights(step) -> None:
    report = step(
        HEAD
        + "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        + "        self.w = nn.Parameter(torch.tensor([3.0, 4.0, 0.0]))\n"
        + "    def forward(self, x):\n        return self.w[:2] * x\n"
        + "def example_inputs():\n    return (torch.ones(2),)\n"
        + "def loss_fn(y):\n    return y.sum()\n",
        lr=0.5,
    )
    (row,) = report.parameters
    assert (row.key, row.moved, row.group, row.lr, row.weight_decay) == ("w", True, 0, 0.5, 0.0)
    assert row.weight_norm == 5.0
    assert row.grad_norm == pytest.approx(2**0.5)
    assert row.update_norm == pytest.approx(0.5 * 2**0.5)
    assert row.update_ratio == pytest.approx(0.1 * 2**0.5)
    assert row.changed_fraction == pytest.approx(2 / 3)
    assert (row.numel, row.dtype) == (3, "float32")
    assert (report.loss_before, report.loss_after) == (7.0, 6.0)


def test_that_the_report_says_where_loss_optimizer_and_input_came_from(step) -> None:
    own = step(PLAIN)
    assert (own.loss_source, own.optimizer, own.optimizer_source) == (MEAN_SQUARE, "SGD", "default")
    assert (own.input_source, own.mode, own.device, own.state_restored) == ("file", "train", "cpu", True)
    theirs = step(PLAIN + LOSS + "\ndef make_optimizer(params):\n    return torch.optim.RMSprop(params, lr=0.02)\n")
    assert (theirs.loss_source, theirs.optimizer, theirs.optimizer_source) == ("loss_fn", "RMSprop", "make_optimizer")
    assert {row.lr for row in theirs.parameters} == {0.02}
    whole = step(PLAIN + trained())
    assert (whole.loss_source, whole.optimizer, whole.optimizer_source) == ("train_step", "SGD", "train_step")


def test_that_an_optimizer_that_wants_the_model_gets_it(step) -> None:
    report = step(PLAIN + "\ndef make_optimizer(model):\n    return torch.optim.SGD(model.b.parameters(), lr=0.1)\n")
    assert [row.group for row in report.parameters] == [None, None, 0, 0]


@pytest.mark.parametrize("loss", ["mean_square", "mean", "sum"])
def test_that_a_loss_and_an_optimizer_can_be_chosen_in_place_of_the_files(step, loss: str) -> None:
    report = step(PLAIN + trained(), loss=loss, optimizer="AdamW", lr=0.01, steps=3)
    assert report.loss_source.startswith(loss.replace("_", " "))
    assert (report.optimizer, report.optimizer_source) == ("AdamW", "given")
    assert [event.kind for event in report.events].count("step") == 3
    assert report.loss_after is not None
    assert report.loss_before is not None


def test_that_the_losses_own_field_of_an_output_is_the_loss(step) -> None:
    source = "class Out(dict):\n    loss = None\n" + net(
        "out = Out(y=self.b(self.a(x)))\nout.loss = out['y'].abs().mean()\nreturn out"
    )
    assert step(source).loss_source == "the model's own .loss"
    assert step(source, loss="model").loss_before == step(source).loss_before


def test_that_what_a_train_step_calls_is_told_in_order_with_lines(step) -> None:
    report = step(CLEAN["two losses"])
    kinds = [event.kind for event in report.events]
    assert kinds == ["optimizer", *(["zero_grad", "backward", "clip", "step"] * 3)]
    assert all(event.line for event in report.events)
    assert next(event.value for event in report.events if event.kind == "backward") == report.loss_before
    assert report.loss_after == report.events[-3].value


def test_that_groups_and_rates_are_those_of_the_optimizer(step) -> None:
    groups = "[{'params': model.b.parameters(), 'lr': 0.5, 'weight_decay': 0.1}, {'params': model.a.parameters()}]"
    rows = {row.key: row for row in step(PLAIN + trained(groups)).parameters}
    assert (rows["b.weight"].group, rows["b.weight"].lr, rows["b.weight"].weight_decay) == (0, 0.5, 0.1)
    assert (rows["a.bias"].group, rows["a.bias"].lr, rows["a.bias"].weight_decay) == (1, 0.1, 0.0)


# nothing stays


@pytest.mark.parametrize("source", [PLAIN, *(CLEAN[name] for name in ("two losses", "closure")), MISTAKES[0].source])
def test_that_the_model_is_bit_for_bit_what_it_was(context, tmp_path, source: str) -> None:
    file = tmp_path / "model.py"
    file.write_text(HEAD + source, encoding="utf-8")
    open_target(context, OpenTarget(str(file)))
    model = context.state["open"].model
    before, random = {key: value.clone() for key, value in model.state_dict().items()}, torch.get_rng_state()
    backward, train, made = torch.autograd.backward, nn.Module.train, torch.optim.Optimizer.__init__
    training_step(context, RunStep())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training
    assert torch.equal(random, torch.get_rng_state())
    assert (torch.autograd.backward, nn.Module.train, torch.optim.Optimizer.__init__) == (backward, train, made)


def test_that_gradients_statistics_and_mode_are_put_back(context, tmp_path) -> None:
    file = tmp_path / "model.py"
    file.write_text(
        HEAD + net("return self.b(self.n(self.a(x)))", "self.n = nn.BatchNorm1d(6)\nself.eval()") + LOSS, encoding="utf-8"
    )
    open_target(context, OpenTarget(str(file)))
    model = context.state["open"].model
    model.a.weight.grad = torch.ones(6, 6)
    held = model.a.weight.grad
    report = training_step(context, RunStep())
    assert report.mode == "train"
    assert model.a.weight.grad is held
    assert bool((held == 1).all())
    assert not model.training
    assert int(model.n.num_batches_tracked) == 0


def test_that_an_optimizer_of_the_file_keeps_its_state(context, tmp_path) -> None:
    file = tmp_path / "model.py"
    file.write_text(
        HEAD
        + PLAIN
        + "net = Net()\noptimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)\n"
        + "def train_step(model):\n    optimizer.zero_grad()\n    model(*example_inputs()).sum().backward()\n"
        + "    optimizer.param_groups[0]['lr'] = 0.05\n    optimizer.step()\n",
        encoding="utf-8",
    )
    open_target(context, OpenTarget(f"{file}:net"))
    optimizer = context.state["open"].target.module.optimizer
    report = training_step(context, RunStep())
    assert {row.lr for row in report.parameters} == {0.05}
    assert not optimizer.state
    assert optimizer.param_groups[0]["lr"] == 0.1


# bad input


def test_that_a_train_step_that_raises_says_what_and_where(step) -> None:
    report = step(PLAIN + "\ndef train_step(model):\n    raise ValueError('no data')\n")
    (problem,) = report.problems
    assert (problem.code, problem.severity, problem.line) == ("step-failed", "error", 19)
    assert "no data" in problem.message
    assert not any(row.moved or row.reason for row in report.parameters)


@pytest.mark.parametrize(
    ("forward", "words"),
    [("return self.b(self.a(x)).argmax(1)", "no floating tensor"), ("self.a(x)\nreturn None", "no floating tensor")],
)
def test_that_an_output_without_a_loss_is_refused_in_words(step, forward: str, words: str) -> None:
    with pytest.raises(CouldNotRun, match=words) as caught:
        step(net(forward))
    assert caught.value.problems[0].hint


def test_that_a_model_without_parameters_is_refused_in_words(step) -> None:
    with pytest.raises(CouldNotRun, match="no parameter to train"):
        step("class Net(nn.Module):\n    def forward(self, x):\n        return x\n" + X)


def test_that_a_model_without_data_is_refused_in_words(step) -> None:
    with pytest.raises(CouldNotRun, match="meta device"):
        step(PLAIN, device="meta")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("\ndef loss_fn(y):\n    return y\n", "shape \\(8, 3\\), not one number"),
        ("\ndef loss_fn(y):\n    return None\n", "a NoneType, not one number"),
        ("\ndef make_optimizer(params):\n    return 3\n", "returned a int"),
    ],
)
def test_that_a_loss_or_an_optimizer_that_is_none_is_refused_in_words(step, source: str, words: str) -> None:
    with pytest.raises(CouldNotRun, match=words):
        step(PLAIN + source)


@pytest.mark.parametrize(
    ("request_", "words"),
    [({"loss": "hinge"}, "no loss `hinge`"), ({"optimizer": "Sdg"}, "no optimizer `Sdg`"), ({"loss": "model"}, "no `.loss`")],
)
def test_that_a_choice_that_does_not_exist_is_refused_in_words(step, request_, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        step(PLAIN, **request_)


def test_that_lazy_layers_are_given_their_sizes_first_and_stay_lazy(context, tmp_path) -> None:
    file = tmp_path / "model.py"
    file.write_text(HEAD + PLAIN.replace("nn.Linear(6, 6)", "nn.LazyLinear(6)"), encoding="utf-8")
    open_target(context, OpenTarget(str(file)))
    report = training_step(context, RunStep())
    assert [row.key for row in report.parameters if row.moved] == ["a.weight", "a.bias", "b.weight", "b.bias"]
    assert isinstance(context.state["open"].model.a, nn.LazyLinear)


def test_that_sparse_gradients_are_measured(step) -> None:
    ids = "def example_inputs():\n    return (torch.tensor([[1, 2], [2, 3]]),)\n"
    source = net("return self.b(self.a(self.e(x).mean(1)))", "self.e = nn.Embedding(9, 6, sparse=True)", ids)
    row = next(row for row in step(source).parameters if row.key == "e.weight")
    assert row.moved
    assert row.grad_norm
    assert row.changed_fraction == pytest.approx(3 / 9)


def test_that_complex_and_half_parameters_are_measured(step) -> None:
    source = net(
        "z = torch.view_as_real(self.c * x[0, 0])\nreturn self.b(self.a(x)).sum() + z.sum()",
        "self.c = nn.Parameter(torch.ones(2, dtype=torch.complex64))",
    )
    row = next(row for row in step(source).parameters if row.key == "c")
    assert row.moved
    assert row.weight_norm == pytest.approx(2**0.5)


def test_that_tied_parameters_are_one_row(step) -> None:
    source = net("return self.c(self.a(x))", "self.c = nn.Linear(6, 6)\nself.c.weight = self.a.weight")
    assert [row.key for row in step(source).parameters] == ["a.weight", "a.bias", "b.weight", "b.bias", "c.bias"]


def test_that_a_loss_that_is_nan_is_told_where_it_is_born(step) -> None:
    report = step(net("y = self.b(self.a(x))\nz = (y - 100).log()\nreturn z"))
    (problem,) = report.problems
    assert (problem.code, problem.severity, problem.line) == ("nan-origin", "error", 12)
    assert "`log`" in problem.message


def test_that_a_gradient_that_is_nan_is_told_where_it_is_born(step) -> None:
    report = step(net("y = self.b(self.a(x) * 0)\nreturn (y - y).square().sum(1).sqrt()"))
    problem = next(each for each in report.problems if each.severity == "error")
    assert (problem.code, problem.line, problem.data["phase"]) == ("nan-origin", 12, "backward")


def test_that_an_overflow_is_told_where_it_happens(step) -> None:
    source = PLAIN.replace(
        "return self.b(torch.tanh(self.a(x)))",
        "h = self.a(x).half() * 60000 * 60000\nreturn self.b(h.float())".replace("\n", "\n        "),
    )
    report = step(source)
    assert [(problem.code, problem.line) for problem in report.problems] == [("inf-origin", 11)]


# the step as a whole


def test_that_gradients_that_pile_up_are_told(step) -> None:
    source = (
        PLAIN
        + """
def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x in example_inputs()[0].split(4):
        model(x).sum().backward()
        optimizer.step()
"""
    )
    (problem,) = step(source).problems
    assert (problem.code, problem.severity) == ("missing-zero-grad", "error")
    assert "model(x).sum().backward()" in (HEAD + source).splitlines()[problem.line - 1]


def test_that_probabilities_given_to_cross_entropy_are_told(step) -> None:
    (problem,) = step(
        net("return self.b(self.a(x)).softmax(1)")
        + "def loss_fn(y):\n    return F.cross_entropy(y, torch.zeros(8, dtype=torch.long))\n"
    ).problems
    assert (problem.code, problem.severity) == ("double-softmax", "warning")


@pytest.mark.parametrize(
    ("loss", "code"),
    [
        ("(y[:, :1] - torch.zeros(8)).abs().mean()", "silent-broadcast"),
        ("F.cross_entropy(y, torch.zeros(8, 1, dtype=torch.long))", "loss-target-shape"),
        ("nn.CrossEntropyLoss()(y, torch.zeros(5, dtype=torch.long))", "loss-target-shape"),
        ("F.binary_cross_entropy_with_logits(y, torch.zeros(8))", "loss-target-shape"),
    ],
)
def test_that_a_target_that_does_not_fit_is_told_at_its_line(step, loss: str, code: str) -> None:
    source = PLAIN + f"\ndef loss_fn(y):\n    return {loss}\n"
    (problem,) = step(source).problems
    assert (problem.code, problem.severity) == (code, "error")
    assert loss in (HEAD + source).splitlines()[problem.line - 1]


@pytest.mark.parametrize("loss", ["(y[:, :1] - y[:, 1]).abs().mean()", "(y[None] - y[:, None]).square().mean()"])
def test_that_pairs_made_on_purpose_are_told_from_those_that_are_not(step, loss: str) -> None:
    problems = step(PLAIN + f"\ndef loss_fn(y):\n    return {loss}\n").problems
    assert [problem.code for problem in problems] == (["silent-broadcast"] if "[:, 1]" in loss else ["no-effect-parameter"])


def test_that_training_in_eval_mode_is_told(step) -> None:
    source = net("return self.b(self.d(self.a(x)))", "self.d = nn.Dropout(0.5)") + trained().replace(
        "    optimizer.zero", "    model.eval()\n    optimizer.zero"
    )
    (problem,) = step(source).problems
    assert (problem.code, problem.severity) == ("eval-mode-during-training", "warning")
    assert "model.eval()" in (HEAD + source).splitlines()[problem.line - 1]


def test_that_a_carried_graph_is_told(step) -> None:
    source = (
        net("return self.b(self.a(x))")
        + """
def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    total = 0
    for _ in range(2):
        total = total + model(*example_inputs()).exp().sum()
        total.backward()
"""
    )
    (problem,) = step(source).problems
    assert (problem.code, problem.severity) == ("backward-twice", "error")


def test_that_a_change_in_place_is_told(step) -> None:
    (problem,) = step(net("h = self.a(x).exp()\nh += 1\nreturn self.b(h)") + trained()).problems
    assert (problem.code, problem.severity) == ("inplace-backward", "error")


def test_that_a_loss_without_a_graph_is_told_with_what_cut_it(step) -> None:
    report = step(PLAIN + trained(loss="model(*example_inputs()).argmax(1).float().mean()"))
    (problem,) = report.problems
    assert (problem.code, problem.severity) == ("loss-without-graph", "error")
    assert "`argmax` at line" in problem.message
    assert problem.data["parameters"] == ["a.weight", "a.bias", "b.weight", "b.bias"]


def test_that_a_step_can_be_cancelled(context, tmp_path) -> None:
    file = tmp_path / "model.py"
    file.write_text(HEAD + PLAIN + trained(), encoding="utf-8")
    open_target(context, OpenTarget(str(file)))
    before = context.state["open"].model.a.weight.clone()
    context.stop_after = 0
    with pytest.raises(KeyboardInterrupt):
        training_step(context, RunStep())
    assert torch.equal(context.state["open"].model.a.weight, before)


def test_that_a_large_model_is_copied_once_and_put_back(context, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("torchloupe.worker.model_state.COPY_LIMIT_BYTES", 16)
    file = tmp_path / "model.py"
    file.write_text(HEAD + PLAIN, encoding="utf-8")
    open_target(context, OpenTarget(str(file)))
    model = context.state["open"].model
    before = model.a.weight.clone()
    report = training_step(context, RunStep(lr=0.5))
    assert report.state_restored
    assert all(row.moved for row in report.parameters)
    assert torch.equal(model.a.weight, before)
    assert context.state["open"].model is model


def test_that_what_could_not_be_put_back_is_said_and_the_model_is_made_anew(context, tmp_path, monkeypatch) -> None:
    file = tmp_path / "model.py"
    file.write_text(HEAD + PLAIN, encoding="utf-8")
    open_target(context, OpenTarget(str(file)))
    model = context.state["open"].model
    restore = ModelState.restore
    monkeypatch.setattr(ModelState, "restore", lambda state: [*restore(state), "a.weight"])
    assert not training_step(context, RunStep()).state_restored
    assert context.state["open"].model is not model
