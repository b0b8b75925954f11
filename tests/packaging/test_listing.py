"""The files of the comparison of listings are what they say, and so are their floors."""

import sys
from pathlib import Path

import listing
import pytest

from torchloupe.checkpoints import read_contents


@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_that_a_written_file_has_its_tensors_and_hardly_more_than_its_index_on_disk(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"large.{kind}"
    listing.WRITERS[kind](path, 1, 30)
    contents = read_contents(path)
    assert len(contents.tensors) == 30
    assert contents.problems == ()
    assert sum(tensor.bytes for tensor in contents.tensors) == pytest.approx(1e9, rel=0.001)
    assert path.stat().st_size == pytest.approx(1e9, rel=0.001)
    assert path.stat().st_blocks * 512 < 10e6


@pytest.mark.parametrize(("kind", "floor"), [("pt", listing.floor_of_zip), ("safetensors", listing.floor_of_safetensors)])
def test_that_the_floor_is_near_what_is_read(tmp_path: Path, kind: str, floor) -> None:
    path = tmp_path / f"large.{kind}"
    listing.WRITERS[kind](path, 1, 200)
    assert 0.5 * floor(path) < read_contents(path).bytes_read < 4 * floor(path)


def test_that_the_folder_of_shards_is_whole(tmp_path: Path) -> None:
    contents = read_contents(listing.write_shards(tmp_path / "shards"))
    assert len(contents.tensors) == listing.SHARDS * listing.SHARD_TENSORS
    assert contents.problems == ()
    assert not any(tensor.broken for tensor in contents.tensors)


def test_that_a_process_is_timed_and_its_memory_seen() -> None:
    command = [sys.executable, "-I", "-S", "-c", "len(b'x' * 900_000_000)"]
    assert listing.process_seconds(command, {}) > 0
    assert listing.megabytes_of(command, {}) > 850
