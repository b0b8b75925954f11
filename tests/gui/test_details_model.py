"""What is said about a selection, for every kind of thing."""

from dataclasses import replace
from typing import Any

import pytest

from gui import panel_data
from gui.panel_data import FILE, MISMATCH, call, opened, parameter, stats, stored
from torchloupe.analysis.state_dict_diff import DiffRow, KeyEntry
from torchloupe.analysis.stored_facts import StoredFacts, stored_facts
from torchloupe.gui.details import problem as problem_details
from torchloupe.gui.details import subjects
from torchloupe.gui.details.model import Details, Fact, Section
from torchloupe.gui.details.rich_text import facts_html, head_html, with_code
from torchloupe.gui.details.source import CONTEXT, ReadSource, lines_around
from torchloupe.gui.details.stored import FindFacts
from torchloupe.gui.details.subjects import details_of
from torchloupe.gui.source_places import SourcePlace, problem_places
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.registration import HiddenPart
from torchloupe.wire.steps import ParameterMotion, StepReport


@pytest.fixture
def bench(qapp: Any) -> Workbench:
    workbench = Workbench()
    panel_data.fail_in_fc1(workbench)
    workbench.set_checkpoint(panel_data.checkpoint())
    workbench.use_container("model_state_dict")
    return workbench


def facts(details: Details | None, title: str = "") -> dict[str, str]:
    assert details is not None
    return {fact.name: fact.value for section in details.sections if section.title == title for fact in section.facts}


def links(details: Details | None) -> dict[str, str]:
    assert details is not None
    return {fact.name: fact.link for section in details.sections for fact in section.facts if fact.link}


def test_that_nothing_selected_has_no_details(bench: Workbench) -> None:
    bench.select(Selection())
    assert details_of(bench) is None


def test_that_a_problem_tells_message_hint_place_fixes_and_traceback(bench: Workbench) -> None:
    details = details_of(bench)
    assert details is not None
    assert (details.title, details.subtitle) == (MISMATCH.message, "shape-mismatch")
    assert details.mark is not None
    assert details.mark.text == "✖ error"
    assert details.sentences == (MISMATCH.hint,)
    assert details.places == (SourcePlace("Here", FILE, 47),)
    assert details.fixes == MISMATCH.fixes
    assert details.folded == MISMATCH.details


def test_that_a_hint_that_is_the_fix_is_said_once(bench: Workbench) -> None:
    problem = Problem(
        "weight-not-moved", "m", hint="Leave `detach` out.", fixes=(Fix("a", "Leave `detach` out."), Fix("b", "Freeze it."))
    )
    details = subjects.of_problem(bench, problem)
    assert details.sentences == ()
    assert details.as_text().count("Leave `detach` out.") == 1


def test_that_operands_behind_a_problem_are_no_python(bench: Workbench) -> None:
    operand = {"shape": [2, 5, 64], "dtype": "float16", "name": "", "min": 64.0, "max": 89.5625, "value": None}
    fact = problem_details.data_fact("operands", [operand, {"shape": [3], "dtype": "int64", "name": "index"}])
    assert fact.value == "[2, 5, 64] float16, 64 to 89.56, index [3] int64"


def test_that_a_problem_tells_what_arrived_and_what_it_was_built_for(bench: Workbench) -> None:
    details = details_of(bench)
    assert facts(details)["Built as"] == "Linear(in_features=3136, out_features=128, bias=True)"
    assert facts(details, "What arrived") == {"x": "[2, 12544] float32 cpu"}
    assert facts(details, "Facts") == {"Built for": "3,136", "Arrived": "12,544"}
    assert links(details) == {"Module": "module:head.fc1", "Call": "call:7"}


def test_that_a_problem_without_call_keeps_the_shapes_it_knows(bench: Workbench) -> None:
    problem = Problem("shape-mismatch", "m", data={"input_shape": [2, 3], "weight_shape": [4, 5], "layer": "Linear"})
    assert facts(subjects.of_problem(bench, problem), "Facts") == {"Input": "[2, 3]", "Weight": "[4, 5]", "Layer": "Linear"}


def test_that_a_problem_names_parameter_and_attribute(bench: Workbench) -> None:
    details = subjects.of_problem(bench, Problem("checkpoint-missing", "m", parameter="head.fc1.bias", attribute="layers"))
    assert facts(details) == {"Parameter": "head.fc1.bias", "Attribute": "layers"}
    assert links(details) == {"Parameter": "parameter:head.fc1.bias"}


