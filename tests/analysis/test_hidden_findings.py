"""Which hidden parts are mistakes, how sure that is, and how each is repaired."""

import pytest

from torchloupe.analysis.registration.hidden_findings import (
    HiddenCause,
    MovedParameter,
    hidden_problems,
    moved_parameter_problems,
)
from torchloupe.wire.registration import HiddenPart

REACH = "parameters(), .to() and state_dict()"


def module(name="layers[0]", kind="Linear", held_by="list"):
    return HiddenPart("", name.partition("[")[0], name, "module", kind, held_by, parameter_count=2, numel=6)


def parameter(name="w", held_by="", kind="parameter", **facts):
    return HiddenPart("", name.partition("[")[0], name, kind, "Parameter", held_by, 1, 3, (3,), "float32", "cpu", **facts)


def cause(*parts, **facts):
    parts = parts or (module(), module("layers[1]"))
    modules = [part for part in parts if part.kind == "module"]
    contents = {part.class_name: sum(other.class_name == part.class_name for other in modules) for part in modules}
    known = {
        "owners": ("encoder",),
        "owner_class": "Net",
        "attribute": parts[0].attribute,
        "held_by": parts[0].held_by,
        "contents": tuple(contents.items()),
        "parameter_count": sum(part.parameter_count for part in parts),
        "numel": sum(part.numel for part in parts),
        "trainable": sum(part.parameter_count for part in parts),
        "way": "made",
        "confirmed": True,
        "file": "net.py",
        "line": 9,
    }
    return HiddenCause(parts=parts, **{**known, **facts})


def only(*parts, **facts):
    (problem,) = hidden_problems([cause(*parts, **facts)])
    return problem


def test_that_a_list_of_layers_is_an_error_with_its_sizes_and_its_line():
    found = only(code="[nn.Linear(2, 2) for _ in range(2)]")
    assert (found.code, found.severity, found.module, found.attribute) == ("unregistered-module", "error", "encoder", "layers")
    assert (found.file, found.line) == ("net.py", 9)
    assert found.message == (
        f"`Net.layers` is a Python list of 2 Linear (4 parameters, 12 values): {REACH} do not see them, and no optimizer trains them."
    )
    assert found.hint == "Write `self.layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(2)])` (line 9)."
    assert [(fix.kind, fix.text, fix.module) for fix in found.fixes] == [("edit_source", found.hint, "encoder")]
    assert found.data["names"] == ["layers[0]", "layers[1]"]


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        ({}, "error"),
        ({"confirmed": False}, "warning"),
        ({"trainable": 0}, "info"),
        ({"way": "around"}, "info"),
        ({"way": "wrapped"}, "info"),
        ({"way": "copied"}, "info"),
        ({"way": "argument"}, "error"),
        ({"way": "argument", "held_by": "Trainer"}, "info"),
        ({"way": "argument", "held_by": "function"}, "info"),
        ({"way": "unknown", "confirmed": False}, "warning"),
        ({"hides_one": True}, "info"),
        ({"is_users": False}, "info"),
        ({"overrides": ("parameters",)}, "info"),
    ],
)
def test_that_what_looks_deliberate_is_information_and_what_is_unconfirmed_a_warning(facts, severity):
    assert only(**facts).severity == severity


def test_that_information_says_that_it_seems_deliberate_and_how_it_would_be_registered():
    found = only(way="around")
    assert "It seems to be kept apart on purpose." in found.message
    assert found.hint.startswith("If it is to train, to move or to be saved with the model: write `self.layers = nn.ModuleList(")


def test_that_parts_without_weights_and_modes_are_no_problem():
    assert hidden_problems([cause(parameter_count=0, numel=0, trainable=0)]) == []
    found = only(parameter_count=0, numel=0, trainable=0, modes=("Dropout",))
    assert found.severity == "error"
    assert found.message.endswith("train() and eval() do not reach what is in it. eval() does not reach `Dropout`.")


def test_that_modes_and_emptiness_are_told():
    found = only(modes=("BatchNorm1d", "Dropout"), is_everything=True)
    assert found.message.endswith("The model has no other parameter. eval() does not reach `BatchNorm1d`, `Dropout`.")


