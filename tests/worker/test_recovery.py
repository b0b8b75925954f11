"""After the first mismatch a pass goes on: every one with a cause of its own is told, and what follows from it is not."""

import threading

import pytest
import torch
from torch import nn

from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.input_values import SampleInput
from torchloupe.worker.recovery.other_sizes import other_sizes
from torchloupe.worker.recovery.recovering import MOST_MISMATCHES

from .conftest import MODELS

BROKEN = sorted(path.stem for path in (MODELS / "mismatches").glob("*.py"))
HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n"


def marked_lines(path):
    """The lines that do not fit by the word of whoever wrote them."""
    return [number for number, line in enumerate(path.read_text().splitlines(), 1) if "# mismatch" in line]


def errors_of(report):
    return [problem for problem in report.problems if problem.severity == "error"]


@pytest.fixture
def told(context, tmp_path):
    """The problems of a model whose constructor and forward are given as lines, by layer or operation."""

    def run(init, lines, inputs="", **request):
        source = HEAD + "".join(f"        {line}\n" for line in ["super().__init__()", *init])
        source += "\n    def forward(self, x):\n" + "".join(f"        {line}\n" for line in lines)
        if inputs:
            source += f"\n\ndef example_inputs():\n    return ({inputs},)\n"
        (tmp_path / "net.py").write_text(source)
        open_target(context, OpenTarget(f"{tmp_path / 'net.py'}:Net"))
        report = forward(context, RunForward(**request))
        assert report.state_restored
        return report.problems

    return run


def names(problems):
    return [problem.data.get("operation") or problem.module for problem in problems]


def consequences(problem):
    return [row["module"] for row in problem.data.get("consequences", ())]


@pytest.mark.parametrize("name", BROKEN)
def test_that_every_mismatch_with_a_cause_of_its_own_is_told_with_its_line(name, run):
    _, report = run(f"mismatches/{name}")
    assert [problem.line for problem in errors_of(report)] == marked_lines(MODELS / "mismatches" / f"{name}.py")
    assert report.state_restored


@pytest.mark.parametrize("name", ["classifier", "towers", "tagger", "attention", "norm_after_norm", "channels_last"])
def test_that_the_same_is_found_without_data(name, run):
    _, report = run(f"mismatches/{name}", shapes_only=True)
    assert [problem.line for problem in errors_of(report)] == marked_lines(MODELS / "mismatches" / f"{name}.py")


def test_that_there_are_models_enough_with_several_mismatches():
    counts = [len(marked_lines(MODELS / "mismatches" / f"{name}.py")) for name in BROKEN]
    assert len(counts) >= 12
    assert all(2 <= count <= 4 for count in counts)


def test_that_what_follows_is_kept_with_its_cause(run):
    _, report = run("mismatches/attention")
    queries, out = report.problems
    assert [(row["module"], row["code"]) for row in queries.data["consequences"]] == [
        ("k", "shape-mismatch"),
        ("v", "shape-mismatch"),
        ("", "broadcast-mismatch"),
    ]
    assert consequences(out) == []


def test_that_each_fix_was_tried_with_the_others_repaired(run):
    _, report = run("mismatches/classifier")
    assert {(fix.verified, fix.outcome) for fix in (problem.fixes[0] for problem in report.problems)} == {
        (True, "this layer is passed; with the other mismatches repaired, too, the model runs to its end")
    }


def test_that_all_fixes_together_are_tried_too(run):
    _, report = run("mismatches/classifier")
    assert report.problems[0].data["runs_with_all_fixes"]
    assert report.problems[0].hint.endswith("With the fixes of these 3 mismatches together the model runs to its end.")


def test_that_it_is_not_said_where_a_mismatch_has_no_fix_that_was_tried(told):
    lines = ["x = torch.einsum('ij,jk->ik', x, torch.ones(9, 6))", "return self.fc(x)"]
    first, _ = told(["self.fc = nn.Linear(5, 4)"], lines, "torch.ones(3, 6)")
    assert "runs_with_all_fixes" not in first.data


def test_that_the_repairs_of_operations_are_tried_with_the_others_repaired(run):
    _, report = run("mismatches/dot_product")
    product, view, _ = report.problems
    (turned,), (reshaped, *_) = product.fixes, view.fixes
    assert (turned.value, reshaped.value) == ("torch.matmul(q, k.transpose(-2, -1))", "x.reshape(2, 7, 32)")
    for fix in (turned, reshaped):
        assert fix.verified
        assert fix.outcome == "this operation is passed; with the other mismatches repaired, too, the model runs to its end"
        assert fix.patch


