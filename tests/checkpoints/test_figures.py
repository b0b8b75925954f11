"""How little is read and how long it takes, for checkpoints of the size that people have. The values are holes in the files."""

import json
import os
import struct
import time

import pytest
import torch

from torchloupe.checkpoints import read_contents

_LAYERS = 126
_FILES = 191
_SHAPES = {
    "self_attn.q_proj": (16384, 16384),
    "self_attn.k_proj": (1024, 16384),
    "self_attn.v_proj": (1024, 16384),
    "self_attn.o_proj": (16384, 16384),
    "mlp.gate_proj": (53248, 16384),
    "mlp.up_proj": (53248, 16384),
    "mlp.down_proj": (16384, 53248),
    "input_layernorm": (16384,),
    "post_attention_layernorm": (16384,),
}


def _elements(shape) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _sparse_safetensors(path, shapes) -> int:
    """A file with a real header and nothing but holes for its values; the length of its header."""
    header, end = {}, 0
    for key, shape in shapes.items():
        begin, end = end, end + 2 * _elements(shape)
        header[key] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [begin, end]}
    raw = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw)
    os.truncate(path, 8 + len(raw) + end)
    return 8 + len(raw)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A folder like that of a model of 405 thousand million parameters; the bytes of its index and headers."""
    folder = tmp_path_factory.mktemp("large")
    keys = {f"model.layers.{layer}.{name}.weight": shape for layer in range(_LAYERS) for name, shape in _SHAPES.items()}
    keys.update({"model.embed_tokens.weight": (128256, 16384), "model.norm.weight": (16384,), "lm_head.weight": (128256, 16384)})
    files: dict[str, dict[str, tuple[int, ...]]] = {}
    for index, (key, shape) in enumerate(keys.items()):
        files.setdefault(f"model-{index * _FILES // len(keys) + 1:05}-of-{_FILES:05}.safetensors", {})[key] = shape
    try:
        floor = sum(_sparse_safetensors(folder / name, shapes) for name, shapes in files.items())
    except OSError:
        pytest.skip("this file system has no files with holes of this size")
    index = json.dumps({"metadata": {}, "weight_map": {key: name for name, shapes in files.items() for key in shapes}})
    (folder / "model.safetensors.index.json").write_text(index)
    return folder, floor + len(index)


def test_that_the_largest_models_open_in_a_moment(large):
    folder, floor = large
    took = []
    for _ in range(3):
        began = time.process_time()
        contents = read_contents(folder)
        took.append(time.process_time() - began)
    assert len(contents.tensors) == _LAYERS * len(_SHAPES) + 3
    assert [row.key for row in contents.tensors if row.broken] == []
    assert contents.file_bytes > 800_000_000_000
    # About 0.03 s on a quiet machine.
    assert min(took) < 1
    assert contents.bytes_read <= 4 * floor


def test_that_little_more_than_the_index_of_a_torch_file_is_read(tmp_path):
    state = {f"model.layers.{n}.weight": torch.zeros(256, 256, dtype=torch.bfloat16) for n in range(255)}
    torch.save(state, tmp_path / "a.pt")
    contents = read_contents(tmp_path / "a.pt")
    # A table entry takes 46 bytes and a name, a tensor in the pickle about 125: the floor of what must be read.
    floor = 98 + sum(46 + len(f"a/data/{n}") for n in range(255)) + 255 * 125
    assert contents.file_bytes > 33_000_000
    assert contents.bytes_read <= 4 * floor


def test_that_little_more_than_the_index_of_an_old_torch_file_is_read(tmp_path):
    state = {f"model.layers.{n}.weight": torch.zeros(256, 256, dtype=torch.bfloat16) for n in range(255)}
    torch.save(state, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    contents = read_contents(tmp_path / "a.pt")
    assert contents.bytes_read <= 4 * 255 * 125


@pytest.mark.parametrize("form", ["safetensors", "zip", "old"])
def test_that_twenty_thousand_tensors_take_a_fraction_of_a_second(tmp_path, form):
    path = tmp_path / "many"
    if form == "safetensors":
        _sparse_safetensors(path, {f"layers.{n}.weight": (8, 8) for n in range(20_000)})
    else:
        shared = torch.zeros(8, 8)
        torch.save({f"layers.{n}.weight": shared for n in range(20_000)}, path, _use_new_zipfile_serialization=form == "zip")
    took = []
    for _ in range(3):
        began = time.process_time()
        contents = read_contents(path)
        took.append(time.process_time() - began)
    assert len(contents.tensors) == 20_000
    # About 0.1 s for safetensors and 0.3 s for the others on a quiet machine.
    assert min(took) < 1
