"""What a step is made with: losses with targets, optimizers with arguments, several steps, buffers."""

import math

import pytest
import torch

from torchloupe.wire.errors import UsageError
from torchloupe.wire.optimizers import ListOptimizers
from torchloupe.wire.steps import RunStep
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import HANDLERS, training_step
from torchloupe.worker.step import training
from worker.step_zoo import LOSS, PLAIN, X, net, trained

TOKENS = net("return self.b(self.a(x))", inputs="def example_inputs():\n    return (torch.randn(2, 5, 6),)\n")
ONE = net("return self.c(self.a(x))", "self.c = nn.Linear(6, 1)")
NORM = net("return self.b(self.n(self.a(x)))", "self.n = nn.BatchNorm1d(6)")


def moved(report):
    return all(row.moved for row in report.parameters)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "l1", "bce"])
def test_that_a_loss_makes_its_own_targets_that_fit_and_the_same_each_time(step, loss: str) -> None:
    first, again = (step(PLAIN, loss=loss, optimizer="AdamW", lr=0.01) for _ in range(2))
    assert moved(first)
    assert first.loss_before == again.loss_before
    assert first.loss_source.endswith("with random targets")
    assert first.loss_after < first.loss_before
    assert first.problems == ()


def test_that_classes_of_tokens_stand_in_the_last_axis(step) -> None:
    report = step(TOKENS, loss="cross_entropy", target="int64[2,5]<3")
    assert moved(report)
    assert report.loss_before == pytest.approx(math.log(3), rel=0.5)
    assert report.loss_source == "cross entropy with int64[2,5]<3"


def test_that_a_target_says_where_the_classes_stand(step) -> None:
    source = TOKENS.replace("return self.b(self.a(x))", "return self.b(self.a(x)).transpose(1, 2)")
    report = step(source, loss="cross_entropy", target="int64[2,5]<3")
    assert moved(report)
    assert report.loss_before == pytest.approx(math.log(3), rel=0.5)


def test_that_the_models_own_loss_is_nobodys_choice(step) -> None:
    own = (
        "class Output(dict):\n    loss = None\n"
        + net("out = Output(y=self.b(self.a(x)))\nout.loss = (self.b(self.a(x)) * 1e4).pow(2).mean()\nreturn out")
        + "\ndef make_optimizer(params):\n    return torch.optim.SGD(params, lr=10.0)\n"
    )
    report = step(own, steps=3)
    assert report.loss_source == "the model's own .loss"
    assert "diverging-step" in {problem.code for problem in report.problems}


def test_that_shares_are_compared_as_shares_and_scores_as_scores(step) -> None:
    source = ONE + "\ndef example_targets():\n    return torch.zeros(8, 1)\n"
    scores = step(source, loss="bce")
    shares = step(source.replace("return self.c(self.a(x))", "return self.c(self.a(x)).sigmoid()"), loss="bce")
    assert scores.loss_before == pytest.approx(shares.loss_before, rel=1e-5)


def test_that_targets_come_from_the_file(step, tmp_path) -> None:
    source = PLAIN + "\ndef example_targets():\n    return torch.full((8,), 2)\n"
    assert step(source, loss="cross_entropy").loss_source == "cross entropy with example_targets()"
    torch.save(torch.ones(8, dtype=torch.long), tmp_path / "y.pt")
    assert step(source, loss="cross_entropy", target=str(tmp_path / "y.pt")).loss_source.endswith("y.pt")


def test_that_a_target_that_does_not_fit_is_a_finding_about_the_loss(step) -> None:
    report = step(PLAIN, loss="cross_entropy", target="int64[3]<3")
    assert [each.code for each in report.problems] == ["loss-shape-mismatch"] or "wants as many targets" in report.problems[
        0
    ].message
    quiet = step(ONE, loss="mse", target="float32[8]")
    assert any("(8" in each.message or "[8" in each.message for each in quiet.problems), quiet.problems


