"""The open checkpoint's values go into the open model, and come back whenever the model is made anew."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow, good_run
from torchloupe.checkpoints import read_contents
from torchloupe.gui.live_reload import RELOAD
from torchloupe.gui.loading import LOADING, PlanLoading
from torchloupe.session.scripted import UNTIL_CANCELLED
from torchloupe.wire.loading import LOADED, LoadCheckpoint, LoadedCheckpoint, LoadedKey
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import InspectedModel, InspectModel
from torchloupe.wire.requests import Failed, OpenTarget, RunForward
from torchloupe.wire.steps import RunStep

SHAPES = {key: shape for key, shape, _ in panel_data.PARAMETERS}
CHANGED = Problem(
    "checkpoint-unreadable", "last.json has changed since it was opened: it was written anew.", hint="Open it again."
)


def answer(request: LoadCheckpoint) -> LoadedCheckpoint:
    keys = tuple(LoadedKey(key, LOADED, tensor.key) for key, tensor in zip(request.keys, request.contents.tensors, strict=True))
    return LoadedCheckpoint(request.contents.path, (*keys, *request.left_out), True, request.container)


class Bench:
    """A window with a model and a checkpoint, whose worker answers as a test says."""

    def __init__(self, window: Any, qtbot: Any, file: Path, checkpoint: Path) -> None:
        self.window, self.qtbot, self.file, self.checkpoint = window, qtbot, file, checkpoint
        self.bench, self.opening, self.actions = window.workbench, window.opening, window.actions_by_id

    @property
    def session(self) -> Any:
        return self.window.sessions[-1]

    @property
    def said(self) -> str:
        text: str = self.window.status.message.text()
        return text

    def write(self, shapes: dict[str, tuple[int, ...]]) -> None:
        tensors = [{"key": key, "shape": shape, "dtype": "float32"} for key, shape in shapes.items()]
        self.checkpoint.write_text(json.dumps({"tensors": tensors}))

    def open(self, shapes: dict[str, tuple[int, ...]]) -> None:
        self.write(shapes)
        self.bench.set_checkpoint(read_contents(self.checkpoint))
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: not self.window.jobs.busy, timeout=PATIENCE_MS)

    def do(self, action: str) -> None:
        self.actions.refresh()
        assert self.actions[action].isEnabled()
        self.actions[action].trigger()
        self.settle()

    def asked(self) -> list[str]:
        """The names of what the worker was asked for, without the closer looks."""
        return [type(each).__name__ for each in self.session.asked if not isinstance(each, InspectModel)]

    def requests(self) -> list[LoadCheckpoint]:
        return [each for each in self.session.asked if isinstance(each, LoadCheckpoint)]


@pytest.fixture
def both(make_window: MakeWindow, qtbot: Any, model_file: Path, tmp_path: Path) -> Bench:
    """The classifier with a checkpoint that fits."""
    opened = panel_data.opened(project_files=(str(model_file),))
    script: dict[type, Any] = {
        OpenTarget: [opened],
        RunForward: good_run(),
        InspectModel: [InspectedModel()],
        LoadCheckpoint: answer,
    }
    both = Bench(make_window(script), qtbot, model_file, tmp_path / "last.json")
    both.window.worker.start()
    both.window.open_paths([f"{model_file}:Classifier"])
    qtbot.waitUntil(lambda: both.bench.model is not None, timeout=PATIENCE_MS)
    both.open(SHAPES)
    return both


def initialisation(both: Bench) -> dict[str, str]:
    both.window.docks.raise_panel("modules")
    facts: dict[str, str] = both.window.docks.panels["modules"].inside().below._facts.initialised
    return facts


def test_that_the_command_needs_both_sides(both: Bench) -> None:
    both.bench.set_checkpoint(None)
    both.actions.refresh()
    assert not both.actions["model.load"].isEnabled()
    both.open(SHAPES)
    both.opening.close_model()
    both.actions.refresh()
    assert not both.actions["model.load"].isEnabled()


def test_that_the_values_are_loaded_and_one_sentence_says_so(both: Bench) -> None:
    both.do("model.load")
    assert both.said == "All 11 tensors are loaded and verified."
    (request,) = both.requests()
    assert request.keys == tuple(SHAPES)
    assert both.bench.weights.loaded == answer(request)
    assert both.window.status.model.text() == "Classifier, weights of last.json"


def test_that_a_prefix_and_a_container_are_sent_along(both: Bench) -> None:
    both.bench.set_checkpoint(panel_data.checkpoint())
    both.do("model.load")
    (request,) = both.requests()
    assert request.container == both.bench.container
    assert request.contents.tensors[0].key == "module.encoder.conv1.weight"
    assert [each.key for each in request.left_out] == ["head.fc2.weight", "head.fc2.bias"]
    assert both.said.startswith("9 of 11 tensors loaded and verified; 2 stay as constructed: head.fc2.weight (size differs)")
    assert any("not loaded: head.fc2.bias, size differs: [5]" in line.text for line in both.window.book.lines)


def test_that_matrices_are_transposed_only_when_that_is_said(both: Bench) -> None:
    both.actions.refresh()
    assert not both.actions["model.load_converted"].isEnabled()
    both.open({**SHAPES, "head.fc2.weight": (128, 10)})
    both.do("model.load")
    assert "head.fc2.weight" not in both.requests()[0].keys
    both.do("model.load_converted")
    assert both.requests()[1].keys == tuple(SHAPES)
    both.opening.constructed = False
    both.do("run.forward")
    assert both.requests()[2].keys == tuple(SHAPES)  # and so it stays


def test_that_a_file_of_another_model_is_an_error_among_the_problems(both: Bench) -> None:
    both.open({"x": (1,)})
    both.do("model.load")
    assert [problem.code for problem in both.bench.problems].count("checkpoint-nothing-loaded") == 1
    assert both.said.startswith("0 of 11 tensors loaded")


def test_that_values_which_were_refused_are_among_the_problems_until_the_next_load(both: Bench) -> None:
    both.session.script[LoadCheckpoint] = [
        LoadedCheckpoint("/a.pt", (LoadedKey("a", "refused", "a", "it is sparse"), LoadedKey("b", LOADED)), True)
    ]
    both.do("model.load")
    assert "checkpoint-not-loaded" in [problem.code for problem in both.bench.problems]
    both.session.script[LoadCheckpoint] = answer
    both.do("model.load")
    assert "checkpoint-not-loaded" not in [problem.code for problem in both.bench.problems]


@pytest.mark.parametrize(("mode", "is_said"), [(None, True), ("train", True), ("eval", False)])
def test_that_a_model_in_train_mode_says_so_after_loading(both: Bench, mode: str | None, is_said: bool) -> None:
    tree = panel_data.tree()
    modules = tuple(replace(module, training=True) for module in tree.modules)
    both.bench.set_model(panel_data.opened(tree=replace(tree, modules=modules)))
    both.opening.options = replace(both.opening.options, mode=mode)
    both.do("model.load")
    assert ("checkpoint-train-mode" in [problem.code for problem in both.bench.problems]) is is_said


def test_that_the_parameter_table_calls_them_loaded(both: Bench) -> None:
    panel = both.window.docks.panels["modules"].inside()
    assert "Initialisation" in panel.below.columns.hidden
    both.do("model.load")
    assert initialisation(both) == dict.fromkeys(SHAPES, "loaded")
    assert "Initialisation" not in panel.below.columns.hidden
    both.do("model.unload")
    assert initialisation(both) == {}


def test_that_the_calls_say_with_which_weights_they_were_made(both: Bench) -> None:
    summary = both.window.docks.panels["calls"].inside().summary
    both.do("run.forward")
    assert "  ·  weights as constructed  ·  " in summary.text()
    both.do("model.load")
    assert "weights as constructed" in summary.text()  # of the run that is shown
    both.do("run.forward")
    assert "  ·  weights of last.json  ·  " in summary.text()


def test_that_without_a_checkpoint_the_weights_are_no_question(both: Bench) -> None:
    both.bench.set_checkpoint(None)
    both.do("run.forward")
    assert "weights" not in both.window.docks.panels["calls"].inside().summary.text()


def test_that_the_details_of_a_parameter_say_where_its_values_come_from(both: Bench) -> None:
    both.open({key: shape for key, shape in SHAPES.items() if key != "head.fc2.bias"})
    panel = both.window.docks.panels["details"].inside()
    both.bench.select_parameter("head.fc2.bias")
    assert "Values" not in panel.facts.toPlainText()
    both.do("model.load")
    assert "as constructed: missing in the checkpoint" in panel.facts.toPlainText()
    both.bench.select_parameter("head.fc2.weight")
    assert "loaded from last.json" in panel.facts.toPlainText()


def test_that_a_run_waits_for_the_values(both: Bench) -> None:
    both.actions["model.load"].trigger()
    both.actions["run.forward"].trigger()
    both.settle()
    assert both.asked() == ["OpenTarget", "LoadCheckpoint", "RunForward"]
    assert both.bench.report is not None


def test_that_a_cancelled_load_leaves_what_was_there(both: Bench) -> None:
    both.session.script[LoadCheckpoint] = [UNTIL_CANCELLED]
    both.actions["model.load"].trigger()
    both.qtbot.waitUntil(lambda: len(both.requests()) == 1, timeout=PATIENCE_MS)
    both.actions["run.forward"].trigger()
    both.opening.cancel()
    both.settle()
    assert both.said == "Cancelled. The values of the model are as constructed."
    assert both.bench.weights.loaded is None
    assert "RunForward" not in both.asked()  # it was to be made with values that are not there


def test_that_a_failed_load_says_why_and_leaves_what_was_loaded_before(both: Bench) -> None:
    both.do("model.load")
    before = both.bench.weights.loaded
    both.session.script[LoadCheckpoint] = [Failed((CHANGED,))]
    both.do("model.load")
    assert both.said.startswith(CHANGED.message)
    assert both.said.endswith("The values of the model are as they were before.")
    assert CHANGED in both.bench.problems
    assert both.bench.weights.loaded is before


def test_that_taking_them_out_constructs_the_model_again(both: Bench) -> None:
    both.do("run.forward")
    both.actions.refresh()
    assert not both.actions["model.unload"].isEnabled()
    both.do("model.load")
    both.do("model.unload")
    assert both.asked() == ["OpenTarget", "RunForward", "LoadCheckpoint", "OpenTarget"]
    assert both.bench.weights.loaded is None
    assert both.said == "The model has the values that it was constructed with."
    assert both.bench.calls  # the run that was made stays
    both.do("run.forward")
    assert both.asked()[-1] == "RunForward"


def test_that_a_worker_that_was_replaced_loads_them_again_before_it_runs(both: Bench) -> None:
    both.do("model.load")
    both.opening.constructed = False  # it died
    both.do("run.forward")
    assert both.asked() == ["OpenTarget", "LoadCheckpoint", "OpenTarget", "LoadCheckpoint", "RunForward"]
    assert both.requests()[0] == both.requests()[1]
    assert both.bench.weights.loaded is not None


def test_that_a_step_of_a_replaced_worker_waits_for_them_too(both: Bench) -> None:
    both.session.script[RunStep] = [Failed((CHANGED,))]
    both.do("model.load")
    both.opening.constructed = False
    both.do("run.step")
    assert both.asked() == ["OpenTarget", "LoadCheckpoint", "OpenTarget", "LoadCheckpoint", "RunStep"]


def test_that_a_model_which_the_worker_has_no_more_is_constructed_first(both: Bench) -> None:
    both.opening.constructed = False
    both.do("model.load")
    assert both.asked() == ["OpenTarget", "OpenTarget", "LoadCheckpoint"]
    assert both.said == "All 11 tensors are loaded and verified."


def test_that_what_cannot_be_loaded_again_is_said_and_nothing_is_run(both: Bench) -> None:
    both.do("model.load")
    both.opening.constructed = False
    both.checkpoint.unlink()
    both.do("run.forward")
    assert "RunForward" not in both.asked()
    assert both.bench.weights.loaded is None
    assert both.said.endswith("The values of the model are as constructed.")
    assert any("last.json" in problem.message for problem in both.bench.problems)


def test_that_the_same_model_with_other_sizes_gets_what_fits(both: Bench) -> None:
    both.do("model.load")
    parameters = tuple(
        panel_data.parameter("head.fc2.bias", (4,)) if entry.key == "head.fc2.bias" else entry
        for entry in panel_data.tree().parameters
    )
    tree = type(panel_data.tree())(panel_data.tree().modules, parameters)
    both.session.script[OpenTarget] = [panel_data.opened(tree=tree, project_files=(str(both.file),))]
    both.opening.construct(both.opening.target)
    both.settle()
    assert [each.key for each in both.requests()[-1].left_out] == ["head.fc2.bias"]
    assert both.said.startswith("10 of 11 tensors loaded")


def test_that_another_model_begins_with_its_own_values(both: Bench) -> None:
    both.do("model.load")
    both.window.open_paths([f"{both.file}:Other"])
    both.settle()
    assert both.bench.weights.loaded is None
    assert len(both.requests()) == 1


def test_that_a_model_that_was_closed_takes_them_along(both: Bench) -> None:
    both.do("model.load")
    both.opening.close_model()
    assert both.bench.weights.loaded is None
    assert both.window.status.model.text() == ""
    both.window.open_paths([f"{both.file}:Classifier"])
    both.settle()
    assert len(both.requests()) == 1


def test_that_lazy_parts_get_the_sizes_of_the_file(both: Bench) -> None:
    grown = type(panel_data.tree())(panel_data.tree().modules[:3], panel_data.tree().parameters[:2])
    keys = tuple(LoadedKey(entry.key, LOADED) for entry in grown.parameters)
    both.session.script[LoadCheckpoint] = [LoadedCheckpoint("/a.pt", keys, True, tree=grown)]
    both.do("model.load")
    assert both.bench.model is not None
    assert both.bench.model.tree.parameters == grown.parameters
    assert both.bench.weights.loaded is not None


def test_that_a_worker_on_another_machine_reads_its_own_file(both: Bench) -> None:
    both.window.worker.interpreter = "ssh host python3"
    both.do("model.load")
    both.window.worker.interpreter = "/usr/bin/python3"
    both.do("model.load")
    assert [bool(request.contents.stamps) for request in both.requests()] == [False, True]


# live reload


def reloaded(both: Bench) -> None:
    both.file.write_text("# saved\n")
    both.qtbot.waitUntil(lambda: both.session.restarts == 1 and not both.window.jobs.runs(RELOAD), timeout=PATIENCE_MS)
    both.settle()


def test_that_live_reload_loads_them_again_and_shows_it_with_the_new_run(both: Bench) -> None:
    both.do("model.load")
    both.do("run.forward")
    reloaded(both)
    assert both.asked()[-3:] == ["OpenTarget", "LoadCheckpoint", "RunForward"]
    assert both.bench.weights.loaded is not None
    assert "weights of last.json" in both.window.docks.panels["calls"].inside().summary.text()
    assert not both.window.live.is_stale


def test_that_live_reload_without_a_run_loads_them_as_well(both: Bench) -> None:
    both.do("model.load")
    reloaded(both)
    assert both.asked()[-2:] == ["OpenTarget", "LoadCheckpoint"]
    assert both.bench.weights.loaded is not None


def test_that_live_reload_loads_nothing_that_was_not_loaded(both: Bench) -> None:
    both.do("run.forward")
    reloaded(both)
    assert both.requests() == []


@pytest.mark.parametrize("fails", ["file", "worker"])
def test_that_a_reload_which_cannot_load_marks_the_old_result_as_stale(both: Bench, fails: str) -> None:
    both.do("model.load")
    both.do("run.forward")
    if fails == "file":
        both.checkpoint.unlink()
    both.session.script[LoadCheckpoint] = [Failed((CHANGED,))]
    reloaded(both)
    assert both.window.live.is_stale
    assert "last.json" in both.window.live.bar.label.text()
    assert both.asked().count("RunForward") == 1


# the plan


def test_that_a_plan_for_the_same_keys_keeps_its_pairs_and_reads_the_file_again(both: Bench) -> None:
    assert both.bench.checkpoint is not None
    plan = PlanLoading(both.bench.checkpoint, "", panel_data.opened(), both.bench.diff)
    again = plan.again(panel_data.opened())
    assert (again.diff, again.afresh) == (both.bench.diff, True)
    both.write({**SHAPES, "head.fc2.bias": (7,)})
    assert "head.fc2.bias" not in again().keys
    both.checkpoint.unlink()
    assert len(plan().keys) == 11  # the worker is who sees that the file is gone


def test_that_a_plan_without_a_diff_makes_one(both: Bench) -> None:
    assert both.bench.checkpoint is not None
    assert PlanLoading(both.bench.checkpoint, "", panel_data.opened())().keys == tuple(SHAPES)


def test_that_the_tag_of_the_jobs_is_known(both: Bench) -> None:
    both.session.script[LoadCheckpoint] = [UNTIL_CANCELLED]
    both.actions["model.load"].trigger()
    assert both.window.jobs.runs(LOADING)
    both.actions.refresh()
    assert not both.actions["model.load"].isEnabled()
    both.qtbot.waitUntil(lambda: len(both.requests()) == 1, timeout=PATIENCE_MS)
    assert both.window.jobs.label == "loading last.json into Classifier"
    both.opening.cancel()
    both.settle()
