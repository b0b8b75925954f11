"""Checkpoints in several files, and folders of a model."""

import json

import numpy
import torch
from safetensors.torch import save_file

from checkpoints.stored_values import values_of
from torchloupe.checkpoints import read_contents


def _save_sharded(folder, suffix: str = "safetensors", count: int = 3):
    """Files and index as Hugging Face saves them; the state they hold."""
    state = {f"layers.{n}.weight": torch.arange(6.0).reshape(2, 3) + n for n in range(2 * count)}
    weights, size = {}, 0
    for number in range(count):
        name = f"model-{number + 1:05}-of-{count:05}.{suffix}"
        part = {key: value for n, (key, value) in enumerate(state.items()) if n % count == number}
        weights.update(dict.fromkeys(part, name))
        size += sum(value.nbytes for value in part.values())
        save_file(part, folder / name, {"format": "pt"}) if suffix == "safetensors" else torch.save(part, folder / name)
    path = folder / f"model.{suffix}.index.json"
    path.write_text(json.dumps({"metadata": {"total_size": size}, "weight_map": {key: weights[key] for key in state}}))
    return path, state


def test_that_an_index_opens_the_files_beside_it(tmp_path):
    path, state = _save_sharded(tmp_path)
    contents = read_contents(path)
    assert (contents.format, contents.problems) == ("sharded safetensors", ())
    assert [row.key for row in contents.tensors] == list(state), "the order is that of the index"
    assert contents.tensors[1].file == "model-00002-of-00003.safetensors"
    for row in contents.tensors:
        assert numpy.array_equal(values_of(path, row), state[row.key].numpy())
    assert [(value.path, value.value) for value in contents.values] == [
        ("metadata.total_size", 6 * 24),
        ("__metadata__.format", "pt"),
    ]
    assert contents.file_bytes == sum(file.stat().st_size for file in tmp_path.iterdir())


def test_that_torch_shards_are_read_too(tmp_path):
    path, state = _save_sharded(tmp_path, "bin")
    contents = read_contents(path)
    assert contents.format == "sharded torch zip"
    assert next((row.key, row.shape, row.file) for row in contents.tensors) == (
        "layers.0.weight",
        (2, 3),
        "model-00001-of-00003.bin",
    )
    assert len(contents.tensors) == len(state)
    assert contents.globals == ("collections.OrderedDict", "torch.FloatStorage", "torch._utils._rebuild_tensor_v2")


def test_that_a_folder_with_an_index_is_its_checkpoint(tmp_path):
    _, state = _save_sharded(tmp_path)
    assert [row.key for row in read_contents(tmp_path).tensors] == list(state)
    assert [row.key for row in read_contents(str(tmp_path) + "/").tensors] == list(state)


def test_that_of_two_indexes_the_one_of_safetensors_is_read_and_the_other_named(tmp_path):
    _save_sharded(tmp_path)
    _save_sharded(tmp_path, "bin")
    contents = read_contents(tmp_path)
    assert contents.format == "sharded safetensors"
    (note,) = contents.problems
    assert (note.severity, note.code) == ("info", "checkpoint-folder")
    assert "model.bin.index.json" in note.message


def test_that_files_without_their_index_are_read_all(tmp_path):
    path, state = _save_sharded(tmp_path)
    path.unlink()
    contents = read_contents(tmp_path)
    assert {row.key for row in contents.tensors} == set(state)
    assert any("no index" in problem.message for problem in contents.problems)
    assert numpy.array_equal(values_of(tmp_path, contents.tensors[0]), state[contents.tensors[0].key].numpy())


def test_that_a_folder_with_one_model_is_that_model(tmp_path):
    torch.save({"w": torch.zeros(2)}, tmp_path / "best.pt")
    torch.save({"state": {}}, tmp_path / "optimizer.pt")
    (tmp_path / "config.json").write_text("{}")
    contents = read_contents(tmp_path)
    assert (contents.path, [row.key for row in contents.tensors]) == (str(tmp_path / "best.pt"), ["w"])
    assert "best.pt of the folder is shown. It also has optimizer.pt" in contents.problems[-1].message


def test_that_safetensors_is_preferred_to_the_same_model_in_torchs_format(tmp_path):
    torch.save({"w": torch.zeros(2)}, tmp_path / "pytorch_model.bin")
    save_file({"w": torch.zeros(2)}, tmp_path / "model.safetensors")
    assert read_contents(tmp_path).format == "safetensors"


def test_that_the_links_of_a_download_cache_are_followed_into_its_blobs(tmp_path):
    blobs, revision = tmp_path / "models--me--net" / "blobs", tmp_path / "models--me--net" / "snapshots" / "abc"
    for folder in (blobs, revision):
        folder.mkdir(parents=True)
    _save_sharded(blobs)
    for number, file in enumerate(sorted(blobs.iterdir())):
        file.rename(blobs / f"hash{number}")
        (revision / file.name).symlink_to(f"../../blobs/hash{number}")
    contents = read_contents(revision)
    assert [row.broken for row in contents.tensors] == [""] * 6
    (revision / "model-00002-of-00003.safetensors").unlink()
    (revision / "model-00002-of-00003.safetensors").symlink_to("../../../elsewhere")
    assert sum("leads out" in row.broken for row in read_contents(revision).tensors) == 2


def test_that_progress_names_how_many_files_are_read(tmp_path):
    path, _ = _save_sharded(tmp_path)
    told = []
    read_contents(path, lambda done, total, what: told.append((done, total, what)))
    assert told[0] == (0, 3, "reading files")
    assert told[-1] == (3, 3, "reading files")