def test_that_the_place_where_a_module_is_made_is_a_second_place() -> None:
    made = {"definition_file": FILE, "definition_line": 12}
    assert [str(place) for place in problem_places(replace(MISMATCH, data=made))] == [f"{FILE}:47", f"{FILE}:12"]
    assert [str(place) for place in problem_places(replace(MISMATCH, line=12, data=made))] == [f"{FILE}:12"]
    assert [str(place) for place in problem_places(replace(MISMATCH, file=None, data=made))] == [f"{FILE}:12"]
    beside = {"made_file": "/m/part.py", "made_line": 3, "definition_line": 9}
    assert [str(place) for place in problem_places(replace(MISMATCH, data=beside))] == [f"{FILE}:47", f"{FILE}:9", "/m/part.py:3"]
    assert problem_places(Problem("x", "m")) == ()


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("expected", 3136, Fact("Built for", "3,136")),
        ("weight_shape", [10, 3136], Fact("Weight", "[10, 3136]")),
        ("origin_module", "block2.pool", Fact("Origin module", "block2.pool")),
        ("keys", ["a", "b"], Fact("Keys", "a, b")),
        ("keys", [f"k{n}" for n in range(14)], Fact("Keys", ", ".join(f"k{n}" for n in range(12)) + " and 2 more")),
        ("counts", {"renamed": 3}, Fact("Counts", "renamed: 3")),
        ("train", True, Fact("Train", "yes")),
        ("ratio", 0.5, Fact("Ratio", "0.5")),
    ],
)
def test_that_facts_behind_a_problem_are_written_for_people(name: str, value: object, fact: Fact) -> None:
    assert problem_details.data_fact(name, value) == fact


def test_that_a_call_tells_inputs_outputs_statistics_time_and_place(bench: Workbench) -> None:
    bench.select_call(5)
    details = details_of(bench)
    assert details is not None
    assert (details.title, details.subtitle, details.mark) == ("encoder.pool", "MaxPool2d", None)
    assert facts(details) == {
        "Module": "encoder.pool",
        "Class": "MaxPool2d",
        "Settings": "kernel_size=2",
        "Call": "5",
        "Time": "2.52 ms, its parts included",
        "Own time": facts(details)["Own time"],
    }
    assert facts(details)["Own time"].endswith(" % of the run")
    assert facts(details, "Inputs") == {"x": "[batch 2, channels 64, height 28, width 28] float32 cpu"}
    assert facts(details, "Output") == {
        "Tensor": "[batch 2, channels 64, height 14, width 14] float32 cpu",
        "Mean, std": "0.0125, 0.98",
        "Min, max": "0, 3.25",
        "Zeros": "12,544 of 25,088",
    }
    assert details.places == (SourcePlace("Called here", FILE, 45),)


def test_that_nan_and_inf_of_an_output_are_marked(bench: Workbench) -> None:
    made = subjects.statistics_facts(stats(10, nan=3, inf=1))
    assert [(fact.name, fact.value, fact.role) for fact in made[3:]] == [
        ("NaN", "✖ 3 of 10", "error"),
        ("Inf", "✖ 1 of 10", "error"),
    ]


def test_that_an_unfinished_call_says_why_there_is_no_output(bench: Workbench) -> None:
    bench.select_call(6)
    details = details_of(bench)
    assert details is not None
    assert details.mark is not None
    assert details.mark.word == "unfinished"
    assert facts(details, "Output") == {"None": "One of its parts failed, or the run was cancelled."}
    failed = subjects.of_call(bench, bench.calls[7])
    assert facts(failed, "Output") == {"None": "It failed here."}


def test_that_later_calls_of_a_module_and_several_outputs_are_numbered(bench: Workbench) -> None:
    one = call(20, "encoder", (1,), (2,), call_number=2)
    several = replace(one, outputs=one.outputs * 2, stats=(None, stats(2)))
    details = subjects.of_call(bench, several)
    assert facts(details)["Call"] == "20, the 3. of this module"
    assert list(facts(details, "Output 0")) == ["Tensor"]
    assert len(facts(details, "Output 1")) == 4