def test_that_a_parameter_of_the_users_own_gets_the_shape_that_fits(run):
    _, report = run("mismatches/own_weights")
    fixes = [problem.fixes[0] for problem in report.problems]
    assert [(fix.kind, fix.module, fix.argument, fix.value, fix.verified) for fix in fixes] == [
        ("set_shape", "", "matrix", [12, 8], True),
        ("set_shape", "", "offset", [8], True),
        ("set_shape", "scale", "gain", [8, 1], True),
    ]
    assert "[16, 8] from the parameter `matrix` (line 11)" in report.problems[0].message
    assert [next(line for line in fix.patch.splitlines() if line.startswith("+ ")).strip("+ ") for fix in fixes] == [
        "self.matrix = nn.Parameter(torch.randn(12, 8) * 0.1)",
        "self.offset = nn.Parameter(torch.zeros(8))",
        "self.gain = nn.Parameter(torch.ones(8, 1))",
    ]
    assert report.problems[0].data["runs_with_all_fixes"] is True


def test_that_the_repair_of_the_only_operation_makes_the_model_run(told):
    (problem,) = told(["pass"], ["return torch.matmul(x, x)"], "torch.ones(2, 3, 4)")
    assert (problem.fixes[0].verified, problem.fixes[0].outcome) == (True, "the model runs to its end")


def test_that_calls_behind_the_first_failure_are_told_as_assumed_and_pointed_at(run, context):
    _, report = run("mismatches/classifier")
    assert [problem.call for problem in report.problems] == [2, 3, 4]
    assert {call.status for call in report.assumed} == {"assumed"}
    named = {call.index: call.module for call in report.assumed}
    assert [named[problem.call] for problem in report.problems] == [problem.module for problem in report.problems]
    ended = {call.index for event in context.events for call in getattr(event, "calls", ()) if call.status == "done"}
    assert not ended & named.keys()


def test_that_the_model_is_as_it_was_afterwards(run, context):
    before = nn.Module.__call__
    _, report = run("mismatches/towers")
    model = context.state["open"].model
    assert report.state_restored
    assert (model.user[2].in_features, model.item[1].num_features, model.out.in_features) == (18, 14, 16)
    assert int(model.item[1].num_batches_tracked) == 0
    assert nn.Module.__call__ is before
    assert len(forward(context, RunForward()).problems) == 4


def test_that_a_failure_that_the_model_catches_is_none(told):
    lines = ["try:", "    x = self.one(x)", "except RuntimeError:", "    x = self.two(x)", "return self.out(x)"]
    init = ["self.one = nn.Linear(5, 4)", "self.two = nn.Linear(6, 4)", "self.out = nn.Linear(3, 2)"]
    assert names(told(init, lines, "torch.ones(2, 6)")) == ["out"]


def test_that_a_caught_failure_between_two_others_is_none(told):
    lines = ["x = self.one(x)", "try:", "    x = self.two(x)", "except RuntimeError:", "    pass", "return self.out(x)"]
    init = ["self.one = nn.Linear(5, 4)", "self.two = nn.Linear(6, 4)", "self.out = nn.Linear(3, 2)"]
    assert names(told(init, lines, "torch.ones(2, 7)")) == ["one", "out"]


def test_that_an_error_of_another_kind_ends_it(told):
    lines = ["x = self.one(x)", "raise KeyError('colour')"]
    (problem,) = told(["self.one = nn.Linear(5, 4)"], lines, "torch.ones(2, 7)")
    assert (problem.code, problem.module) == ("shape-mismatch", "one")
    assert problem.fixes[0].outcome == "this layer is passed, then KeyError: 'colour'"


def test_that_nothing_is_taken_further_after_a_failure_that_is_no_mismatch(told):
    (problem,) = told(["self.one = nn.Linear(5, 4)"], ["x.colour", "return self.one(x)"], "torch.ones(2, 7)")
    assert problem.code == "forward-failed"


def test_that_a_sum_of_which_either_size_may_be_meant_blames_nobody_after_it(told):
    init = ["self.two = nn.Linear(6, 8)", "self.out = nn.Linear(8, 2)", "self.other = nn.Linear(6, 2)"]
    lines = ["x = x + self.two(x)", "return self.out(x), self.other(x)"]
    (problem,) = told(init, lines, "torch.ones(2, 6)")
    assert problem.code == "broadcast-mismatch"
    assert len(consequences(problem)) == 1


