"""From what a watched pass showed to problems."""

from dataclasses import replace

import pytest

from torchloupe.analysis.registration.forward_facts import (
    ALONE,
    INDEX,
    MEETS,
    MOVED,
    SCALAR,
    BornModule,
    BornParameter,
    DirectForward,
    ForeignParameter,
    ForeignTensor,
    ForwardFacts,
    GradientsInForward,
    LeavingTorch,
    Spot,
    UncalledModule,
)
from torchloupe.analysis.registration.forward_findings import forward_problems, is_constant_weight
from torchloupe.wire.problems import ERROR, INFO, WARNING
from torchloupe.wire.registration import TENSOR, HiddenPart

HERE = Spot("net.py", 12)
TABLE = HiddenPart("encoder", "pe", "pe", TENSOR, "Tensor", shape=(40, 16), dtype="float32", device="cpu", file="net.py", line=7)
FOREIGN = ForeignTensor(TABLE, MEETS, "+", HERE, assigned="torch.cat([torch.sin(x), torch.cos(x)])")


def only(**facts):
    """The one problem that these facts make."""
    (problem,) = forward_problems(ForwardFacts(**facts))
    return problem


def test_that_nothing_seen_is_nothing_found():
    assert forward_problems(ForwardFacts()) == []


def test_that_a_table_that_meets_data_is_an_error_at_the_line_where_it_is_assigned():
    problem = only(foreign=(FOREIGN,))
    assert (problem.code, problem.severity) == ("tensor-should-be-buffer", ERROR)
    assert (problem.module, problem.attribute, problem.file, problem.line) == ("encoder", "pe", "net.py", 7)
    assert "`encoder.pe` ([40, 16] float32) is a plain tensor" in problem.message
    assert "`+` in line 12 fails on another device" in problem.message
    assert problem.data == {"role": "meets", "operation": "+", "use_line": 12, "tensors": ["encoder.pe"]}
    (fix,) = problem.fixes
    assert (fix.kind, fix.text) == ("edit_source", problem.hint)
    assert 'self.register_buffer("pe", ...)' in fix.text


@pytest.mark.parametrize("role", [MOVED, INDEX, SCALAR])
def test_that_a_use_that_survives_a_move_is_information(role):
    assert only(foreign=(replace(FOREIGN, role=role),)).severity == INFO


def test_that_a_tensor_that_meets_no_data_or_comes_along_is_nobodys_business():
    assert forward_problems(ForwardFacts(foreign=(replace(FOREIGN, role=ALONE), replace(FOREIGN, stays=False)))) == []


def test_that_whole_numbers_are_not_said_to_miss_a_change_of_dtype():
    masks = replace(FOREIGN, part=replace(TABLE, dtype="bool"))
    assert ".half()" not in only(foreign=(masks,)).message
    assert ".half()" in only(foreign=(FOREIGN,)).message


def test_that_the_tensors_of_one_list_are_one_problem_of_its_gravest_member():
    parts = [replace(TABLE, attribute="tables", name=f"tables[{number}]", held_by="list") for number in range(3)]
    roles = (SCALAR, MEETS, MOVED)
    problem = only(foreign=tuple(replace(FOREIGN, part=part, role=role) for part, role in zip(parts, roles)))
    assert problem.severity == ERROR
    assert "`encoder.tables[1]`" in problem.message
    assert "like 2 other tensors there" in problem.message
    assert "Register each tensor of `tables`" in problem.hint
    assert problem.data["tensors"] == ["encoder.tables[1]", "encoder.tables[0]", "encoder.tables[2]"]


def test_that_a_tensor_without_a_known_assignment_is_told_where_it_is_used():
    problem = only(foreign=(replace(FOREIGN, part=replace(TABLE, line=None, file=None)),))
    assert (problem.file, problem.line) == ("net.py", 12)


def test_that_a_global_tensor_is_information():
    problem = only(foreign=(replace(FOREIGN, is_global=True, part=replace(TABLE, owner="", name="MEAN", attribute="MEAN")),))
    assert problem.severity == INFO
    assert "a global tensor" in problem.message
    assert '`self.register_buffer("mean", MEAN)`' in problem.hint


@pytest.mark.parametrize(
    ("assigned", "as_weight", "constant"),
    [
        ("torch.rand((20, 20))", True, True),
        ("torch.randn(20, 20)", True, True),
        ("rand(20, 20)", True, True),
        ("torch.tensor(rows, requires_grad=False)", True, True),
        ("torch.rand((20, 20))", False, False),
        ("torch.rand(20, 20) * 0.1", True, False),
        ("torch.ones(20, 20)", True, False),
        ("torch.cat([a, b])", True, False),
        ("torch.ones(3, requires_grad=True)", True, False),
        ("make_table(20)", True, False),
        ("", True, False),
        ("not python (", True, False),
    ],
)
def test_that_a_weight_is_constant_when_it_is_drawn_as_it_is_or_said_to_be(assigned, as_weight, constant):
    foreign = replace(FOREIGN, assigned=assigned, as_weight=as_weight)
    assert is_constant_weight(foreign) is constant
    assert only(foreign=(foreign,)).severity == (INFO if constant else ERROR)