def test_that_a_call_tells_of_its_module_too(bench: Workbench) -> None:
    bench.select_module("head.fc1")
    bench.select(Selection(module="head.fc1", call=7))
    details = details_of(bench)
    assert facts(details, "The module") == {
        "Numbers": "401,536 in and below it, 401,536 in it alone",
        "Size": "1.61 MB, buffers too",
        "Tensors": "float32, cpu",
        "Mode": "eval",
    }
    assert facts(details, "Parameters and buffers") == {"weight": "[128, 3136] float32", "bias": "[128] float32"}
    assert links(details)["bias"] == "parameter:head.fc1.bias"


def test_that_a_call_leads_to_the_line_that_called_and_to_its_class(bench: Workbench) -> None:
    details = subjects.of_call(bench, bench.calls[6])
    assert details.places == (SourcePlace("Called here", FILE, 46), SourcePlace("Its class", FILE, 8))


def test_that_several_calls_of_a_module_are_counted(bench: Workbench) -> None:
    panel_data.run_well(bench)
    assert facts(subjects.of_call(bench, bench.calls[7]), "The module")["Calls"] == "2"


def test_that_a_module_that_was_not_called_tells_class_settings_and_place(bench: Workbench) -> None:
    bench.select_module("head.fc2")
    details = details_of(bench)
    assert details is not None
    assert (details.title, details.subtitle) == ("head.fc2", "Linear")
    assert facts(details) == {
        "Class": "Linear",
        "Settings": "in_features=128, out_features=10, bias=True",
        "Calls": "none in the last run",
    }
    assert facts(details, "The module")["Numbers"] == "1,290 in and below it, 1,290 in it alone"
    assert list(facts(details, "Parameters and buffers")) == ["weight", "bias"]
    head = subjects.of_module(bench, "head")
    assert head is not None
    assert head.places == (SourcePlace("Its class", FILE, 8),)


def test_that_before_a_run_nothing_is_said_of_calls(bench: Workbench) -> None:
    bench.set_model(opened())
    assert "Calls" not in facts(subjects.of_module(bench, "head.fc2"))


def test_that_a_module_registered_twice_leads_to_the_first(bench: Workbench) -> None:
    modules = opened().tree.modules
    shared = replace(modules[-1], same_as="head.fc1")
    bench.set_model(opened(tree=ModuleTree((*modules[:-1], shared), ())))
    assert links(subjects.of_module(bench, "head.fc2"))["Same as"] == "module:head.fc1"


def test_that_an_unknown_module_has_no_details(bench: Workbench) -> None:
    assert subjects.of_module(bench, "no.such") is None
    assert subjects.of_parameter(bench, "no.such") is None


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, ""),
        ({"requires_grad": False}, " (frozen)"),
        ({"kind": "buffer"}, " (buffer)"),
        ({"tied_to": ("other",)}, " (tied)"),
        ({"requires_grad": False, "tied_to": ("other",)}, " (frozen, tied)"),
    ],
)
def test_that_what_is_special_about_a_parameter_fits_in_a_line(given: dict[str, Any], text: str) -> None:
    assert subjects.kind_text(parameter("w", (1,), **given)) == text


def test_that_a_parameter_tells_its_facts_and_its_partner_in_the_checkpoint(bench: Workbench) -> None:
    bench.select_parameter("head.fc2.weight")
    details = details_of(bench)
    assert facts(details) == {
        "Module": "head.fc2",
        "Shape": "[10, 128]",
        "Dtype": "float32",
        "Device": "cpu",
        "Kind": "parameter",
        "Learns": "yes, requires_grad",
        "Size": "1,280 numbers, 5.12 kB",
    }
    assert facts(details, "In the checkpoint")["Status"] == "↕ resized"
    assert facts(details, "In the checkpoint")["Shape"] == "[5, 128]"
    assert links(details)["Key"] == "stored:module.head.fc2.weight"


def test_that_a_parameter_tells_what_the_last_step_did_to_it_and_why(bench: Workbench) -> None:
    still = ParameterMotion(
        "head.fc2.weight",
        False,
        "update-underflow",
        "the update is too small",
        "/models/classifier.py",
        7,
        weight_norm=8.0,
        update_norm=0.0,
        changed_fraction=0.0,
        proof="With ten times the rate it moves.",
        proven=True,
        group=0,
        lr=0.1,
    )
    bench.steps.take(StepReport(parameters=(still,)))
    bench.select_parameter("head.fc2.weight")
    details = details_of(bench)
    assert details is not None
    assert details.sentences == ("The update is too small.", "With ten times the rate it moves.")
    told = facts(details, "In the last step")
    assert told == {
        "Moved": "✖ update underflow",
        "Weight norm": "8",
        "Update norm": "0",
        "Changed": "0 %",
        "Group": "0 (lr 0.1)",
    }
    assert (details.places[0].what, details.places[0].line) == ("The cause", 7)
    bench.select_parameter("head.fc1.weight")
    assert "In the last step" not in {section.title for section in details_of(bench).sections}


