"""Plain pickles, as pickle.dump and joblib write them."""

import pickle

import numpy
import pytest
import torch

from torchloupe.checkpoints import read_contents


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_that_a_plain_pickle_opens_with_its_values(tmp_path, protocol):
    value = {"lr": 0.1, "layers": [1, 2], "mean": numpy.float64(2.5), "weights": numpy.zeros((2, 3), dtype="int32")}
    (tmp_path / "a.pt").write_bytes(pickle.dumps(value, protocol))
    contents = read_contents(tmp_path / "a.pt")
    values = {row.path: row.value for row in contents.values}
    assert contents.format == "pickle"
    assert (values["lr"], values["layers"], values["mean"]) == (0.1, "[1, 2]", 2.5)
    assert values["weights"] == "int32 [2, 3]"


def test_that_tensors_in_a_plain_pickle_have_a_shape_and_no_values(tmp_path):
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"w": torch.zeros(2, 3)}))
    contents = read_contents(tmp_path / "a.pkl")
    (row,) = contents.tensors
    assert (row.key, row.shape) == ("w", (2, 3))
    assert row.broken
    assert [problem.code for problem in contents.problems if problem.severity == "warning"] == [
        "checkpoint-runs-code",
        "checkpoint-broken-tensor",
    ]


def test_that_code_in_a_plain_pickle_is_named_and_not_run(tmp_path):
    class Payload:
        def __reduce__(self):
            return (eval, (f"open({str(tmp_path / 'pwned')!r}, 'w')",))

    (tmp_path / "a.pkl").write_bytes(pickle.dumps(Payload()))
    contents = read_contents(tmp_path / "a.pkl")
    assert contents.globals == ("builtins.eval",)
    assert [problem.code for problem in contents.problems] == ["checkpoint-runs-code"]
    assert not (tmp_path / "pwned").exists()


def test_that_a_cut_pickle_shows_what_came_before(tmp_path):
    data = pickle.dumps({f"k{index}": float(index) for index in range(10)}, 2)
    (tmp_path / "a.pkl").write_bytes(data[:-2])
    contents = read_contents(tmp_path / "a.pkl")
    assert len(contents.values) == 10
    assert any("ends without its last opcode" in problem.message for problem in contents.problems)
