"""``--filter`` keeps the rows that the tables of the window would keep."""

from argparse import Namespace
from typing import Any

import pytest

from gui import panel_data
from torchloupe.analysis.diff_rows import KeyEntry
from torchloupe.analysis.state_dict_diff import state_dict_diff
from torchloupe.cli.filtering import check_filter, keep_matching
from torchloupe.cli.report import Report
from torchloupe.wire.errors import UsageError


def filtered(text: str, command: str, **parts: Any) -> Report:
    report = Report(command, **parts)
    keep_matching(report, Namespace(filter=text))
    return report


def test_that_tensors_of_a_checkpoint_are_filtered() -> None:
    contents = panel_data.checkpoint()
    report = filtered("bias -conv", "show", contents=contents)
    assert report.contents is not None
    keys = [tensor.key for tensor in report.contents.tensors]
    assert keys
    assert all("bias" in key and "conv" not in key for key in keys)
    assert report.filtered == f"{len(keys)} of {len(contents.tensors)} tensors match bias -conv"
    assert report.notes == [f"{report.filtered}."]


def test_that_modules_keep_what_is_around_them() -> None:
    report = filtered("fc1", "tree", tree=panel_data.tree())
    assert report.tree is not None
    paths = [module.path for module in report.tree.modules]
    assert "head.fc1" in paths
    assert "head" in paths
    assert "encoder" not in paths
    assert {entry.key for entry in report.tree.parameters} == {"head.fc1.weight", "head.fc1.bias"}
    assert report.unfolded


def test_that_rows_of_a_diff_are_filtered_by_status_and_either_key() -> None:
    wanted = (KeyEntry("a.weight", (2, 3), "float32"), KeyEntry("b.weight", (2,), "float32"))
    diff = state_dict_diff(wanted, (KeyEntry("a.weight", (2, 3), "float32"), KeyEntry("c.other", (7, 7), "int64")))
    kept = filtered("status:missing | found:c.other", "diff", diff=diff).diff
    assert kept is not None
    assert [row.status for row in kept.rows] == ["missing", "unexpected"]
    assert kept.counts == diff.counts
    by_shape = filtered("[*,3]", "diff", diff=diff).diff
    assert by_shape is not None
    assert [row.status for row in by_shape.rows] == ["matched"]


def test_that_calls_are_filtered_and_what_runs_between_them_is_left_out() -> None:
    report = filtered("class:linear [*,*]", "run", calls=panel_data.good_calls(), operations=[])
    assert report.calls
    assert {call.class_name for call in report.calls} == {"Linear"}
    assert report.operations is None
    assert filtered("time>1", "run", calls=panel_data.good_calls()).calls == []
    assert filtered("class:linear", "check", calls=panel_data.good_calls()).filtered == ""


def test_that_without_a_filter_nothing_changes() -> None:
    contents = panel_data.checkpoint()
    report = filtered("  ", "show", contents=contents)
    assert report.contents is contents
    assert (report.filtered, report.notes) == ("", [])


@pytest.mark.parametrize(
    ("command", "text", "said"),
    [
        ("show", "(fc", "A bracket is not closed"),
        ("tree", "colour:red", "There are Name, Class"),
        ("diff", "size>1", "There are Status"),
    ],
)
def test_that_what_cannot_be_meant_is_refused_with_the_reason(command: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_filter(Namespace(filter=text), command)
    check_filter(Namespace(filter="fc1"), command)