def test_that_a_single_number_has_no_classes(step) -> None:
    with pytest.raises(CouldNotRun, match="a score for each class"):
        step(ONE, loss="cross_entropy")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"loss": "hinge"}, "no loss `hinge`"),
        ({"target": "int64[8]<3"}, "A target needs a loss"),
        ({"loss": "mean", "target": "int64[8]<3"}, "`mean` takes no target"),
        ({"loss": "mse", "target": "int64["}, "int64"),
        ({"optimizer": "Sdg"}, "no optimizer `Sdg`"),
        ({"optimizer": "SGD", "optimizer_arguments": {"mom": 1}}, "SGD refuses its arguments"),
        ({"optimizer": "AdamW", "optimizer_arguments": {"betas": [2, 3]}}, "AdamW refuses its arguments"),
        ({"autocast": "float8"}, "Autocast knows no `float8`"),
    ],
)
def test_that_a_choice_that_cannot_be_is_one_sentence(step, request_, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        step(PLAIN, **request_)


def test_that_an_optimizer_takes_arguments_and_lists_stand_for_tuples(step) -> None:
    decayed = step(PLAIN, optimizer="SGD", lr=0.1, optimizer_arguments={"momentum": 0.9, "weight_decay": 0.5})
    assert {row.weight_decay for row in decayed.parameters} == {0.5}
    assert moved(step(PLAIN, optimizer="AdamW", optimizer_arguments={"betas": [0.5, 0.9]}))


def test_that_choices_of_a_person_count_as_chosen(step) -> None:
    far = step(PLAIN + LOSS, optimizer="SGD", lr=1e4)
    assert [each.code for each in far.problems] == ["diverging-step"]
    assert step(PLAIN + LOSS, lr=1e4).problems == ()  # plain descent that nobody asked for
    assert step(PLAIN, optimizer="SGD", lr=1e4).problems == ()  # a loss that nobody asked for


@pytest.mark.parametrize("loss", ["cross_entropy", None])
def test_that_gradients_of_several_passes_are_summed_before_the_step(step, loss) -> None:
    one, four = (step(PLAIN, loss=loss, optimizer="SGD", lr=0.1, accumulate=count) for count in (1, 4))
    assert sum(each.kind == "backward" for each in four.events) == 4
    assert [row.update_norm for row in four.parameters] == pytest.approx([row.update_norm for row in one.parameters], rel=1e-4)
    assert four.loss_before == pytest.approx(one.loss_before)


def test_that_autocast_computes_the_loss_in_the_other_type(step) -> None:
    plain, narrow = (step(PLAIN, optimizer="SGD", autocast=dtype) for dtype in (None, "bfloat16"))
    assert narrow.loss_before != plain.loss_before
    assert narrow.loss_before == pytest.approx(plain.loss_before, rel=0.05)
    assert moved(narrow)


def test_that_the_files_own_step_gives_way_to_what_is_asked_for(step) -> None:
    source = PLAIN + trained()
    assert step(source).loss_source == "train_step"
    for asked in ({"accumulate": 2}, {"autocast": "bfloat16"}, {"optimizer": "SGD"}, {"loss": "mean"}):
        assert step(source, **asked).loss_source != "train_step"


# several steps


def test_that_each_of_several_steps_is_a_moment_with_its_loss_and_its_updates(step) -> None:
    report = step(PLAIN + LOSS, optimizer="SGD", lr=0.1, steps=4)
    assert len(report.moments) == 4
    losses = [moment.loss for moment in report.moments]
    assert losses[0] == pytest.approx(report.loss_before)
    assert losses == sorted(losses, reverse=True)
    for moment in report.moments:
        assert len(moment.update_ratios) == len(moment.grad_norms) == len(report.parameters)
        assert all(ratio > 0 for ratio in moment.update_ratios)
    assert step(PLAIN + LOSS).moments == ()


def test_that_the_steps_of_a_train_step_are_moments_too(step) -> None:
    report = step(PLAIN + trained(), steps=3)
    assert [round(moment.loss, 6) for moment in report.moments] == [
        round(each.value, 6) for each in report.events if each.kind == "backward"
    ]


def test_that_the_sum_of_the_moments_is_where_the_weight_is(step) -> None:
    one, three = (step(PLAIN + LOSS, optimizer="SGD", lr=0.1, steps=count) for count in (1, 3))
    assert three.moments[0].update_ratios == pytest.approx([row.update_ratio for row in one.parameters], rel=1e-5)
    total = sum(moment.update_ratios[0] for moment in three.moments)
    assert three.parameters[0].update_ratio <= total * 1.01


# buffers


def test_that_running_statistics_are_seen_to_move(step) -> None:
    report = step(NORM + LOSS)
    rows = {each.key: each for each in report.buffers}
    assert set(rows) == {"n.running_mean", "n.running_var", "n.num_batches_tracked"}
    assert all(each.moved and not each.frozen for each in rows.values())
    assert rows["n.running_var"].update_ratio > 0
    assert report.state_restored


def test_that_those_of_a_frozen_layer_say_so_and_those_in_eval_mode_rest(step) -> None:
    source = NORM.replace("nn.BatchNorm1d(6)", "nn.BatchNorm1d(6).requires_grad_(False)")
    assert {(each.moved, each.frozen) for each in step(source + LOSS).buffers} == {(True, True)}
    assert {each.moved for each in step(source + LOSS, mode="eval").buffers} == {False}


def test_that_a_buffer_that_is_made_anew_is_compared_by_its_name(step) -> None:
    source = net(
        "self.count = self.count + 1\nself.size = torch.zeros(len(x))\nreturn self.b(self.a(x))",
        "\n".join(f"self.register_buffer('{name}', torch.zeros(2))" for name in ("count", "size", "still")),
    )
    rows = {each.key: each for each in step(source + LOSS).buffers}
    assert (rows["count"].moved, rows["size"].moved, rows["still"].moved) == (True, True, False)
    assert rows["count"].changed_fraction == 1.0


def test_that_a_model_without_buffers_has_no_rows(step) -> None:
    assert step(PLAIN + LOSS).buffers == ()
    assert X


# keeping it


def values(context):
    return {key: each.clone() for key, each in context.state["open"].model.state_dict().items()}


def test_that_a_step_that_is_kept_leaves_its_values_and_nothing_else(step, context) -> None:
    source = NORM + LOSS
    first = step(source, optimizer="SGD", lr=0.1, keep=True)
    model = context.state["open"].model
    assert first.kept
    assert all(each.grad is None for each in model.parameters())
    after = training_step(context, RunStep(optimizer="SGD", lr=0.1))
    assert after.loss_before == pytest.approx(first.loss_after, rel=1e-4)
    assert not after.kept
    assert after.buffers[0].norm > 0  # the statistics of the first step


def test_that_a_step_that_is_not_kept_leaves_nothing(step, context) -> None:
    step(NORM + LOSS)
    before = values(context)
    assert not training_step(context, RunStep(optimizer="SGD", lr=0.1, steps=2)).kept
    assert all(torch.equal(each, before[key]) for key, each in values(context).items())


def test_that_a_step_that_fails_is_not_kept(step, context) -> None:
    report = step(PLAIN + "\ndef loss_fn(y):\n    raise RuntimeError('no')\n", keep=True)
    assert report.problems
    assert not report.kept


def test_that_the_optimizers_of_torch_are_listed_with_their_keywords(context) -> None:
    found = {each.name: each for each in HANDLERS[ListOptimizers](context, ListOptimizers()).classes}
    assert {"SGD", "Adam", "AdamW", "LBFGS"} <= set(found)
    arguments = {each.name: each.default for each in found["AdamW"].arguments}
    assert arguments["betas"] == "(0.9, 0.999)"
    assert "params" not in arguments
    assert "Optimizer" not in found


def test_that_a_loss_that_took_long_is_not_worked_out_again(step, monkeypatch) -> None:
    monkeypatch.setattr(training, "MOST_SECONDS_AGAIN", 0.0)
    report = step(PLAIN + LOSS)
    assert report.loss_before is not None
    assert report.loss_after is None
    assert step(PLAIN + LOSS, steps=2).loss_after is not None  # of several steps the last one


# the way of the gradient


def way(report):
    return next(each.data["gradient_path"] for each in report.problems if "gradient_path" in each.data)


def test_that_the_way_of_the_gradient_ends_at_the_cut(step) -> None:
    deep = "self.c = nn.Sequential(nn.Linear(6, 6), nn.ReLU())"
    report = step(net("h = self.c(self.a(x)).detach()\nreturn self.b(h)", deep) + trained())
    told = way(report)
    assert told["arrives"] == ["the loss", "b"]
    assert told["ends_at"] == "detach"
    assert told["unreached"] == ["c.1", "c.0", "a"]


def test_that_what_never_leads_to_the_loss_has_no_way_from_there(step) -> None:
    report = step(net("self.c(x).sum()\nreturn self.b(self.a(x))", "self.c = nn.Linear(6, 1)") + LOSS)
    told = way(report)
    assert told["arrives"] == []
    assert told["unreached"] == ["c"]


def test_that_a_gradient_of_zero_ends_where_the_zeros_are_made(step) -> None:
    told = way(step(net("h = F.relu(self.a(x) - 100)\nreturn self.b(h)") + trained()))
    assert told["arrives"] == ["the loss", "b"]
    assert told["unreached"] == ["the model's own forward", "a"]


def test_that_a_way_is_told_where_the_reason_lies_on_it_alone(step) -> None:
    report = step(net("return self.b(self.a(x))") + trained("model.b.parameters()"))
    assert report.problems
    assert all("gradient_path" not in each.data for each in report.problems)


# several steps


def test_that_a_step_that_computes_the_loss_often_has_the_first_of_them(step) -> None:
    report = step(PLAIN + LOSS, optimizer="LBFGS", steps=3)
    backward = [each.value for each in report.events if each.kind == "backward"]
    assert len(backward) > 3
    assert report.moments[0].loss == backward[0] == report.loss_before
    assert report.moments[1].loss not in backward[:3]
    assert report.moments[1].loss in backward


def test_that_layers_that_were_replaced_have_numbers_for_their_own_steps_alone(step) -> None:
    replacing = "    model.b, model.c = nn.Linear(6, 3), nn.Linear(2, 2)\n"
    report = step(PLAIN + trained().replace("    optimizer = ", f"{replacing}    optimizer = "), steps=3)
    keys = [row.key for row in report.parameters]
    assert keys == ["a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias"]
    assert {len(moment.update_ratios) for moment in report.moments} == {6}
    assert all(moment.update_ratios[0] for moment in report.moments)
    assert not any(moment.update_ratios[4] for moment in report.moments)


def test_that_a_weight_from_zero_has_no_share_of_its_norm(step) -> None:
    report = step(net("return self.b(self.a(x)) * self.s", "self.s = nn.Parameter(torch.zeros(3))") + LOSS, loss="sum", steps=2)
    first, second = ([moment.update_ratios[0]] for moment in report.moments)
    assert report.parameters[0].key == "s"
    assert first == [None]
    assert second[0] is not None


def test_that_optimizers_that_step_after_one_backward_pass_are_one_moment(step) -> None:
    both = (
        "\ndef make_optimizer(model):\n    return [torch.optim.SGD(each.parameters(), lr=0.1) for each in (model.a, model.b)]\n"
    )
    report = step(PLAIN + LOSS + both, steps=2)
    assert len(report.moments) == 2
    assert all(ratio for moment in report.moments for ratio in moment.update_ratios)
    assert [moment.loss for moment in report.moments] == [each.value for each in report.events if each.kind == "backward"]


def test_that_a_head_of_zeros_gives_scores_not_shares(step) -> None:
    source = net(
        "return self.c(self.a(x))", "self.c = nn.Linear(6, 1)\nnn.init.zeros_(self.c.weight)\nnn.init.zeros_(self.c.bias)"
    )
    assert step(source, loss="bce").loss_before == pytest.approx(math.log(2))
