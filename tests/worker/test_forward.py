"""One forward pass: watched, explained, and without a trace left behind."""

import pytest
import torch

from torchloupe.wire.errors import UsageError
from torchloupe.wire.requests import FetchStats, OpenTarget, RunForward, SummaryTable
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import fetch_stats, forward, open_target, summary_table


def state_of(context):
    model = context.state["open"].model
    return {key: value.clone() for key, value in model.state_dict().items()}


def test_that_calls_come_in_execution_order_with_shapes_and_statistics(run, context):
    opened, report = run("clean_cnn")
    assert report.problems == ()
    assert [call.module for call in context.calls] == ["", "stem", "stem.0", "stem.1", "stem.2", "drop", "head"]
    assert [call.depth for call in context.calls] == [0, 1, 2, 2, 2, 1, 1]
    head = context.calls[-1]
    assert (head.inputs[0].name, head.inputs[0].shape, head.outputs[0].shape) == ("input", (2, 8), (2, 10))
    assert head.stats[0].count == 20
    assert report.outputs[0].shape == (2, 10)
    assert (report.call_count, report.input_source, report.device) == (7, "file", "cpu")
    assert opened.provides == ("example_inputs",)


def test_that_statistics_are_taken_before_an_in_place_layer_changes_them(run, context):
    run("clean_cnn")
    norm = next(call for call in context.calls if call.module == "stem.1")
    relu = next(call for call in context.calls if call.module == "stem.2")
    assert norm.stats[0].min < 0
    assert relu.stats[0].min == 0


def test_that_each_call_names_the_line_that_called_it(run, context, models):
    run("clean_cnn")
    head = context.calls[-1]
    assert head.file == str(models / "clean_cnn.py")
    assert (models / "clean_cnn.py").read_text().splitlines()[head.line - 1].strip().startswith("return self.head")


def test_that_the_model_is_left_bit_for_bit_as_it_was(run, context):
    run("clean_cnn")
    before = state_of(context)
    rng = torch.get_rng_state()
    report = forward(context, RunForward(mode="eval", seed=5))
    model = context.state["open"].model
    assert report.state_restored
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), rng)
    assert model.training
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_that_a_model_that_changes_itself_is_put_back_too(run, context):
    _, report = run("mutates_itself")
    model = context.state["open"].model
    assert report.state_restored
    assert model.history == []
    assert int(model.norm.num_batches_tracked) == 0


def test_that_a_large_model_that_changes_a_parameter_is_told_and_made_anew(run, context, monkeypatch):
    monkeypatch.setattr("torchloupe.worker.model_state.COPY_LIMIT_BYTES", 0)
    _, report = run("mutates_itself")
    assert [problem.code for problem in report.problems] == ["forward-mutates"]
    fresh = state_of(context)
    forward(context, RunForward())
    assert all(torch.equal(value, fresh[key]) for key, value in state_of(context).items())


def test_that_a_wrong_in_features_is_explained_with_its_origin(run, context, models):
    _, report = run("wrong_in_features")
    (problem,) = report.problems
    assert (problem.code, problem.module) == ("shape-mismatch", "fc1")
    assert "built for 3136 features" in problem.message
    assert "1600 = 64 x 5 x 5, the output of `features.5`" in problem.message
    source = (models / "wrong_in_features.py").read_text().splitlines()
    assert "self.fc1(x)" in source[problem.line - 1]
    assert "self.fc1 = nn.Linear" in source[problem.data["definition_line"] - 1]
    statuses = {call.module: call.status for call in context.calls}
    assert (statuses["features.5"], statuses["fc1"], statuses[""]) == ("done", "failed", "unfinished")
    assert problem.call == next(call.index for call in context.calls if call.module == "fc1")


def test_that_an_operation_in_the_users_forward_is_explained(run):
    _, report = run("residual_clash")
    (problem,) = report.problems
    assert (problem.code, problem.module, problem.line) == ("broadcast-mismatch", "block", 13)
    assert "[2, 4, 8, 8] and [2, 4, 4, 4]" in problem.message


def test_that_a_part_that_returns_nothing_is_blamed_and_not_the_next_layer(run):
    _, report = run("returns_nothing")
    (problem,) = report.problems
    assert (problem.code, problem.module) == ("forward-returns-none", "part")


def test_that_a_float64_input_is_a_dtype_mismatch(run):
    _, report = run("wrong_dtype")
    assert [problem.code for problem in report.problems] == ["dtype-mismatch"]


def test_that_keyword_inputs_shared_modules_and_dict_outputs_are_followed(run, context):
    _, report = run("shared_twice")
    encoders = [call for call in context.calls if call.module == "encoder"]
    assert [call.call_number for call in encoders] == [0, 1]
    assert [meta.name for meta in report.inputs] == ["left", "right"]
    assert [meta.name for meta in report.outputs] == ["['distance']", "['embeddings'][0]", "['embeddings'][1]"]


def test_that_lazy_layers_run_and_stay_lazy(run, context):
    _, report = run("lazy_parts")
    assert report.problems == ()
    assert context.state["open"].model.fc.has_uninitialized_params()


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("Exits", "forward-failed", "sys.exit(3)"),
        ("Recurses", "forward-failed", "calls itself for ever"),
        ("RunsOutOfMemory", "out-of-memory", "memory ran out"),
    ],
)
def test_that_an_unfriendly_forward_is_one_sentence(run, name, code, words):
    _, report = run(f"unfriendly:{name}")
    (problem,) = report.problems
    assert problem.code == code
    assert words in problem.message


