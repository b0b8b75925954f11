"""Training code as people write it: scalers, schedulers, fused and foreach optimizers, wrappers, hooks, many epochs, files."""

import threading

import pytest
import torch

from torchloupe.wire.problems import ERROR, INFO
from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.steps import SCALE, SCHEDULE, STEP, RunStep
from torchloupe.worker.cancel import Cancel, Cancelled
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import open_target, training_step
from worker.step_zoo import HEAD, LOSS, PLAIN, X, net, trained


def serious(report):
    return [(each.code, each.message) for each in report.problems if each.severity != INFO]


def assert_clean(report):
    assert serious(report) == []
    assert all(row.moved for row in report.parameters)
    assert report.state_restored


SCALED = """
def train_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale={scale})
    optimizer.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        loss = {loss}
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    return loss
"""
GOOD = "model(*example_inputs()).float().pow(2).mean()"


def test_that_a_scaler_is_told_in_the_order_of_its_calls(step) -> None:
    report = step(PLAIN + SCALED.format(scale=8.0, loss=GOOD))
    assert_clean(report)
    assert [each.what for each in report.events if each.kind == SCALE] == ["unscale_", "step", "update"]


def test_that_a_step_that_the_scaler_left_out_is_said_and_is_no_alarm(step) -> None:
    report = step(PLAIN + SCALED.format(scale="3e38", loss=f"{GOOD} * 1e3"))
    assert STEP not in {each.kind for each in report.events}
    assert {row.reason for row in report.parameters} == {"nan-gradient"}
    assert "scaler left this step out" in report.parameters[0].text
    assert not [each for each in serious(report) if each[0] == "weight-not-moved"]


STRICT = """

def loss_fn(outputs, plain=loss_fn):
    loss = plain(outputs)
    assert loss < 50
    return loss
"""
REFUSED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 1)

    def forward(self, x):
        return torch.sqrt(self.a(x) - 9)


def example_inputs():
    return torch.randn(6, 4)


def loss_fn(outputs):
    return F.binary_cross_entropy(outputs{repaired}, torch.ones_like(outputs))
"""


def test_that_a_step_that_fails_on_nan_says_where_it_comes_from(step) -> None:
    failed, origin = step(REFUSED.format(repaired="")).problems
    assert failed.code == "step-failed"
    assert "between 0 and 1" in failed.message
    assert origin.code == "nan-origin"
    assert "`sqrt`: the root of" in origin.message
    assert origin.message.endswith("With finite values there it does not fail.")
    assert (origin.fixes[0].verified, origin.fixes[0].outcome) == (True, "every value is finite then")


def test_that_a_repair_with_which_the_step_fails_elsewhere_is_not_told_as_one_that_works(step) -> None:
    also = REFUSED.format(repaired="") + STRICT
    _, origin = step(also).problems
    assert "`sqrt`: the root of" in origin.message
    assert (origin.fixes[0].verified, origin.fixes[0].outcome) == (False, "")


def test_that_a_step_that_fails_for_another_reason_says_nothing_of_nan(step) -> None:
    (failed,) = step(REFUSED.format(repaired=".nan_to_num(0.5) + 7")).problems
    assert "between 0 and 1" in failed.message


@pytest.mark.parametrize("arguments", ["fused=True", "foreach=True", "foreach=False", "amsgrad=True", "capturable=False"])
def test_that_every_way_an_optimizer_computes_is_seen(step, arguments: str) -> None:
    assert_clean(
        step(PLAIN + LOSS + f"\ndef make_optimizer(params):\n    return torch.optim.AdamW(params, lr=1e-2, {arguments})\n")
    )


@pytest.mark.parametrize("kind", ["LBFGS", "Adagrad", "RMSprop", "Rprop", "NAdam", "Adafactor", "Adamax"])
def test_that_other_optimizers_of_torch_are_seen(step, kind: str) -> None:
    if not hasattr(torch.optim, kind):
        pytest.skip("this torch has no such optimizer")
    assert_clean(step(PLAIN + LOSS, optimizer=kind))


def test_that_an_optimizer_of_the_users_own_is_seen(step) -> None:
    own = """
