"""Files that change while they are read, and files that may not be read."""

import os
import shutil
import warnings

import pytest
import torch
import torch.distributed.checkpoint
from safetensors.torch import save_file

from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.values import open_values
from torchloupe.wire.errors import CheckpointError

_STATE = {f"layer{number}.weight": torch.zeros(4, 4) for number in range(300)}


@pytest.fixture(params=["zip", "legacy", "safetensors"])
def path(request, tmp_path):
    file = tmp_path / "model.pt"
    if request.param == "safetensors":
        save_file(_STATE, file)
    else:
        torch.save(_STATE, file, _use_new_zipfile_serialization=request.param == "zip")
    return file


@pytest.mark.parametrize("left", [0, 100, 5000])
def test_that_a_file_that_shrinks_while_it_is_read_gets_a_sentence(path, left, monkeypatch):
    really, calls = os.pread, []

    def shrinking(descriptor, length, offset):
        calls.append(offset)
        if len(calls) == 2:
            os.truncate(path, left)
        return really(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", shrinking)
    said = ""
    try:
        said = " ".join(problem.message for problem in read_contents(path).problems)
    except CheckpointError as error:
        said = f"{error} {error.hint}"
    assert "written to while it was read" in said or "cut off" in said or "damaged" in said or "again" in said
    assert len(calls) >= 2


def test_that_a_file_that_grows_while_it_is_read_is_said_to_have_changed(path, monkeypatch):
    really = os.pread

    def growing(descriptor, length, offset):
        with path.open("ab") as stream:
            stream.write(b"more")
        return really(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", growing)
    contents = read_contents(path)
    assert any("written to while it was read" in problem.message for problem in contents.problems)


def test_that_a_shard_without_permission_is_one_refused_file(tmp_path, monkeypatch):
    save_file({"a": torch.zeros(1)}, tmp_path / "m-00001-of-00002.safetensors")
    save_file({"b": torch.zeros(1)}, tmp_path / "m-00002-of-00002.safetensors")
    really = os.open

    def refusing(name, *rest, **keywords):
        if str(name).endswith("m-00002-of-00002.safetensors"):
            raise PermissionError(13, "Permission denied")
        return really(name, *rest, **keywords)

    monkeypatch.setattr(os, "open", refusing)
    contents = read_contents(tmp_path)
    assert [row.key for row in contents.tensors] == ["a"]
    assert any("m-00002-of-00002.safetensors may not be read by you" in problem.message for problem in contents.problems)


@pytest.mark.parametrize("how", ["time", "number"])
def test_that_values_of_a_file_that_was_written_anew_are_refused(path, how):
    contents = read_contents(path)
    row = contents.tensors[0]
    with open_values(contents) as values:
        assert len(values.of(row)) == 64
    seen = path.stat()
    if how == "time":
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns + 1))
    else:
        shutil.copy2(path, path.with_name("copy"))
        os.replace(path.with_name("copy"), path)
    with (
        pytest.raises(CheckpointError, match=r"has changed since it was opened: it was written anew") as caught,
        open_values(contents) as values,
    ):
        values.of(row)
    assert caught.value.hint == "Open the checkpoint again."


def test_that_values_of_a_shard_that_was_written_anew_are_refused_and_those_of_others_are_read(tmp_path):
    for number in (1, 2):
        save_file({f"t{number}": torch.ones(4)}, tmp_path / f"m-0000{number}-of-00002.safetensors")
    contents = read_contents(tmp_path)
    assert [stamp.file for stamp in contents.stamps] == [row.file for row in contents.tensors]
    changed = tmp_path / contents.tensors[1].file
    os.utime(changed, ns=(0, 0))
    with open_values(contents) as values:
        assert len(values.of(contents.tensors[0])) == 16
        with pytest.raises(CheckpointError, match=rf"{changed.name} has changed since it was opened"):
            values.of(contents.tensors[1])


def test_that_values_of_a_part_of_a_distributed_checkpoint_that_was_written_anew_are_refused(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.distributed.checkpoint.save({"w": torch.ones(4)}, checkpoint_id=tmp_path / "d", no_dist=True)
    contents = read_contents(tmp_path / "d")
    with open_values(contents) as values:
        assert len(values.of(contents.tensors[0])) == 16
    os.utime(tmp_path / "d" / contents.tensors[0].file, ns=(0, 0))
    with pytest.raises(CheckpointError, match="has changed since it was opened"), open_values(contents) as values:
        values.of(contents.tensors[0])
