"""One part where several were meant, and several where one was meant."""

import pytest

from torchloupe.analysis.registration.sharing_findings import (
    BrokenTie,
    OverwrittenPart,
    RepeatedInstance,
    overwritten_problems,
    repeated_problems,
    tie_problems,
)


def repeated(**facts):
    known = {
        "container": "encoder.layers",
        "attribute": "layers",
        "owner_class": "Encoder",
        "class_name": "Block",
        "times": 6,
        "parameter_count": 12,
        "code": "[Block(4)] * depth",
        "item": "Block(4)",
        "count": "depth",
        "file": "net.py",
        "line": 9,
    }
    (found,) = repeated_problems([RepeatedInstance(**{**known, **facts})])
    return found


def test_that_a_multiplied_list_shares_its_weights():
    found = repeated()
    assert (found.code, found.severity, found.module, found.line) == ("shared-instance", "warning", "encoder.layers", 9)
    assert found.message == ("`Encoder.layers` holds the same Block 6 times: 6 layers share one set of weights (12 parameters).")
    assert found.hint == "Write `[Block(4) for _ in range(depth)]` instead of `[Block(4)] * depth`."


@pytest.mark.parametrize(
    ("item", "hint"),
    [
        ("layer", "Make each one anew: `[copy.deepcopy(layer) for _ in range(depth)]` instead of `[Block(4)] * depth`."),
        ("Block(" + "4, " * 40 + "4)", "Make each one anew: `[... for _ in range(depth)]` instead of `[Block(4)] * depth`."),
    ],
)
def test_that_a_layer_that_is_not_spelled_out_is_copied(item, hint):
    assert repeated(item=item).hint == hint


def overwritten(**facts):
    known = {"module": "", "owner_class": "Net", "attribute": "block", "class_name": "Block", "file": "net.py", "line": 12}
    (found,) = overwritten_problems([OverwrittenPart(**{**known, **facts})])
    return found


def test_that_a_name_that_a_loop_assigns_keeps_one_of_many():
    found = overwritten(lost=3)
    assert (found.code, found.severity, found.attribute, found.line) == ("attribute-overwritten", "error", "block", 12)
    assert found.message == "`Net.block` is overwritten 3 times: 4 Block made, 1 kept."
    assert (
        found.hint == "Keep them all: `self.block = nn.ModuleList([... for ... in ...])` instead of the assignment in the loop."
    )
    assert found.data == {"lost": 3}


def test_that_parameters_in_a_loop_are_not_counted_and_only_warned_of():
    found = overwritten(class_name="Parameter", lost=None)
    assert found.severity == "warning"
    assert found.message == "`Net.block` is overwritten in every round of a loop."
    assert "nn.ParameterList(" in found.hint


def test_that_two_assignments_in_a_row_are_a_slip():
    found = overwritten(in_loop=False, earlier_line=8)
    assert found.severity == "warning"
    assert found.message == "`Net.block` is assigned at line 8 and again at line 12: the first Block is thrown away unused."
    assert found.hint == "Give the one of line 12 a name of its own, or delete line 8."
    assert found.data == {"earlier_line": 8}


def test_that_two_parameters_in_one_memory_are_a_broken_tie():
    (found,) = tie_problems([BrokenTie(("tok.weight", "head.weight"), (10, 4), "net.py", 9)])
    assert (found.code, found.severity, found.module, found.parameter) == ("broken-tie", "error", "head", "head.weight")
    assert found.message == (
        "`tok.weight`, `head.weight` ([10, 4]) share memory but are 2 Parameters: the optimizer steps them twice, and .to() or loading "
        "a checkpoint parts them."
    )
    assert found.hint == "Make them one Parameter: `self.head.weight = self.tok.weight`."
    (found,) = tie_problems([BrokenTie(("a.w", "b.w", "c.w"), (3,))])
    assert found.message.startswith("`a.w`, `b.w`, `c.w` ([3]) share memory but are 3 Parameters")
