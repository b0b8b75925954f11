"""The sample input: typed specs, files, or the target's own function."""

import numpy as np
import pytest
import torch
from torch import nn

from torchloupe.wire.errors import UsageError
from torchloupe.worker.explain import CouldNotRun
from torchloupe.worker.sample_input import sample_input
from torchloupe.worker.target import import_target


@pytest.fixture
def given(models):
    target = import_target(str(models / "clean_cnn.py"))
    return lambda *specs, seed=0: sample_input(target, nn.Linear(1, 1), specs, seed)


def test_that_the_files_own_function_is_used_when_nothing_is_given(given):
    found = given()
    assert found.source == "file"
    assert found.positional[0].shape == (2, 3, 16, 16)


def test_that_specs_win_over_the_file_and_keep_their_order(given):
    found = given("float32[2,3]", "mask=bool[2]", "int64[4]<7")
    assert found.source == "given"
    assert [tuple(tensor.shape) for tensor in found.positional] == [(2, 3), (4,)]
    assert found.keywords["mask"].dtype is torch.bool
    assert int(found.positional[1].max()) < 7


def test_that_the_seed_makes_inputs_repeatable(given):
    assert torch.equal(given("float32[9]", seed=1).positional[0], given("float32[9]", seed=1).positional[0])
    assert not torch.equal(given("float32[9]", seed=1).positional[0], given("float32[9]", seed=2).positional[0])


def test_that_integers_without_a_bound_are_indices_that_every_table_has(given):
    assert set(given("int64[50]").positional[0].tolist()) == {0, 1}


def test_that_without_a_function_the_input_is_worked_out(tmp_path):
    (tmp_path / "bare.py").write_text("from torch import nn\n\nclass Net(nn.Linear):\n    pass\n")
    found = sample_input(import_target(str(tmp_path / "bare.py")), nn.Linear(7, 2), (), 0)
    assert (found.source, found.specs) == ("worked_out", ("float32[2,7]",))
    assert found.positional[0].shape == (2, 7)


def test_that_plain_values_and_containers_are_given_as_they_are(given):
    found = given("3", "(float32[2], None)", "batch={'x': int64[4]<5, 'y': [True]}")
    assert found.positional[0] == 3
    assert (found.positional[1][0].shape, found.positional[1][1]) == ((2,), None)
    assert (found.keywords["batch"]["x"].dtype, found.keywords["batch"]["y"]) == (torch.int64, [True])
    assert found.specs == ("3", "(float32[2], None)", "batch={'x': int64[4]<5, 'y': [True]}")


def test_that_a_text_becomes_ids_that_the_models_table_has(models, tmp_path):
    (tmp_path / "words.txt").write_text("hello")
    target = import_target(str(models / "clean_cnn.py"))
    spec = str(tmp_path / "words.txt")
    assert sample_input(target, nn.Linear(1, 1), (spec,), 0).positional[0].tolist() == [list(b"hello")]
    assert int(sample_input(target, nn.Embedding(10, 2), (spec,), 0).positional[0].max()) < 10


def test_that_an_empty_text_is_refused(given, tmp_path):
    (tmp_path / "nothing.txt").write_text("")
    with pytest.raises(UsageError, match="the file is empty"):
        given(str(tmp_path / "nothing.txt"))


def test_that_a_function_that_raises_is_named_with_its_line(tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\nclass Net(nn.Linear):\n    pass\n\ndef example_inputs():\n    return 1 / 0\n"
    )
    with pytest.raises(CouldNotRun) as caught:
        sample_input(import_target(str(tmp_path / "net.py")), nn.Linear(2, 2), (), 0)
    assert (caught.value.problems[0].code, caught.value.problems[0].line) == ("input-failed", 7)


def test_that_tensors_come_from_files(given, tmp_path):
    np.save(tmp_path / "x.npy", np.ones((2, 5), dtype=np.float32))
    torch.save(torch.zeros(3), tmp_path / "y.pt")
    found = given(str(tmp_path / "x.npy"), str(tmp_path / "y.pt"))
    assert [tuple(tensor.shape) for tensor in found.positional] == [(2, 5), (3,)]


@pytest.mark.parametrize("content", [b"", b"not a tensor", b"\x93NUMPY"])
def test_that_an_unreadable_file_is_one_sentence(given, tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read as an input"):
        given(str(tmp_path / "x.npy"))


def test_that_a_file_that_is_not_there_or_no_tensor_is_refused(given, tmp_path):
    with pytest.raises(UsageError, match="no input file"):
        given(str(tmp_path / "gone.pt"))
    torch.save({"a": 1}, tmp_path / "dict.pt")
    with pytest.raises(UsageError, match="holds a dict"):
        given(str(tmp_path / "dict.pt"))


def test_that_an_input_moves_to_a_device_as_a_whole(given):
    moved = given("float32[2]", "mask=bool[2]").on(torch.device("meta"))
    assert moved.positional[0].device.type == moved.keywords["mask"].device.type == "meta"
