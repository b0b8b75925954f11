"""Good files of every format with random damage: whatever comes of it, it is the contents or one of our errors."""

import tempfile
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.hostile import damage
from checkpoints.hostile.good_files import good_files
from torchloupe.checkpoints import read_contents
from torchloupe.checkpoints.values import open_values
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.errors import CheckpointError

_NAMES = (
    *(
        "torch zip",
        "pickled module",
        "lightning",
        "torchscript",
        "torch before 1.6",
        "torch tar",
        "safetensors",
        "exported program",
    ),
    *("gguf", "onnx", "npy", "npz", "key list", "pickle", "sharded, its index", "sharded, a shard"),
    *("distributed, its index", "distributed, a part"),
)
_VALUE_BYTES = 1 << 16


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


@pytest.mark.parametrize("name", _NAMES)
@settings(max_examples=80)
@given(seed=st.integers(0, 1 << 32))
def test_that_random_damage_never_surprises(folder: Path, name: str, seed: int) -> None:
    good = good_files()[name]
    _contents_or_error(good.write(folder / name, damage.damaged(name, good.data, Random(seed))))


@settings(max_examples=100)
@given(
    data=st.binary(max_size=300), first=st.sampled_from([b"", b"PK\x03\x04", b"\x80\x02", b"{", b"\x10\0\0\0\0\0\0\0{", b"GGUF"])
)
def test_that_random_bytes_never_surprise(folder: Path, data: bytes, first: bytes) -> None:
    (folder / "random.pt").write_bytes(first + data)
    _contents_or_error(folder / "random.pt")


def test_that_every_format_is_damaged() -> None:
    assert set(good_files()) == set(_NAMES)


@pytest.mark.parametrize("name", _NAMES)
def test_that_damage_is_done_and_can_be_done_again(name: str) -> None:
    data = good_files()[name].data
    made = [damage.damaged(name, data, Random(seed)) for seed in range(60)]
    assert made == [damage.damaged(name, data, Random(seed)) for seed in range(60)]
    assert sum(one != data for one in made) > 45


@pytest.mark.parametrize("name", ["torch zip", "safetensors", "sharded, its index", "key list"])
def test_that_damage_to_a_format_gets_past_its_first_check(folder: Path, name: str) -> None:
    good = good_files()[name]
    opened = 0
    for seed in range(60):
        with suppress(CheckpointError):
            read_contents(good.write(folder / f"past {name}", damage.damaged(name, good.data, Random(seed))))
            opened += 1
    assert opened > 5


def _contents_or_error(path: Path) -> None:
    with suppress(CheckpointError):
        contents = read_contents(path)
        assert type(contents) is CheckpointContents
        with open_values(contents) as values:
            for row in contents.tensors[:3]:
                with suppress(CheckpointError):
                    read = 0
                    for chunk in values.of(row).chunks():
                        read += len(chunk)
                        if read > _VALUE_BYTES:
                            break
