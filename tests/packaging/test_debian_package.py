"""The package for Debian: what lies where, and what it needs."""

import gzip
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import debian_package
from debian_package import APP_ID, CONTROL, FONTS, lay_out
from torchloupe import __version__
from torchloupe.gui.display import OFFSCREEN_LIBRARIES

ROOT = Path(__file__).resolve().parents[2]
with_dpkg = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg is not installed")


@pytest.fixture
def frozen(tmp_path: Path) -> Path:
    """As much of a frozen app as a package looks at."""
    folder = tmp_path / "torchloupe"
    (folder / "_internal").mkdir(parents=True)
    (folder / "torchloupe").write_text("#!/bin/sh\necho torchloupe is here\n")
    (folder / "torchloupe").chmod(0o700)
    (folder / "_internal/libQt6Core.so.6").write_text("Qt")
    (folder / "_internal/libQt6Core.so").symlink_to("libQt6Core.so.6")
    return folder


@pytest.fixture
def icons(tmp_path: Path) -> Path:
    """Two sizes of the icon."""
    folder = tmp_path / "icons"
    folder.mkdir()
    for size in (16, 512):
        (folder / f"{size}.png").write_bytes(b"png")
    return folder


def test_that_the_app_lies_in_its_own_folder_and_is_started_by_two_names(frozen: Path, icons: Path, tmp_path: Path) -> None:
    lay_out(frozen, icons, tmp_path / "room")
    for command in ("torchloupe", "torchloupe-window"):
        place = tmp_path / "room/usr/bin" / command
        assert not os.path.isabs(os.readlink(place))
        assert place.resolve() == tmp_path / "room/usr/lib/torchloupe/torchloupe"
        assert subprocess.run([place], capture_output=True, text=True, check=True).stdout == "torchloupe is here\n"
    assert (tmp_path / "room/usr/lib/torchloupe/_internal/libQt6Core.so").is_symlink()


def test_that_the_desktop_finds_its_files(frozen: Path, icons: Path, tmp_path: Path) -> None:
    lay_out(frozen, icons, tmp_path / "room")
    share = tmp_path / "room/usr/share"
    assert {str(file.relative_to(share)) for file in share.rglob("*") if file.is_file()} == {
        f"applications/{APP_ID}.desktop",
        f"metainfo/{APP_ID}.metainfo.xml",
        f"mime/packages/{APP_ID}.xml",
        f"icons/hicolor/scalable/apps/{APP_ID}.svg",
        f"icons/hicolor/16x16/apps/{APP_ID}.png",
        f"icons/hicolor/512x512/apps/{APP_ID}.png",
        "doc/torchloupe/copyright",
        "doc/torchloupe/CHANGELOG.md.gz",
    }
    assert gzip.decompress((share / "doc/torchloupe/CHANGELOG.md.gz").read_bytes()).startswith(b"# Changelog")
    assert (share / "doc/torchloupe/copyright").read_text().startswith("MIT License")


def test_that_the_programs_of_the_entry_are_those_of_the_package() -> None:
    entry = (ROOT / f"resources/desktop/{APP_ID}.desktop").read_text(encoding="utf-8")
    started = set(re.findall(r"^(?:Try)?Exec=(\S+)", entry, re.M))
    assert started <= set(debian_package.COMMANDS)


def test_that_a_font_is_needed_and_what_a_frozen_app_does_not_carry() -> None:
    carried = {"libglib2.0-0", "libdbus-1-3", "libxkbcommon0"}
    for package in set(OFFSCREEN_LIBRARIES.values()) - carried:
        assert f" {package}," in CONTROL
    assert "fonts-dejavu-core" in FONTS
    assert "{fonts}" in CONTROL
    assert "torch" not in re.sub("torchloupe|PyTorch", "", CONTROL.partition("Description")[0])


@with_dpkg
def test_that_the_package_is_one_whatever_the_mask_of_the_builder(frozen: Path, icons: Path, tmp_path: Path) -> None:
    (frozen / "_internal").chmod(0o700)
    (frozen / "_internal/libQt6Core.so.6").chmod(0o775)
    package = debian_package.build(frozen, icons, tmp_path / "room", tmp_path)
    told = subprocess.run(["dpkg-deb", "--info", package], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"Version: {__version__}$", told, re.M)
    assert re.search(r"Installed-Size: \d+$", told, re.M)
    assert re.search(r"libc6 \(>= 2\.\d+\)", told)
    assert f"torchloupe_{__version__}_" in package.name
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout.splitlines()
    assert {line.split()[1] for line in listed} == {"root/root"}
    rights = {line.split()[5].removeprefix("."): line.split()[0] for line in listed}
    assert rights["/usr/lib/torchloupe/torchloupe"] == "-rwxr-xr-x"
    assert rights["/usr/lib/torchloupe/_internal/"] == "drwxr-xr-x"
    assert rights["/usr/lib/torchloupe/_internal/libQt6Core.so.6"] == "-rw-r--r--"


@with_dpkg
def test_that_what_an_earlier_build_left_is_not_in_the_package(frozen: Path, icons: Path, tmp_path: Path) -> None:
    left = tmp_path / "room/usr/lib/torchloupe/old.so"
    left.parent.mkdir(parents=True)
    left.touch()
    package = debian_package.build(frozen, icons, tmp_path / "room", tmp_path)
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    assert "old.so" not in listed
