"""The frozen app as a Debian package: its folder in /usr/lib, a command, an entry in the menu, an icon, file types."""

import gzip
import platform
import shutil
from pathlib import Path

import frozen_parts
import quiet

NAME = "torchloupe"
APP_ID = "io.github.torchloupe.Torchloupe"
HOME = Path("usr/lib") / NAME
COMMANDS = ("torchloupe", "torchloupe-window")
RESOURCES = frozen_parts.ROOT / "resources"

CONTROL = """\
Package: torchloupe
Version: {version}
Architecture: {architecture}
Maintainer: The Torchloupe authors <authors@torchloupe.invalid>
Installed-Size: {kilobytes}
Section: devel
Priority: optional
Depends: libc6 (>= {glibc}), libgl1, libegl1, libfontconfig1, libfreetype6, libxcb1, {fonts}
Recommends: libwayland-client0, libwayland-cursor0, libwayland-egl1, shared-mime-info, desktop-file-utils
Suggests: python3
Description: desktop inspector and debugger for PyTorch models
 Drop a checkpoint, point at a model class, click through its layers, and see
 why it does not fit: the dimension mismatch with its line, the key that does
 not load, the module that fails.
 .
 The model runs in a Python of yours that has torch; this package has none.
"""
FONTS = "fonts-dejavu-core | fonts-freefont-ttf | fonts-liberation | fonts-noto-core"
"""Without any font every letter is a box."""


def build(folder: Path, icons: Path, room: Path, goal: Path) -> Path:
    """The package in the folder ``goal``, made of the frozen app and its icons; put together in ``room``."""
    shutil.rmtree(room, ignore_errors=True)
    lay_out(folder, icons, room)
    architecture = quiet.run(["dpkg", "--print-architecture"]).strip()
    control = CONTROL.format(
        version=frozen_parts.version(),
        architecture=architecture,
        kilobytes=sum(file.lstat().st_size for file in room.rglob("*")) // 1024,
        glibc=platform.libc_ver()[1],
        fonts=FONTS,
    )
    (room / "DEBIAN").mkdir()
    (room / "DEBIAN/control").write_text(control, encoding="utf-8")
    for place in (room, *room.rglob("*")):  # whatever the mask of the builder is
        if not place.is_symlink():
            place.chmod(0o755 if place.is_dir() or place == room / HOME / NAME else 0o644)
    package = goal / f"{NAME}_{frozen_parts.version()}_{architecture}.deb"
    quiet.run(["dpkg-deb", "--root-owner-group", "--build", room, package])
    return package


def lay_out(folder: Path, icons: Path, room: Path) -> None:
    """The files of the package as they will lie in the system."""
    shutil.copytree(folder, room / HOME, symlinks=True)
    for command in COMMANDS:
        _place(room, f"usr/bin/{command}").symlink_to(Path("../lib") / NAME / NAME)
    share = {
        f"applications/{APP_ID}.desktop": RESOURCES / f"desktop/{APP_ID}.desktop",
        f"metainfo/{APP_ID}.metainfo.xml": RESOURCES / f"desktop/{APP_ID}.metainfo.xml",
        f"mime/packages/{APP_ID}.xml": RESOURCES / "desktop/torchloupe-mime.xml",
        f"icons/hicolor/scalable/apps/{APP_ID}.svg": RESOURCES / "icons/torchloupe.svg",
        f"doc/{NAME}/copyright": frozen_parts.ROOT / "LICENSE",
    }
    share |= {f"icons/hicolor/{icon.stem}x{icon.stem}/apps/{APP_ID}.png": icon for icon in icons.glob("*.png")}
    for place, source in share.items():
        shutil.copyfile(source, _place(room, f"usr/share/{place}"))
    changes = (frozen_parts.ROOT / "CHANGELOG.md").read_bytes()
    _place(room, f"usr/share/doc/{NAME}/CHANGELOG.md.gz").write_bytes(gzip.compress(changes, 9, mtime=0))


def _place(room: Path, name: str) -> Path:
    place = room / name
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