def test_that_shapes_flow_without_data(run, context):
    _, report = run("clean_cnn", shapes_only=True)
    assert report.problems == ()
    assert report.device == "meta"
    assert context.calls[-1].outputs[0].shape == (2, 10)
    assert context.calls[-1].stats == (None,)
    assert int(context.state["open"].model.stem[1].num_batches_tracked) == 0


def test_that_a_mismatch_is_found_without_data(run):
    _, report = run("wrong_in_features", shapes_only=True)
    assert [problem.code for problem in report.problems] == ["shape-mismatch"]


def test_that_a_cancel_between_layers_keeps_what_was_captured_and_the_state(context, models):
    open_target(context, OpenTarget(str(models / "clean_cnn.py")))
    before = state_of(context)
    context.stop_after = 2
    with pytest.raises(KeyboardInterrupt):
        forward(context, RunForward())
    assert sum(call.status == "done" for call in context.calls) == 2
    assert all(torch.equal(value, before[key]) for key, value in state_of(context).items())
    assert not any(module._forward_hooks for module in context.state["open"].model.modules())


def test_that_the_input_is_typed_in_where_the_file_has_none_that_fits(run):
    _, report = run("clean_cnn", inputs=("float32[1,4,8,8]",))
    (problem,) = report.problems
    assert report.input_source == "given"
    assert (problem.module, problem.data["expected"], problem.data["got"]) == ("stem.0", 3, 4)


def test_that_an_unknown_device_is_a_sentence(run):
    with pytest.raises(UsageError, match="The device `gpu9` cannot be used here"):
        run("clean_cnn", device="gpu9")


def test_that_a_failure_inside_a_try_of_the_user_is_marked_and_the_run_goes_on(context, tmp_path):
    (tmp_path / "tries.py").write_text(
        "import torch\nfrom torch import nn\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.a, self.b = nn.Linear(3, 3), nn.Linear(4, 4)\n\n    def forward(self, x):\n        try:\n"
        "            return self.a(x)\n        except RuntimeError:\n            return self.b(x)\n\n"
        "def example_inputs():\n    return torch.ones(1, 4)\n"
    )
    open_target(context, OpenTarget(str(tmp_path / "tries.py")))
    report = forward(context, RunForward())
    assert report.problems == ()
    assert {call.module: call.status for call in context.calls} == {"": "done", "a": "failed", "b": "done"}


def test_that_statistics_of_a_parameter_can_be_asked_for(run, context):
    run("clean_cnn")
    fetched = fetch_stats(context, FetchStats("stem.1.weight"))
    assert (fetched.key, fetched.stats.mean, fetched.stats.count) == ("stem.1.weight", 1.0, 8)
    with pytest.raises(UsageError, match="no parameter or buffer `nope`"):
        fetch_stats(context, FetchStats("nope"))


def test_that_the_summary_is_torchinfos_table(run, context):
    run("clean_cnn")
    text = summary_table(context, SummaryTable()).text
    assert "CleanCnn" in text
    assert "Total params" in text
    assert "Total mult-adds (M)" in text
    assert "Units." not in text


def test_that_the_summary_of_a_model_that_fails_leaves_the_shapes_out(run, context):
    run("wrong_in_features")
    text = summary_table(context, SummaryTable()).text
    assert "fc2" not in text.splitlines()[-1]
    assert text.endswith("output shapes are left out.")
    assert "Total params" in text


def test_that_nothing_runs_before_a_model_is_open(context):
    with pytest.raises(UsageError, match="No model is open"):
        forward(context, RunForward())


def test_that_a_failed_open_keeps_the_model_that_was_open(context, models):
    open_target(context, OpenTarget(str(models / "clean_cnn.py")))
    with pytest.raises(CouldNotRun):
        open_target(context, OpenTarget(str(models / "raises_on_import.py")))
    assert forward(context, RunForward()).problems == ()


def test_that_mode_and_arguments_of_the_request_are_used(context, models):
    opened = open_target(context, OpenTarget(str(models / "needs_arguments.py"), {"width": 4, "depth": 2}, mode="eval"))
    assert opened.arguments_source == "given"
    assert opened.arguments == {"width": 4, "depth": 2}
    assert not any(module.training for module in opened.tree.modules)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_that_a_gpu_run_leaves_the_model_where_it_was(run, context):
    _, report = run("clean_cnn", device="cuda")
    assert report.problems == ()
    assert report.device == "cuda:0"
    assert context.calls[-1].outputs[0].device == "cuda:0"
    assert all(parameter.device.type == "cpu" for parameter in context.state["open"].model.parameters())


def test_that_a_forward_with_a_yield_is_told_to_have_run_nothing(context, tmp_path):
    target = tmp_path / "stream.py"
    target.write_text(
        "import torch\nfrom torch import nn\n\n\nclass Stream(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(2, 2)\n\n"
        "    def forward(self, x):\n        yield self.fc(x)\n\n\ndef example_inputs():\n    return (torch.ones(1, 2),)\n"
    )
    open_target(context, OpenTarget(str(target)))
    [problem] = forward(context, RunForward()).problems
    assert (problem.code, problem.severity, problem.line) == ("forward-is-generator", "warning", 10)
    assert [call.module for call in context.calls] == [""]
