"""The words for operations."""

from typing import Dict

import pytest

from torchloupe.analysis.operation_wording import DIRECT_FORWARD, MOST_LETTERS, is_direct_forward, operation_title
from torchloupe.wire.traces import Operation, PlainValue


def title(name: str, **values: str) -> str:
    """The title of an operation with these plain values; ``at_1`` is the one at position 1."""
    plain = tuple(
        PlainValue(key.replace("at_", "[") + "]" if key.startswith("at_") else key, text) for key, text in values.items()
    )
    return operation_title(Operation(0, name, "part", 1, values=plain))


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("x + y", {}, "x + y"),
        ("x * 0.5", {}, "x * 0.5"),
        ("x[:, 0] = y", {}, "x[:, 0] = y"),
        ("bool(x)", {"result": "True"}, "bool(x)"),
        ("F.relu", {}, "F.relu"),
        (".mT", {}, ".mT"),
        (".item", {"result": "2.0"}, ".item"),
        ("torch.cat", {"dim": "1"}, "torch.cat(dim=1)"),
        ("F.dropout", {"p": "0.1", "training": "False"}, "F.dropout(p=0.1, training=False)"),
        ("torch.arange", {"at_0": "3"}, "torch.arange(3)"),
        (".view", {"shape": "(2, -1)"}, ".view(2, -1)"),
        (".reshape", {"shape": "(2,)"}, ".reshape(2)"),
        (".permute", {"dim": "(0, 2, 1)"}, ".permute(0, 2, 1)"),
        (".mean", {"dim": "(2, 3)"}, ".mean((2, 3))"),
        (".mean", {"dim": "-1", "keepdim": "True"}, ".mean(-1, keepdim=True)"),
        (".transpose", {"dim0": "1", "dim1": "-1"}, ".transpose(1, -1)"),
        (".clamp", {"max": "1"}, ".clamp(max=1)"),
        (".flatten", {"start_dim": "2"}, ".flatten(start_dim=2)"),
        (".add", {"alpha": "2"}, ".add(alpha=2)"),
        (".sum", {"keepdim": "True", "dim": "1"}, ".sum(keepdim=True, dim=1)"),
    ],
)
def test_that_a_title_is_what_a_person_would_write(name: str, values: Dict[str, str], text: str) -> None:
    assert title(name, **values) == text


def test_that_a_long_title_is_cut() -> None:
    long = title("F.multi_head_attention_forward", **{f"argument_{number}": "None" for number in range(9)})
    assert len(long) == MOST_LETTERS
    assert long.endswith("…")


def test_that_a_module_called_past_its_call_is_told_by_its_name() -> None:
    direct = Operation(0, DIRECT_FORWARD, "encoder.attention", 3)
    assert is_direct_forward(direct)
    assert operation_title(direct) == "encoder.attention.forward"
    assert not is_direct_forward(Operation(0, ".view", "", 1))
