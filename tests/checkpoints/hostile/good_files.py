"""A small whole file or folder of every format that is read, to be cut and damaged."""

import io
import json
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy
import torch
import torch.distributed.checkpoint as dcp
from safetensors.torch import save

from checkpoints.hostile.other_files import array_of_kind, field, gguf, onnx_model, onnx_tensor, setting, text_of
from checkpoints.making_files import zipped
from checkpoints.making_legacy import torch_tar


@dataclass(frozen=True)
class Good:
    """``files`` by name; ``damaged`` is the one to be cut or damaged. A single file is opened, of several their folder."""

    files: Mapping[str, bytes]
    damaged: str

    @property
    def data(self) -> bytes:
        """The bytes of that file."""
        return self.files[self.damaged]

    def write(self, folder: Path, data: bytes) -> Path:
        """All of them in ``folder``, with ``data`` in place of the one; the path to open."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, whole in self.files.items():
            (folder / name).write_bytes(data if name == self.damaged else whole)
        return folder / self.damaged if len(self.files) == 1 else folder


def _saved(state: object, **how: bool) -> bytes:
    stream = io.BytesIO()
    torch.save(state, stream, **how)
    return stream.getvalue()


def _script(net: torch.nn.Module) -> bytes:
    stream = io.BytesIO()
    torch.jit.save(torch.jit.script(net), stream)
    return stream.getvalue()


def _exported() -> bytes:
    meta = {"dtype": 7, "sizes": [{"as_int": 4}], "strides": [{"as_int": 1}], "storage_offset": {"as_int": 0}}
    config = {"config": {"w": {"path_name": "weight_0", "tensor_meta": meta}}}
    members = {"archive_format": b"pt2", "data/weights/model_weights_config.json": json.dumps(config).encode()}
    return zipped([(f"m/{name}", data) for name, data in {**members, "data/weights/weight_0": bytes(16)}.items()])


def _numpy(archive: bool) -> bytes:
    stream = io.BytesIO()
    (numpy.savez if archive else numpy.save)(stream, numpy.arange(60.0).reshape(10, 6))
    return stream.getvalue()


def _folder_files(state: dict[str, object]) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as made:
        dcp.save(state, checkpoint_id=Path(made, "d"), no_dist=True)
        return {path.name: path.read_bytes() for path in Path(made, "d").iterdir()}


@cache
def good_files() -> dict[str, Good]:
    """By the name of the format."""
    net = torch.nn.Linear(4, 3)
    state = net.state_dict()
    training = {
        "model": state,
        "epoch": 3,
        "lr": [0.1],
        "optimizer": torch.optim.SGD(net.parameters(), momentum=0.9).state_dict(),
    }
    lightning = {
        "pytorch-lightning_version": "2.1.0",
        "state_dict": state,
        "epoch": 1,
        "hyper_parameters": {"lr": 0.1, "deep": [{}]},
    }
    shard = save(state, {"format": "pt"})
    index = json.dumps({"metadata": {"total_size": 60}, "weight_map": dict.fromkeys(state, "m.safetensors")}).encode()
    keys = json.dumps({"tensors": [{"key": key, "shape": list(value.shape), "dtype": "float32"} for key, value in state.items()]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script, distributed = _script(net), _folder_files({"model": state, "epoch": 3})
    settings = [setting("general.alignment", 4, b"\x20\0\0\0"), setting("a", 9, array_of_kind(8, 2, text_of("x") * 2))]
    outside = field(14, 1), field(13, field(1, b"location") + field(2, b"w.bin"))
    alone = {
        "torch zip": ("model.pt", _saved(training)),
        "pickled module": ("module.pt", _saved(net)),
        "lightning": ("model.ckpt", _saved(lightning)),
        "torchscript": ("script.pt", script),
        "torch before 1.6": ("old.pt", _saved(training, _use_new_zipfile_serialization=False)),
        "torch tar": ("older.pt", torch_tar()),
        "safetensors": ("model.safetensors", shard),
        "exported program": ("model.pt2", _exported()),
        "gguf": ("model.gguf", gguf(settings=settings)),
        "npy": ("array.npy", _numpy(archive=False)),
        "npz": ("arrays.npz", _numpy(archive=True)),
        "key list": ("keys.json", keys.encode()),
        "pickle": ("plain.pkl", _pickled({"lr": 0.1, "names": ["a", "b"], "deep": {"x": (1, 2.5, None)}})),
    }
    several = {
        "onnx": Good(
            {"model.onnx": onnx_model(onnx_tensor(), onnx_tensor(*outside, raw=None)), "w.bin": bytes(16)}, "model.onnx"
        ),
        "sharded, its index": Good(
            {"model.safetensors.index.json": index, "m.safetensors": shard}, "model.safetensors.index.json"
        ),
        "sharded, a shard": Good({"model.safetensors.index.json": index, "m.safetensors": shard}, "m.safetensors"),
        "distributed, its index": Good(distributed, ".metadata"),
        "distributed, a part": Good(distributed, "__0_0.distcp"),
    }
    return {**{name: Good({file: data}, file) for name, (file, data) in alone.items()}, **several}


def _pickled(value: object) -> bytes:
    import pickle

    return pickle.dumps(value, protocol=4)