def test_that_one_cause_in_several_places_names_how_many():
    found = only(owners=("a", "b", "c"))
    assert found.message.endswith("So it is in 2 other `Net`, too.")
    assert found.data["owners"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("part", "facts", "what", "repair"),
    [
        (
            module("heads['a']", held_by="dict"),
            {"code": "{'a': A()}"},
            "is a Python dict of 1 Linear",
            "= nn.ModuleDict({'a': A()})`",
        ),
        (
            module("heads[3]", held_by="dict"),
            {"has_text_keys": False},
            "is a Python dict",
            "`nn.ModuleDict({str(key): value ...})`",
        ),
        (module("rows[0][0]"), {"is_nested": True}, "is a Python list", "each list or dict in it an `nn.ModuleList`"),
        (module("layers[0]"), {"code": "[]"}, "is a Python list", "Write `self.layers = nn.ModuleList()`"),
        (module("layers[0]"), {"way": "argument", "code": "blocks"}, "is a Python list", "= nn.ModuleList(blocks)`"),
        (module("layers[0]"), {"code": "x" * 120}, "is a Python list", "= nn.ModuleList(...)`"),
        (
            module("trunk.fc", held_by="Trunk"),
            {},
            "is a `Trunk`, not an nn.Module, and holds a Linear",
            "`class Trunk(nn.Module)`",
        ),
        (module("x.fc", held_by="SimpleNamespace"), {}, "is a `SimpleNamespace`", "Keep them in an `nn.ModuleDict`"),
        (module("x[0].__self__"), {"code": "[layer.forward]"}, "is a Python list", "= nn.ModuleList(...)`"),
        (module("f.lin", held_by="function"), {}, "is a function that uses a Linear", "Assign it as well: `self.lin = ...`"),
        (module("f.args[0]", held_by="partial"), {}, "is a partial that uses a Linear", "Assign it as well: `self.module = ...`"),
        (module("f.keywords['weight']", held_by="partial"), {}, "is a partial", "Assign it as well: `self.weight = ...`"),
        (
            module("shared", held_by="class"),
            {},
            "is an attribute of the class and not of its objects",
            "Make one for each object",
        ),
        (module("x", held_by=""), {"way": "around"}, "is no registered part of `Net`", "assign it as `self.x = ...`"),
        (parameter("w[0]", "list"), {}, "is a Python list of 1 Parameter", "= nn.ParameterList(...)`"),
        (parameter("w['a']", "dict"), {}, "is a Python dict of 1 Parameter", "= nn.ParameterDict(...)`"),
        (parameter("w", ""), {"way": "around"}, "([3]) is a Parameter that is not registered", "wrap it"),
        (
            parameter("w", kind="tensor", requires_grad=True),
            {"repaired": "nn.Parameter(torch.ones(3))"},
            "([3]) requires a gradient and is no nn.Parameter",
            "Write `self.w = nn.Parameter(torch.ones(3))` (line 9).",
        ),
        (
            parameter("w", kind="tensor", requires_grad=True, from_parameter=True),
            {"code": "nn.Parameter(w) * 2"},
            "([3]) is the result of `nn.Parameter(w) * 2`, a plain tensor",
            "Wrap it: `self.w = nn.Parameter(...)`",
        ),
    ],
)
def test_that_each_way_to_hide_has_its_words_and_its_repair(part, facts, what, repair):
    found = only(part, **facts)
    assert what in found.message
    assert repair in found.hint


def test_that_modules_and_parameters_together_are_named_together():
    found = only(module("trunk.fc", held_by="Trunk"), parameter("trunk.w", "Trunk"))
    assert found.code == "unregistered-module"
    assert "holds a Linear and 1 Parameter (3 parameters, 9 values)" in found.message
    mixed = only(module("x[0]"), parameter("x[1]", "list"))
    assert "Put the modules of `self.x` into an `nn.ModuleList` and its Parameters into an `nn.ParameterList`" in mixed.hint


def test_that_many_kinds_are_cut_short():
    parts = [module(f"layers[{number}]", kind) for number, kind in enumerate(("A", "B", "C", "D", "E", "F"))]
    assert "of 1 A, 1 B, 1 C, 1 D and 2 more kinds" in only(*parts).message


def test_that_parameters_alone_have_a_code_of_their_own():
    found = only(parameter("w[0]", "list"), parameter("w[1]", "list"))
    assert (found.code, found.severity) == ("unregistered-parameter", "error")
    assert f"`Net.w` is a Python list of 2 Parameters (6 values): {REACH} do not see them" in found.message


def test_that_the_line_that_made_a_part_is_among_the_facts():
    data = only(made_at=("blocks.py", 3)).data
    assert (data["made_file"], data["made_line"]) == ("blocks.py", 3)


def test_that_a_parameter_that_is_registered_by_chance_is_warned_of():
    moved = MovedParameter("head", "Head", "w", "nn.Parameter(x).to(device)", "nn.Parameter(x.to(device))", "net.py", 4)
    (found,) = moved_parameter_problems([moved])
    assert (found.code, found.severity, found.module, found.line) == ("unregistered-parameter", "warning", "head", 4)
    assert found.hint == "Write `self.w = nn.Parameter(x.to(device))` (line 4)."