class Own(torch.optim.Optimizer):
    def __init__(self, params):
        super().__init__(params, {"lr": 0.1})
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for each in group["params"]:
                each.sub_(group["lr"] * each.grad.sign())

def make_optimizer(params):
    return Own(params)
"""
    report = step(PLAIN + LOSS + own)
    assert_clean(report)
    assert report.optimizer == "Own"


def test_that_schedulers_are_told_and_a_warm_up_that_starts_above_zero_is_clean(step) -> None:
    source = PLAIN + trained().replace(
        "    optimizer.step()\n",
        "    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: (s + 1) / 10)\n    optimizer.step()\n    schedule.step()\n",
    )
    report = step(source)
    assert_clean(report)
    assert [each.what for each in report.events if each.kind == SCHEDULE] == ["LambdaLR"]


def test_that_a_wrapped_model_is_trained_as_the_model(step) -> None:
    source = PLAIN + trained(loss="nn.DataParallel(model)(*example_inputs()).pow(2).mean()")
    assert_clean(step(source))


def test_that_a_model_that_is_wrapped_itself_has_the_keys_of_the_wrapper(step) -> None:
    report = step(PLAIN + LOSS + "\ndef make_model():\n    return nn.DataParallel(Net())\n")
    assert {row.key for row in report.parameters} == {f"module.{each}" for each in ("a.weight", "a.bias", "b.weight", "b.bias")}
    assert_clean(report)


@pytest.mark.filterwarnings("ignore")  # what the compiler says while it is imported
def test_that_a_compiled_model_is_trained_as_it_was_written(step) -> None:
    assert_clean(step(PLAIN + trained(loss="torch.compile(model)(*example_inputs()).pow(2).mean()")))


def test_that_hooks_of_the_user_run_and_what_they_do_to_a_gradient_is_seen(step) -> None:
    source = net("return self.b(self.a(x))", "self.a.weight.register_hook(lambda g: g * 0)") + trained()
    rows = {row.key: row for row in step(source).parameters}
    assert not rows["a.weight"].moved
    assert rows["b.weight"].moved


def test_that_parameters_that_share_memory_are_measured_each(step) -> None:
    source = net("return self.b(self.a(x))", "self.c = nn.Parameter(self.b.bias.data)") + LOSS
    rows = {row.key: row for row in step(source).parameters}
    assert rows["b.bias"].moved
    assert rows["c"].update_norm == pytest.approx(rows["b.bias"].update_norm)


@pytest.mark.parametrize("make", ["torch.optim.SGD([], lr=0.1)", "torch.optim.SGD(iter(()), lr=0.1)"])
def test_that_an_optimizer_without_parameters_is_one_sentence(step, make: str) -> None:
    report = step(PLAIN + LOSS + f"\ndef make_optimizer(params):\n    return {make}\n")
    assert "empty parameter list" in report.problems[0].message
    assert report.problems[0].severity == ERROR
    assert report.problems[0].line


def test_that_a_loss_of_many_numbers_is_refused_in_words(step) -> None:
    with pytest.raises(CouldNotRun, match="not one number"):
        step(PLAIN + "\ndef loss_fn(y):\n    return y\n")


def test_that_many_epochs_are_run_as_they_are_and_put_back(step) -> None:
    source = PLAIN + trained().replace(
        "    optimizer.zero_grad()", "    for _ in range(700):\n        epoch(model, optimizer)\n    optimizer.zero_grad()"
    )
    source += "\ndef epoch(model, optimizer):\n    optimizer.zero_grad()\n"
    source += "    model(*example_inputs()).pow(2).mean().backward()\n    optimizer.step()\n"
    report = step(source)
    assert_clean(report)
    assert len(report.events) == 2000  # no more are told


def test_that_a_step_that_never_ends_can_be_cancelled(context, tmp_path) -> None:
    source = PLAIN + trained().replace(
        "    loss = ", "    while True:\n        model(*example_inputs()).sum().backward()\n    loss = "
    )
    (tmp_path / "model.py").write_text(HEAD + source, encoding="utf-8")
    open_target(context, OpenTarget(str(tmp_path / "model.py")))
    context.cancel = Cancel()
    context.cancel.begin(1)
    before = {key: each.clone() for key, each in context.state["open"].model.state_dict().items()}
    timer = threading.Timer(0.3, context.cancel.request, (1, False))
    timer.start()
    with pytest.raises(Cancelled):
        training_step(context, RunStep())
    timer.join()
    assert all(torch.equal(each, before[key]) for key, each in context.state["open"].model.state_dict().items())


def test_that_files_that_a_step_writes_are_told_and_a_replay_writes_none(step, tmp_path) -> None:
    file = tmp_path / "log.txt"
    source = PLAIN + trained().replace(
        "    optimizer.step()", f"    with open({str(file)!r}, 'a') as log:\n        log.write('x')\n    optimizer.step()"
    )
    report = step(source)
    assert any("log.txt" in each and "(line " in each for each in report.side_effects)
    assert file.read_text() == "x"
    detached = source.replace("torch.tanh(self.a(x))", "torch.tanh(self.a(x)).detach()")
    assert step(detached, prove=("*",)).parameters[0].proven
    assert file.read_text() == "xx"


def test_that_a_step_that_writes_nothing_has_no_side_effects(step) -> None:
    assert step(PLAIN + LOSS).side_effects == ()
    assert X


@pytest.mark.parametrize("divided", ["", " / 4"])
def test_that_a_scaled_loss_is_told_as_it_was(step, divided: str) -> None:
    source = PLAIN + SCALED.format(scale=1024.0, loss=GOOD).replace("scale(loss)", f"scale(loss{divided})").replace(
        "return loss", f"return (loss{divided}).item()"
    )
    report = step(source.replace("torch.randn(", "torch.ones("))
    (told,) = [each.value for each in report.events if each.kind == "backward"]
    again = step(source.replace("torch.randn(", "torch.ones(").replace("init_scale=1024.0", "init_scale=1.0"))
    assert told == pytest.approx(again.loss_before)
    assert report.loss_before == told < 1024.0


def test_that_a_loss_is_divided_by_its_own_scale_alone(step) -> None:
    other = f"scaler.scale(loss).backward(retain_graph=True)\n    loss.backward()\n    (scaler.scale({GOOD}) / 2).backward()"
    report = step(PLAIN + SCALED.format(scale=8.0, loss=GOOD).replace("scaler.scale(loss).backward()", other))
    scaled, plain, half = [each.value for each in report.events if each.kind == "backward"]
    assert scaled == plain
    assert half < 2 * plain


TEACHER = net(
    "with torch.no_grad():\n"
    "    for slow, fast in zip(self.t.parameters(), self.a.parameters()):\n"
    "        slow.mul_(0.9).add_(fast, alpha=0.1)\n"
    "    told = self.t(x)\n"
    "return self.b(self.a(x)) - told[:, :3]",
    "self.t = nn.Linear(6, 6).requires_grad_({})",
)


@pytest.mark.parametrize("frozen", ["False", "True"])
@pytest.mark.parametrize("optimizer", ["SGD", "AdamW"])
def test_that_a_teacher_that_forward_averages_is_no_alarm(step, optimizer: str, frozen: str) -> None:
    report = step(TEACHER.format(frozen) + LOSS, optimizer=optimizer, steps=2)
    assert_clean(report)
    assert {row.reason for row in report.parameters if row.key.startswith("t.")} == {"written-by-code"}


def test_that_a_weight_that_learned_in_an_earlier_step_was_not_written_by_the_code(step) -> None:
    turns = f"""
def train_step(model):
    first, second = (torch.optim.SGD(each.parameters(), lr=0.1) for each in (model.a, model.b))
    {GOOD}.backward()
    first.step()
    model.zero_grad()
    model.b(model.a(*example_inputs()).detach()).pow(2).mean().backward()
    second.step()
"""
    report = step(PLAIN + turns)
    assert {row.reason for row in report.parameters} == {""}
