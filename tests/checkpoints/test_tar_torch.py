"""Files of torch 0.1, made by hand after the code that still reads them: nothing of today writes them."""

import warnings

import pytest
import torch

from checkpoints.making_files import named, number, pickled, text
from checkpoints.making_legacy import tar, torch_tar
from checkpoints.stored_values import values_of
from torchloupe.checkpoints import read_contents
from torchloupe.wire.errors import UnsupportedFormat


def test_that_the_values_are_found_where_torch_finds_them(tmp_path):
    (tmp_path / "old.pt").write_bytes(torch_tar())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = torch.load(tmp_path / "old.pt", weights_only=False)
    contents = read_contents(tmp_path / "old.pt")
    assert (contents.format, contents.problems) == ("torch 0.1 tar", ())
    assert [(row.key, row.shape, row.dtype) for row in contents.tensors] == [("a", (3, 4), "float32"), ("b", (2, 3), "float32")]
    for row in contents.tensors:
        assert values_of(tmp_path / "old.pt", row).tolist() == loaded[row.key].tolist()


def test_that_a_class_with_its_source_text_is_shown(tmp_path):
    made = b"(" + named("my", "Net") + text("net.py") + text("class Net: pass") + b"tQ" + b")\x81}b"
    data = tar({"storages": pickled(number(0)) + pickled(b"]"), "tensors": pickled(number(0)), "pickle": pickled(made)})
    (tmp_path / "old.pt").write_bytes(data)
    values = {value.path: value.value for value in read_contents(tmp_path / "old.pt").values}
    assert values["source of my.Net"] == "class Net: pass"


def test_that_a_file_cut_inside_its_storages_keeps_the_keys_that_were_read(tmp_path):
    data = torch_tar()
    (tmp_path / "old.pt").write_bytes(data[: data.find(b"storages") + 600])
    contents = read_contents(tmp_path / "old.pt")
    assert all(row.broken for row in contents.tensors)
    assert any("storages ends early" in problem.message for problem in contents.problems)
    assert [row.key for row in contents.tensors] == ["a", "b"]


def test_that_another_tar_file_is_called_so(tmp_path):
    (tmp_path / "a.tar").write_bytes(tar({"model/weights.pt": b"x"}))
    with pytest.raises(UnsupportedFormat, match="is a tar file"):
        read_contents(tmp_path / "a.tar")