def test_that_without_a_checkpoint_a_parameter_has_no_partner(bench: Workbench) -> None:
    bench.set_checkpoint(None)
    details = subjects.of_parameter(bench, "head.fc2.weight")
    assert details is not None
    assert [section.title for section in details.sections] == [""]


def test_that_a_stored_tensor_tells_its_facts_and_its_partner_in_the_model(bench: Workbench) -> None:
    assert bench.checkpoint is not None
    bench.select_stored(bench.checkpoint.tensors[0])
    details = details_of(bench)
    assert facts(details)["Record"] == "data/0"
    assert facts(details, "In the model")["Status"] == "→ renamed"
    assert links(details)["Key"] == "parameter:encoder.conv1.weight"


def test_that_a_tensor_of_another_container_has_no_partner(bench: Workbench) -> None:
    assert bench.checkpoint is not None
    details = subjects.of_stored(bench, bench.checkpoint.tensors[12])
    assert [section.title for section in details.sections] == [""]


def trained_facts() -> tuple[Workbench, StoredFacts]:
    workbench = Workbench()
    workbench.set_checkpoint(panel_data.trained())
    return workbench, FindFacts(panel_data.trained())()


def test_that_a_parameter_in_the_file_tells_what_the_optimizer_keeps_for_it(qapp: Any) -> None:
    workbench, found = trained_facts()
    details = subjects.of_stored(workbench, panel_data.trained().tensors[0], found)
    assert facts(details, "In optimizer") == {
        "exp_avg": "state.0.exp_avg",
        "exp_avg_sq": "state.0.exp_avg_sq",
        "Step": "1,200",
        "Param group 0": "lr 0.001, weight_decay 0.01, betas (0.9, 0.999)",
    }
    assert links(details)["exp_avg"] == "tensor:optimizer.state.0.exp_avg"


def test_that_a_moment_tells_the_parameter_it_is_kept_for(qapp: Any) -> None:
    workbench, found = trained_facts()
    details = subjects.of_stored(workbench, panel_data.trained().tensors[4], found)
    assert facts(details, "Kept by the optimizer for")["Parameter"] == "fc.bias"
    assert links(details)["Parameter"] == "tensor:model.fc.bias"


def test_that_a_moment_of_an_unknown_parameter_says_so(bench: Workbench) -> None:
    lone = replace(panel_data.trained(), tensors=(stored("state.7.exp_avg", (9,), "optimizer"),))
    details = subjects.of_stored(bench, lone.tensors[0], FindFacts(lone)())
    assert facts(details, "Kept by the optimizer for") == {"Parameter": "number 7; its name is not known"}


def test_that_a_join_by_shape_is_called_one(bench: Workbench) -> None:
    twins = tuple(stored(f"{name}.weight", (3,), "model") for name in "abc")
    contents = replace(panel_data.trained(), tensors=(*twins, stored("state.0.exp_avg", (3,), "optimizer")), values=())
    details = subjects.of_stored(bench, contents.tensors[-1], FindFacts(contents)())
    assert "others have the same shape" in facts(details, "Kept by the optimizer for")["Joined"]


def test_that_tensors_that_share_memory_are_links_and_many_are_counted(bench: Workbench) -> None:
    tied = tuple(stored(f"w{number}", (4,), "m", stored_at="data/0") for number in range(12))
    details = subjects.of_stored(bench, tied[0], stored_facts(replace(panel_data.trained(), tensors=tied)))
    shared = [fact for fact in details.sections[0].facts if fact.name == "Shares memory"]
    assert [fact.link for fact in shared][:2] == ["tensor:m.w1", "tensor:m.w2"]
    assert len(shared) == 8
    assert any(fact.value == "and with 3 more" for fact in details.sections[0].facts)


