"""Which names of files a checkpoint may mention."""

import os

import pytest

from torchloupe.checkpoints.inside import path_inside
from torchloupe.wire.errors import CheckpointError


@pytest.mark.parametrize("name", ["a.bin", "sub/a.bin", "./a.bin", "a..b", "...", "with space", "ünï", "missing/too"])
def test_that_a_plain_name_is_a_path_in_the_folder(tmp_path, name):
    assert path_inside(tmp_path, name) == tmp_path / name


@pytest.mark.parametrize(
    "name",
    [
        "..",
        "../a",
        "a/..",
        "a/../../b",
        "/a",
        "//server/share",
        "\\\\server\\share",
        "a\\..\\b",
        "C:a",
        "file:a",
        "\\\\.\\PhysicalDrive0",
        "a\0b",
        ".",
        "",
        None,
        5,
        b"a",
        ["a"],
        "x" * 1001,
    ],
)
def test_that_a_name_that_could_lead_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(CheckpointError) as caught:
        path_inside(tmp_path, name)
    assert caught.value.hint.endswith(".")


def test_that_a_link_inside_the_folder_is_fine(tmp_path):
    (tmp_path / "real.bin").write_bytes(b"")
    (tmp_path / "link.bin").symlink_to("real.bin")
    (tmp_path / "again.bin").symlink_to(tmp_path / "link.bin")
    assert path_inside(tmp_path, "again.bin") == tmp_path / "again.bin"


def test_that_a_folder_that_is_a_link_itself_is_fine(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.bin").write_bytes(b"")
    (tmp_path / "link").symlink_to("real")
    assert path_inside(tmp_path / "link", "a.bin") == tmp_path / "link" / "a.bin"


@pytest.mark.parametrize("target", ["../outside", "/etc/passwd", "sub/../../outside"])
def test_that_a_link_out_of_the_folder_is_refused(tmp_path, target):
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    (home / "link").symlink_to(target)
    with pytest.raises(CheckpointError, match="is a link that leads out"):
        path_inside(home, "link")


def test_that_a_folder_whose_name_only_begins_alike_is_outside(tmp_path):
    for name in ("home", "home2"):
        (tmp_path / name).mkdir()
    (tmp_path / "home" / "link").symlink_to("../home2")
    with pytest.raises(CheckpointError, match="leads out"):
        path_inside(tmp_path / "home", "link")


def test_that_blobs_are_reached_only_from_the_layout_of_the_cache(tmp_path):
    blobs, revision = tmp_path / "m" / "blobs", tmp_path / "m" / "snapshots" / "r"
    other = tmp_path / "m" / "elsewhere" / "r"
    for folder in (blobs, revision, other):
        folder.mkdir(parents=True)
    (blobs / "hash").write_bytes(b"")
    for folder in (revision, other):
        (folder / "a.bin").symlink_to("../../blobs/hash")
    assert path_inside(revision, "a.bin") == revision / "a.bin"
    with pytest.raises(CheckpointError, match="leads out"):
        path_inside(other, "a.bin")


def test_that_blobs_that_are_a_link_themselves_are_outside(tmp_path):
    revision = tmp_path / "m" / "snapshots" / "r"
    revision.mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "hash").write_bytes(b"")
    os.symlink(tmp_path / "secret", tmp_path / "m" / "blobs")
    (revision / "a.bin").symlink_to("../../blobs/hash")
    with pytest.raises(CheckpointError, match="leads out"):
        path_inside(revision, "a.bin")
