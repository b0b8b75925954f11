"""What is known of the registration once a model is constructed: each model of the zoo gets the code that its guilty line carries."""

import ast
import re

import pytest
import torch
from torch import nn

from torchloupe.wire.problems import INFO
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.construct import construct_problem
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.handlers import open_target
from torchloupe.worker.registration.constructed import registration_of
from torchloupe.worker.registration.failed_construction import forgotten_init
from torchloupe.worker.registration.watch_construction import ConstructionWatch
from torchloupe.worker.target import import_target
from worker.conftest import MODELS
from worker.registration_zoo import target_in
from worker.test_zoo_of_constructors import build

ZOO = MODELS / "registration"
FILES = ("modules_in_containers", "parameters_not_registered", "super_init", "class_structure", "shared_and_lost")
MARK = re.compile(r"#\s+([a-z]+(?:-[a-z]+)+) (error|warning|info)$")
PARTS = {
    "Trunk",
    "Parts",
    "Block",
    "Handed",
    "Weights",
    "Careless",
    "Scale",
    "Branch",
    "Frozen",
    "Pair",
    "Flag",
    "made",
    "applied",
}
PARTS |= {"InitMisspelledWithArguments", "example_inputs"}
ELSEWHERE = {
    "ManyBlocks": "Block",
    "handed_over": "Handed",
    "OfTheBase": "Careless",
    "InsideAPart": "Missing",
    "APartWithoutParts": "Scale",
    "GivesArguments": "InitMisspelledWithArguments",
}
"""Models whose guilty line is in another class."""