def test_that_everything_special_about_a_stored_tensor_is_said(bench: Workbench) -> None:
    special = replace(
        stored("w", (2, 2), "other", stored_at="data/9", broken="Its record is cut off."),
        file="part2.bin", offset=1024, strides=(1, 2), is_parameter=True,
    )  # fmt: skip
    details = subjects.of_stored(bench, special)
    assert facts(details) == {
        "Container": "other",
        "Shape": "[2, 2]",
        "Dtype": "float32",
        "Size": "16 B",
        "File": "part2.bin",
        "Record": "data/9, from element 1,024",
        "Strides": "[1, 2], not one behind the other",
        "Saved as": "a parameter",
        "Broken": "Its record is cut off.",
    }
    assert details.mark is not None


def test_that_a_key_without_partner_says_so() -> None:
    row = DiffRow("missing", KeyEntry("w", (1,), "float32"), None)
    made = {fact.name: fact.value for fact in subjects.partner_facts(row, "found")}
    assert made == {"Status": "− missing", "Difference": "missing in the checkpoint"}


def test_that_details_can_be_copied_as_text() -> None:
    details = Details(
        "fc1 fails",
        "shape-mismatch",
        None,
        ("Do this.",),
        (Section("Facts", (Fact("Got", "3"),)),),
        (SourcePlace("Here", "/m.py", 3),),
    )
    assert details.as_text() == "fc1 fails shape-mismatch\nDo this.\nFacts\nGot\t3\nHere\t/m.py:3"


# as HTML


def test_that_foreign_text_cannot_become_markup(qapp: Any) -> None:
    nasty = "<img src=x> & <b>"
    details = Details(
        nasty, nasty, None, (nasty,), (Section(nasty, (Fact(nasty, nasty, "error"), Fact("n", nasty, link="module:'><b>"))),)
    )
    html = head_html(details) + facts_html(details.sections)
    assert "<img" not in html
    assert "'><b>" not in html
    assert html.count("&lt;img src=x&gt; &amp; &lt;b&gt;") == 7


def test_that_words_between_backticks_are_set_as_code(qapp: Any) -> None:
    html = with_code("Set `in_features=4` and `a<b>`, not `this")
    assert html.count("<span style='font-family:") == 2
    assert ">in_features=4</span>" in html
    assert ">a&lt;b&gt;</span>" in html
    assert html.endswith("not `this")


# source lines

SOURCE = "".join(f"    line {number}\n" for number in range(1, 31))


@pytest.mark.parametrize(
    ("line", "first", "marked", "count"),
    [
        (15, 15 - CONTEXT, 15, 2 * CONTEXT + 1),
        (1, 1, 1, CONTEXT + 1),
        (30, 30 - CONTEXT, 30, CONTEXT + 1),
        (99, 30 - CONTEXT, 30, CONTEXT + 1),
    ],
)
def test_that_lines_around_a_place_are_shown_with_the_line_marked(line: int, first: int, marked: int, count: int) -> None:
    source = lines_around("m.py", SOURCE, line)
    assert (source.wanted, source.first, source.marked, len(source.lines)) == (line, first, marked, count)
    assert [line.split() for line in source.as_text().split("\n") if "▶" in line] == [["▶", str(marked), "line", str(marked)]]


def test_that_common_indentation_is_taken_off_and_empty_lines_do_not_count() -> None:
    source = lines_around("m.py", "\tdef f():\n\n\t    return 1\n", 1)
    assert source.lines == ("def f():", "", "    return 1")


def test_that_an_empty_file_shows_nothing() -> None:
    assert lines_around("m.py", "", 5).as_text() == ""


def test_that_reading_a_place_reports_and_reads(tmp_path: Any) -> None:
    file = tmp_path / "model.py"
    file.write_bytes(b"a = 1\nb = '\xff'\n")
    told: list[Any] = []
    source = ReadSource(str(file), 2)(lambda *what: told.append(what))
    assert source.lines == ("a = 1", "b = '\ufffd'")
    assert told


def test_that_a_module_tells_what_is_special_about_it(bench: Workbench) -> None:
    tree = opened().tree
    odd = replace(
        tree.modules[-1],
        trainable_numel=10,
        hooks=("forward",),
        parametrized=("weight",),
        is_lazy=True,
        defined_file=FILE,
        defined_line=9,
    )
    bench.set_model(opened(tree=ModuleTree((*tree.modules[:-1], odd), tree.parameters)))
    details = subjects.of_module(bench, "head.fc2")
    assert details is not None
    said = facts(details, "The module")
    assert said["Learn"] == "10 of them"
    assert (said["Hooks"], said["Computed"]) == ("forward", "weight (parametrized)")
    assert said["Lazy"].startswith("has no shape yet")
    assert details.places == (SourcePlace("Assigned here", FILE, 9),)


