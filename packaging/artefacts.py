"""What is handed to people: the wheel with the source archive, the folder with the frozen app, the Debian package of that folder."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import debian_package
import native_build
import quiet

ROOT = Path(__file__).resolve().parent.parent
DIST, BUILD = ROOT / "dist", ROOT / "build"
FOLDER = DIST / "torchloupe"
REQUIREMENTS = ROOT / "packaging/build_requirements.txt"
LARGEST_MEGABYTES = 190


def wheel() -> list[Path]:
    """The source archive, and the wheel made from it, so that nothing can be missing in the archive."""
    before = {file: file.stat().st_mtime_ns for file in archives()}
    quiet.run([tools(), "-m", "build", "--outdir", DIST, ROOT])
    return [file for file in archives() if before.get(file) != file.stat().st_mtime_ns]


def folder() -> list[Path]:
    """One folder that needs no Python, with everything but torch. Raises ``quiet.Failed`` where it has grown too large."""
    python = tools()
    native_build.bring_up_to_date(ROOT)
    quiet.run([python, ROOT / "packaging/icon_files.py", BUILD / "icons"])
    places = ["--distpath", str(DIST), "--workpath", str(BUILD / "pyinstaller")]
    quiet.run([python, "-m", "PyInstaller", "--noconfirm", *places, ROOT / "packaging/torchloupe.spec"])
    if megabytes(FOLDER) > LARGEST_MEGABYTES:
        raise quiet.Failed(f"The folder has {megabytes(FOLDER)} MB, more than {LARGEST_MEGABYTES}: see what came in since.")
    return [FOLDER]


def deb() -> list[Path]:
    """The folder as a package for Debian and Ubuntu."""
    folder()
    return [debian_package.build(FOLDER, BUILD / "icons", BUILD / "deb", DIST)]


def tools() -> Path:
    """The Python of the environment that builds, made or renewed when the pinned versions have changed."""
    place = BUILD / "tools"
    python = place / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp, wanted = place / "installed.txt", REQUIREMENTS.read_text(encoding="utf-8")
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        print(f"Making {place} (once)", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        quiet.run([sys.executable, "-m", "venv", place])
        quiet.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS])
        stamp.write_text(wanted, encoding="utf-8")
    return python


def archives() -> list[Path]:
    """The wheels and source archives that were made so far."""
    return [*DIST.glob("torchloupe-*.whl"), *DIST.glob("torchloupe-*.tar.gz")]


def megabytes(place: Path) -> int:
    """What a file or a folder takes, in units of 2**20 bytes."""
    files = [place] if place.is_file() else [file for file in place.rglob("*") if file.is_file() and not file.is_symlink()]
    return round(sum(file.stat().st_size for file in files) / 2**20)


ARTEFACTS: dict[str, Callable[[], list[Path]]] = {"wheel": wheel, "folder": folder, "deb": deb}