def test_that_a_worked_out_input_blames_nobody_for_a_size_that_it_brought(told):
    init = ["self.conv = nn.Conv2d(3, 8, 3)", "self.norm = nn.BatchNorm2d(9)", "self.fc = nn.Linear(8 * 6 * 6, 5)"]
    lines = ["x = self.norm(self.conv(x))", "return self.fc(x.flatten(1))"]
    errors = [problem for problem in told(init, lines) if problem.severity == "error"]
    assert names(errors) == ["norm"]
    assert names(told(init, lines, "torch.ones(2, 3, 8, 8)")) == ["norm"]


def test_that_a_worked_out_input_still_finds_what_does_not_depend_on_it(told):
    init = ["self.conv = nn.Conv2d(3, 8, 3)", "self.norm = nn.BatchNorm2d(9)", "self.fc = nn.Linear(12, 5)"]
    lines = ["x = self.norm(self.conv(x))", "return self.fc(x.mean((2, 3)))"]
    assert names([problem for problem in told(init, lines) if problem.severity == "error"]) == ["norm", "fc"]


def test_that_a_layer_that_is_called_again_is_told_once(told):
    lines = ["for _ in range(3):", "    x = self.again(x)", "return x"]
    (problem,) = told(["self.again = nn.Linear(5, 7)"], lines, "torch.ones(2, 7)")
    assert consequences(problem) == ["again"]


def test_that_there_is_an_end_to_what_is_told(told):
    init = [f"self.part{number} = nn.Linear({number + 5}, 3)" for number in range(40)]
    lines = [*(f"x = self.part{number}(x)" for number in range(40)), "return x"]
    problems = told(init, lines, "torch.ones(2, 4)")
    assert len(problems) == MOST_MISMATCHES


def test_that_threads_of_the_model_are_left_alone(told):
    lines = ["import threading", "one = threading.Thread(target=self.fits, args=(x,))", "one.start()", "one.join()"]
    init = ["self.fits = nn.Linear(4, 4)", "self.one = nn.Linear(5, 3)", "self.two = nn.Linear(4, 3)"]
    assert names(told(init, [*lines, "return self.two(self.one(x))"], "torch.ones(2, 4)")) == ["one"]
    assert threading.active_count() == 1


def test_that_a_cancel_stops_it(run, context):
    context.raise_if_requested = Stops(context)
    with pytest.raises(KeyboardInterrupt):
        run("mismatches/classifier")
    assert context.state["open"].model.hidden.in_features == 1024


class Stops:
    """Asks for a cancel once the pass itself is over."""

    def __init__(self, context):
        self.context = context

    def __call__(self):
        if len(self.context.calls) >= 3:
            raise KeyboardInterrupt


def test_that_an_input_is_made_longer_in_one_dimension_after_the_other():
    given = SampleInput((torch.zeros(2, 3, 8), torch.zeros(2, 8)), {"mask": torch.zeros(2, 3)}, "given")
    shapes = [[tuple(tensor.shape) for tensor in (*other.positional, *other.keywords.values())] for other in other_sizes(given)]
    assert shapes == [
        [(2, 5, 8), (2, 8), (2, 5)],
        [(2, 3, 12), (2, 8), (2, 3)],
        [(2, 3, 8), (2, 12), (2, 3)],
    ]


def test_that_a_model_prints_no_more_than_in_the_pass_itself(told, capsys):
    told(
        ["self.one = nn.Linear(5, 4)", "self.two = nn.Linear(6, 4)"], ["print('once')", "return self.two(x)"], "torch.ones(2, 7)"
    )
    alone = capsys.readouterr().out.count("once")
    told(
        ["self.one = nn.Linear(5, 4)", "self.two = nn.Linear(6, 4)"],
        ["print('once')", "return self.two(self.one(x))"],
        "torch.ones(2, 7)",
    )
    assert capsys.readouterr().out.count("once") == alone


def test_that_one_change_that_does_away_with_several_is_the_fix_of_the_first(told):
    init = ["self.one = nn.Conv2d(3, 5, 1)", "self.two = nn.Conv2d(7, 4, 1)", "self.three = nn.Conv2d(11, 4, 1)"]
    lines = ["x = torch.cat([x, self.one(x)], 1)", "x = torch.cat([x, self.two(x)], 1)", "return self.three(x)"]
    (problem,) = told(init, lines, "torch.ones(2, 3, 4, 4)")
    better, own, other = problem.fixes
    assert (better.module, better.argument, better.value, better.verified) == ("one", "out_channels", 4, True)
    assert better.outcome == "this mismatch is gone, and with it one that follows from it"
    assert (own.module, own.value, own.outcome) == ("two", 8, "with `in_channels=12` of `three` the model runs to its end")
    assert (other.module, other.value, other.verified) == ("three", 12, True)
    assert consequences(problem) == ["three"]
    assert problem.hint.startswith("Set `out_channels=4` of `one` (Conv2d) at line 9. That repairs what follows from it, too.")