def definitions(file):
    tree = ast.parse(file.read_text())
    return {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


def marks(file, name):
    """The codes, severities and lines that the source of a model carries."""
    node, lines = definitions(file)[ELSEWHERE.get(name, name)], file.read_text().splitlines()
    found = [(number, MARK.search(lines[number - 1])) for number in range(node.lineno, node.end_lineno + 1)]
    return sorted((match[1], match[2], number) for number, match in found if match)


def problems_in(file, name):
    """Constructed and looked at as opening a target does, without what opening does beside."""
    target = target_in(file, name)
    try:
        with ConstructionWatch() as watch:
            model = target.make()
    except Exception as error:
        return [construct_problem(error, target)]
    if not hasattr(model, "_modules"):
        return [forgotten_init(type(model), target)]
    try:
        return registration_of(model, target, watch)[1]
    except CouldNotRun as unfinished:
        return list(unfinished.problems)


def cases(folder, names):
    return [
        (folder / f"{stem}.py", name)
        for stem in names
        for name in definitions(folder / f"{stem}.py")
        if name not in PARTS and not name.startswith(("_", "Biting", "OfBiting"))
    ]


FAULTS, CLEAN = cases(ZOO, FILES), cases(ZOO / "clean", (*FILES, "unfriendly"))


def named(cases):
    return [f"{file.stem}:{name}" for file, name in cases]


@pytest.mark.parametrize(("file", "name"), FAULTS, ids=named(FAULTS))
def test_that_a_fault_is_found_at_its_line_and_nothing_else(file, name):
    found = problems_in(file, name)
    assert sorted((problem.code, problem.severity, problem.line) for problem in found) == marks(file, name)
    assert {problem.file for problem in found} == {str(file)}
    for problem in found:
        assert problem.message.endswith((".", "?"))
        assert problem.hint
        assert problem.module is not None
        assert [fix.kind for fix in problem.fixes] == ["edit_source"]


# What torch and Python have to say of deprecated things is not the matter here.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("file", "name"), CLEAN, ids=named(CLEAN))
def test_that_a_correct_look_alike_is_not_blamed(file, name):
    found = problems_in(file, name)
    assert [problem for problem in found if problem.severity != INFO] == []
    assert [problem for problem in found if "could not" in problem.message] == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("folder", ["constructors", "inputs"])
def test_that_the_other_zoos_are_not_blamed(folder):
    blamed = {}
    for file in sorted((MODELS / folder).glob("*.py")):
        target = import_target(str(file))
        with ConstructionWatch() as watch:
            model = build(target, getattr(target.module, "CHECKPOINT_ARGUMENTS", {}))
        found = [problem for problem in registration_of(model, target, watch)[1] if problem.severity != INFO]
        if found:
            blamed[file.stem] = [(problem.code, problem.severity) for problem in found]
    # This one holds a layer several times, and says so.
    assert blamed == ({"vqvae": [("shared-instance", "warning")]} if folder == "constructors" else {})


@pytest.mark.parametrize("name", ["HoldsWhatBites", "BitingProperties", "OddTensors", "Recursive"])
@pytest.mark.filterwarnings("ignore")
def test_that_nothing_of_the_users_runs_while_it_is_looked_at(name):
    target = target_in(ZOO / "clean" / "unfriendly.py", name)
    model = target.make()
    target.module.RAN.clear()
    registration_of(model, target, ConstructionWatch())
    assert target.module.RAN == []


def test_that_a_model_of_many_thousand_attributes_is_looked_at_as_far_as_it_goes():
    target = target_in(ZOO / "clean" / "unfriendly.py", "Huge")
    model = target.make()
    model.late = [nn.Linear(2, 2)]
    hidden, found = registration_of(model, target, ConstructionWatch())
    assert hidden == ()  # it comes after the first ten thousand
    assert {problem.code for problem in found} == {"registration-not-all-seen"}
    assert any("20,0" in problem.message for problem in found)


@pytest.mark.parametrize(
    ("name", "repair"),
    [
        (
            "modules_in_containers:InAList",
            "Write `self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(depth)])` (line 18).",
        ),
        ("modules_in_containers:InADict", "self.heads = nn.ModuleDict({name: nn.Linear(4, 2) for name in ('a', 'b')})`"),
        ("modules_in_containers:InADictWithNumbers", "Make `self.heads` an `nn.ModuleDict` with text for keys"),
        ("modules_in_containers:Appended", "Write `self.layers = nn.ModuleList()`"),
        ("modules_in_containers:handed_over", "Write `self.layers = nn.ModuleList(layers)`"),
        ("modules_in_containers:InNestedLists", "each list or dict in it an `nn.ModuleList` or `nn.ModuleDict`"),
        ("modules_in_containers:InAPlainObject", "Make it `class Trunk(nn.Module)`"),
        ("modules_in_containers:InALambda", "Assign it as well: `self.projection = ...`"),
        ("parameters_not_registered:Scaled", "Write `self.prompt = nn.Parameter(torch.randn(size) * 0.02)`"),
        ("parameters_not_registered:Converted", "self.weight = nn.Parameter(torch.randn(4).to(torch.float64))`"),
        ("parameters_not_registered:InAList", "self.scales = nn.ParameterList([nn.Parameter(torch.ones(4)) for _ in range(3)])`"),
        ("parameters_not_registered:InADict", "Write `self.biases = nn.ParameterDict({'a'"),
        ("shared_and_lost:RepeatedInAList", "Write `[Block(4) for _ in range(depth)]` instead of `[Block(4)] * depth`."),
        ("shared_and_lost:RepeatedInASequential", "Write `[nn.Linear(4, 4) for _ in range(3)]` instead of `3 * [layer]`."),
        ("shared_and_lost:TiedByData", "Make them one Parameter: `self.head.weight = self.tok.weight`."),
        ("super_init:Late", "Move `super().__init__()` from line 28 to the first line of `Late.__init__`."),
        ("super_init:Uncalled", "Add `()`: `super().__init__()`."),
        ("class_structure:CallsForward", "Call `self.branch(x)`."),
        ("class_structure:FreezesNothing", "Write `self.backbone.requires_grad_(False)`."),
    ],
)
def test_that_the_repair_is_concrete(name, repair):
    stem, _, entry = name.partition(":")
    assert repair in problems_in(ZOO / f"{stem}.py", entry)[0].hint


def test_that_a_message_says_what_where_and_how_much():
    (found,) = problems_in(ZOO / "modules_in_containers.py", "InNestedLists")
    assert found.message == (
        "`InNestedLists.grid` is a Python list of 2 Linear and 2 Dropout (4 parameters, 40 values): parameters(), .to() and state_dict() "
        "do not see them, and no optimizer trains them. The model has no other parameter. eval() does not reach `Dropout`."
    )
    assert found.data["names"] == ["grid[0][0]", "grid[0][1]", "grid[1][0]", "grid[1][1]"]


def test_that_one_cause_in_several_places_is_one_problem():
    (found,) = problems_in(ZOO / "modules_in_containers.py", "ManyBlocks")
    assert found.data["owners"] == ["blocks.0", "blocks.1", "blocks.2"]
    assert found.message.endswith("So it is in 2 other `Block`, too.")
    assert found.data["parameter_count"] == 4


def test_that_a_module_kept_apart_on_purpose_is_told_as_such():
    (found,) = problems_in(ZOO / "clean" / "modules_in_containers.py", "TeacherInAList")
    assert (found.code, found.severity, found.attribute) == ("unregistered-module", "info", "teacher")
    assert "on purpose" in found.message


def test_that_an_opened_target_brings_hidden_parts_and_problems(context):
    opened = open_target(context, OpenTarget(f"{ZOO / 'modules_in_containers.py'}:InATuple"))
    assert [part.path for part in opened.tree.hidden] == ["pair[0]", "pair[1]"]
    assert [problem.code for problem in opened.problems] == ["unregistered-module"]
    assert "__wrapped__" not in vars(nn.Module.__init__)


def test_that_a_target_that_cannot_be_constructed_says_which_class_is_to_blame(context):
    with pytest.raises(CouldNotRun) as caught:
        open_target(context, OpenTarget(f"{ZOO / 'class_structure.py'}:GivesArguments"))
    (problem,) = caught.value.problems
    assert (problem.code, problem.attribute) == ("misspelled-method", "__init_")
    assert "Traceback" in problem.details


def test_that_a_part_that_cannot_be_called_is_refused_at_once(context):
    with pytest.raises(CouldNotRun, match=r"`Scale\.__init__` never calls") as caught:
        open_target(context, OpenTarget(f"{ZOO / 'super_init.py'}:APartWithoutParts"))
    assert [(problem.code, problem.module) for problem in caught.value.problems] == [("missing-super-init", "scale")]
    assert "open" not in context.state


def test_that_a_model_without_parameters_is_told_unless_something_explains_it(tmp_path):
    source = "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    (tmp_path / "net.py").write_text(f"{source}        layer = nn.Linear(2, 2)\n")
    (found,) = problems_in(tmp_path / "net.py", "Net")
    assert (found.code, found.severity) == ("no-parameters", "warning")
    assert "Its constructor made 1 Linear, and the model holds none of it." in found.message
    (tmp_path / "other.py").write_text(f"{source}        self.act = nn.ReLU()\n")
    (found,) = problems_in(tmp_path / "other.py", "Net")
    assert (found.code, found.severity) == ("no-parameters", "info")
    (tmp_path / "third.py").write_text(f"{source}        self.factor = 2\n")
    assert problems_in(tmp_path / "third.py", "Net") == []


def test_that_a_failure_of_ours_does_not_cost_the_model(monkeypatch):
    def fail(_self):
        raise RuntimeError("ours")

    monkeypatch.setattr("torchloupe.worker.registration.constructed._Constructed.problems", fail)
    target = target_in(ZOO / "modules_in_containers.py", "InAList")
    hidden, found = registration_of(target.make(), target, ConstructionWatch())
    assert len(hidden) == 3
    assert [(problem.code, problem.severity) for problem in found] == [("registration-not-all-seen", "info")]


def test_that_a_distributed_tensor_is_no_broken_tie(tmp_path):
    if not torch.distributed.is_available():
        pytest.skip("this torch has no distributed tensors")
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import Replicate, distribute_tensor

    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    try:
        mesh = init_device_mesh("cpu", (1,))
        model = nn.Linear(3, 3)
        model.weight = nn.Parameter(distribute_tensor(model.weight.data, mesh, [Replicate()]))
        model.kept = [nn.Parameter(distribute_tensor(torch.ones(3, 3), mesh, [Replicate()]))]
        hidden, found = registration_of(model, target_in(ZOO / "modules_in_containers.py", "Block"), ConstructionWatch())
        assert [(part.shape, part.kind) for part in hidden] == [((3, 3), "parameter")]
        assert [problem.code for problem in found] == ["unregistered-parameter"]
    finally:
        torch.distributed.destroy_process_group()