HIDDEN = HiddenPart("head", "parts", "parts[0]", "module", "Linear", "list", 2, 20, file=FILE, line=11)
COMPLAINT = Problem(
    "unregistered-module",
    "`parts` is a list.",
    hint="Use `nn.ModuleList`.",
    module="head",
    attribute="parts",
    fixes=(Fix("edit_source", "Write it."),),
)


def test_that_what_is_not_registered_tells_what_that_means_and_who_complains(bench: Workbench) -> None:
    tree = opened().tree
    bench.set_model(opened(tree=ModuleTree(tree.modules, tree.parameters, (HIDDEN,)), problems=(COMPLAINT,)))
    bench.select_hidden(HIDDEN)
    details = details_of(bench)
    assert details is not None
    assert (details.title, details.subtitle) == ("head.parts[0]", "Linear")
    assert details.mark is not None
    assert details.mark.text == "✖ not registered"
    assert details.sentences[0].startswith("A Linear in a list that PyTorch does not see.")
    assert details.sentences[1] == "Use `nn.ModuleList`."
    assert facts(details) == {"Held by": "list", "Module": "head", "Attribute": "parts", "Holds": "2 parameters, 20 numbers"}
    assert details.sections[1].facts[0].link == f"problem:{bench.problems.index(COMPLAINT)}"
    assert details.sections[1].facts[0].value == "parts is a list."
    assert details.places == (SourcePlace("Assigned here", FILE, 11),)
    assert details.fixes == COMPLAINT.fixes


def test_that_a_plain_tensor_that_nobody_complains_of_is_information(bench: Workbench) -> None:
    details = subjects.of_hidden(
        bench, HiddenPart("", "pe", "pe", "tensor", "Tensor", shape=(4, 2), dtype="float32", device="cpu")
    )
    assert details.mark is not None
    assert details.mark.text == "● not registered"
    assert facts(details) == {
        "Held by": "a plain attribute",
        "Module": "(model)",
        "Attribute": "pe",
        "Tensor": "[4, 2] float32 cpu",
    }
    assert len(details.sections) == 1


def test_that_a_parameter_tells_whose_memory_it_shares_and_where_it_is_assigned(bench: Workbench) -> None:
    entry = parameter("w", (2, 3), shares_with=("v",), stride=(1, 2), file=FILE, line=4)
    bench.set_model(opened(tree=ModuleTree((), (entry,))))
    details = subjects.of_parameter(bench, "w")
    assert details is not None
    assert facts(details)["Same memory as"] == "v"
    assert facts(details)["Stride"] == "[1, 2]"
    assert details.places == (SourcePlace("Assigned here", FILE, 4),)


def test_that_facts_about_what_is_hidden_leave_out_how_they_were_found(bench: Workbench) -> None:
    data = {
        "held_by": "list",
        "parameter_count": 6,
        "numel": 816,
        "owners": [""],
        "way": "made",
        "confirmed": True,
        "made_line": 3,
    }
    said = facts(subjects.of_problem(bench, replace(MISMATCH, call=None, data=data)), "Facts")
    assert said == {"Held by": "list", "Parameters": "6", "Numbers": "816"}
    several = subjects.of_problem(bench, replace(MISMATCH, call=None, data={"owners": ["a", "b"]}))
    assert facts(several, "Facts") == {"Modules": "a, b"}


def test_that_a_call_tells_what_it_computed_what_is_kept_and_why_it_stands_out(bench: Workbench) -> None:
    bench.set_model(opened())
    bench.begin_run()
    made = [replace(each, training=each.index > 5) for each in panel_data.good_calls()]
    bench.add_calls(made)
    bench.end_run(replace(panel_data.report(), kept_bytes=tuple(100 * at for at in range(10))))
    bench.select_call(6)
    told = facts(details_of(bench))
    assert (told["Computes"], told["Kept"], told["Called in"]) == ("1.61 MFLOPs", "600 B for the backward pass", "train mode")
    bench.select_call(1)
    told = facts(details_of(bench))
    assert told["Kept"] == "100 B for the backward pass, its parts included"
    assert told["Computes"].endswith(", its parts included")
    assert told["Called in"] == "eval mode"
    bench.select(Selection(module="head.act", call=8))
    assert facts(details_of(bench))["Stands out"] == "4 NaN or Inf, in no other call"