def test_that_a_state_of_another_width_may_be_the_width_that_is_meant(told):
    init = ["self.rnn = nn.LSTM(6, 10, batch_first=True)", "self.out = nn.Linear(8, 3)"]
    lines = ["state = torch.zeros(1, 2, 8)", "return self.out(self.rnn(x, (state, state))[0])"]
    (problem,) = told(init, lines, "torch.ones(2, 7, 6)")
    assert (problem.code, problem.fixes[0].argument, problem.fixes[0].value) == ("rnn-state-shape", "hidden_size", 8)
    assert consequences(problem) == ["out"]


def test_that_two_mismatches_that_no_single_change_repairs_stay_two(told):
    init = ["self.one = nn.Linear(6, 8)", "self.two = nn.Linear(9, 8)", "self.three = nn.Linear(10, 8)"]
    problems = told(init, ["return self.three(self.two(self.one(x)))"], "torch.ones(2, 6)")
    assert names(problems) == ["two", "three"]
    assert [[fix.argument for fix in problem.fixes] for problem in problems] == [["in_features"], ["in_features"]]


def test_that_parts_of_a_layer_of_torch_are_told_one_by_one(told):
    init = [
        "self.body = nn.TransformerDecoderLayer(8, 2, 16, batch_first=True)",
        "self.body.linear1 = nn.Linear(9, 16)",
        "self.body.norm3 = nn.LayerNorm(7)",
    ]
    assert names(told(init, ["return self.body(x, x)"], "torch.ones(2, 5, 8)")) == ["body.linear1", "body.norm3"]


@pytest.mark.parametrize(
    ("channels", "inputs", "name", "axis"),
    [(1, "torch.ones(4, 8, 8)", "channel", 1), (3, "torch.ones(3, 8, 8)", "batch", 0)],
)
def test_that_an_input_that_lacks_a_dimension_is_to_blame_and_no_layer(channels, inputs, name, axis, told):
    init = [f"self.conv = nn.Conv2d({channels}, 8, 3, padding=1)", "self.fc = nn.Linear(8 * 8 * 8, 10)"]
    (problem,) = told(init, ["return self.fc(self.conv(x).flatten(1))"], inputs)
    assert problem.code == "missing-dimension"
    assert f"lacks the {name} dimension" in problem.message
    assert [(fix.value, fix.verified, fix.outcome) for fix in problem.fixes] == [
        ({"unsqueeze": axis}, True, "the model runs to its end")
    ]


def test_that_an_input_is_not_blamed_where_a_dimension_more_does_not_help(told):
    init = ["self.conv = nn.Conv2d(3, 8, 3, padding=1)", "self.fc = nn.Linear(9, 10)"]
    (problem,) = told(init, ["return self.fc(self.conv(x).mean((-1, -2)))"], "torch.ones(3, 8, 8)")
    assert (problem.code, problem.module) == ("shape-mismatch", "fc")


def test_that_nobody_goes_on_from_a_picture_of_which_the_dimensions_are_in_doubt(told):
    init = ["self.conv = nn.Conv2d(1, 8, 3, padding=1)", "self.fc = nn.Linear(9, 10)"]
    (problem,) = told(init, ["return self.fc(self.conv(x).flatten(1))"], "torch.ones(4, 8, 8)")
    assert (problem.code, problem.module) == ("shape-mismatch", "conv")


@pytest.mark.parametrize("between", ["", "torch.relu", "self.pool"])
def test_that_a_map_as_wide_as_the_channels_that_are_wanted_is_no_layout(told, between):
    side = 32 if between == "self.pool" else 16
    init = ["self.c1, self.c2 = nn.Conv2d(3, 32, 3, padding=1), nn.Conv2d(16, 8, 3)", "self.pool = nn.MaxPool2d(2)"]
    (problem,) = told(init, [f"return self.c2({between}(self.c1(x)))"], f"torch.rand(2, 3, {side}, {side})")
    assert (problem.code, problem.fixes[0].argument, problem.fixes[0].value) == ("shape-mismatch", "in_channels", 32)