@pytest.mark.parametrize(
    ("assigned", "severity"),
    [
        ("torch.arange(9, device=device) / 9", INFO),
        ("make_table(9).to(self.device)", INFO),
        ("torch.arange(9, device='cpu')", ERROR),
        ("make_table(9).to('cpu')", ERROR),
        ("make_table(9).to(self.weight.dtype)", ERROR),
        ("make_table(9).to(torch.float16)", ERROR),
        ("torch.arange(9)", ERROR),
    ],
)
def test_that_a_table_whose_author_says_where_it_is_to_be_is_information(assigned, severity):
    assert only(foreign=(replace(FOREIGN, assigned=assigned),)).severity == severity


def test_that_a_global_layer_is_an_unregistered_module_and_a_global_parameter_a_parameter():
    layer = only(foreign_parameters=(ForeignParameter("SHARED", "Linear", "linear", HERE),))
    assert (layer.code, layer.severity, layer.line) == ("unregistered-module", ERROR, 12)
    assert "the Linear `SHARED`" in layer.message
    weight = only(foreign_parameters=(ForeignParameter("SCALE", "", "*", HERE),))
    assert weight.code == "unregistered-parameter"
    assert "`self.scale = SCALE`" in weight.hint


def test_that_a_layer_made_at_every_call_is_an_error():
    problem = only(modules=(BornModule("Linear", "head", HERE, parameters=("weight", "bias")),))
    assert (problem.code, problem.severity, problem.module, problem.line) == ("module-created-in-forward", ERROR, "head", 12)
    assert problem.data["parameters"] == ["weight", "bias"]


def test_that_a_layer_that_is_registered_by_the_first_call_is_late():
    problem = only(modules=(BornModule("Conv2d", "head", HERE, "head.fc", parameters=("weight",)),))
    assert (problem.code, problem.attribute) == ("module-registered-late", "fc")
    assert "nn.LazyConv2d" in problem.hint
    assert problem.data == {"parameters": ["head.fc.weight"], "registered_as": "head.fc"}
    assert "nn.LazyLinear" in only(modules=(BornModule("Block", "", HERE, "block"),)).hint


def test_that_a_layer_that_is_registered_anew_by_each_call_is_made_at_every_call():
    problem = only(modules=(BornModule("Linear", "", HERE, "fc", each_call=True, parameters=("weight",)),))
    assert problem.code == "module-created-in-forward"
    assert problem.data["parameters"] == ["fc.weight"]


def test_that_a_parameter_made_in_forward_is_an_error():
    problem = only(parameters=(BornParameter("block", HERE, "block.scale"),))
    assert (problem.code, problem.severity, problem.module) == ("parameter-created-in-forward", ERROR, "block")
    assert problem.attribute == "scale"


def test_that_a_forward_past_hooks_is_graver_than_one_past_none():
    plain = only(direct=(DirectForward("branch", "Branch", HERE),))
    assert (plain.code, plain.severity, plain.module) == ("forward-called-directly", WARNING, "branch")
    grave = only(direct=(DirectForward("branch", "Branch", HERE, ("forward pre-hooks", "forward hooks")),))
    assert grave.severity == ERROR
    assert "forward pre-hooks and forward hooks did not run" in grave.message


def test_that_an_uncalled_layer_with_weights_is_a_warning_and_one_without_is_information():
    heavy = only(uncalled=(UncalledModule("encoder.norm", "LayerNorm", 2, 32, HERE),))
    assert (heavy.code, heavy.severity, heavy.module, heavy.attribute) == ("unused-module", WARNING, "encoder.norm", "norm")
    assert "32 elements in 2 parameters" in heavy.message
    light = only(uncalled=(UncalledModule("act", "ReLU", 0, 0, HERE),))
    assert light.severity == INFO
    assert "elements" not in light.message


@pytest.mark.parametrize(("operation", "said"), [("numpy", "`.numpy()`"), ("item", "`.item()`"), ("__float__", "`float()`")])
def test_that_a_value_that_leaves_torch_is_information(operation, said):
    problem = only(leaving=(LeavingTorch(operation, "head", HERE),))
    assert (problem.code, problem.severity, problem.line) == ("numpy-in-forward", INFO, 12)
    assert said in problem.message


@pytest.mark.parametrize(("operation", "said"), [("backward", "runs `.backward()`"), ("grad", "writes to `.grad`")])
def test_that_gradients_that_forward_makes_itself_are_a_warning(operation, said):
    problem = only(gradients=(GradientsInForward(operation, "head", HERE),))
    assert (problem.code, problem.severity, problem.module, problem.line) == ("grad-set-in-forward", WARNING, "head", 12)
    assert said in problem.message
