"""What goes into the frozen app and what does not. ``torchloupe.spec`` builds by it, and the tests read it.

The frozen app never contains torch: the model runs in the user's interpreter, to which our sources travel through a pipe.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"
PACKAGE = APP / "torchloupe"
START = PACKAGE / "__main__.py"
WORKER_ROOMS = ("wire", "checkpoints", "analysis", "worker")
"""Their sources lie beside the compiled app, so that they can be sent to an interpreter."""

LICENCES = "torchloupe/resources/licences"

EXCLUDED = (
    "torch", "torchinfo",  # they belong to the worker
    "tkinter", "lib2to3", "setuptools", "pkg_resources", "pip", "ensurepip", "sqlite3", "curses", "idlelib", "readline",
    "OpenGL", "pyqtgraph.opengl", "pyqtgraph.examples", "pyqtgraph.flowchart", "pyqtgraph.jupyter",
    "numpy.f2py", "numpy.testing", "scipy", "matplotlib", "h5py", "IPython", "PIL", "cupy", "numba",
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtSql", "PySide6.QtDesigner", "PySide6.QtUiTools",
)  # fmt: skip
"""Modules that are never loaded."""

DISTRIBUTIONS = ("PySide6-Essentials", "pyqtgraph", "numpy", "Pygments", "torchinfo")
"""What is shipped of others; their metadata and licences go along."""

_DROPPED = re.compile(
    r"plugins/(egldeviceintegrations|generic|networkinformation|tls|sqldrivers|designer|qmltooling|qmllint|printsupport)/"
    r"|plugins/platforms/(lib)?q(eglfs|linuxfb|minimal|minimalegl|vkkhrdisplay|vnc)\."
    r"|platformthemes/libqgtk3"
    r"|platforminputcontexts/.*virtualkeyboard"
    r"|imageformats/(lib)?q(tiff|tga|wbmp|icns|webp|pdf)\."
    r"|wayland-shell-integration/lib(fullscreen|ivi|qt-shell|wl-shell)"
    r"|PySide6/Qt/translations/"
    r"|pyqtgraph/icons/peegee/"
)
"""Parts of Qt and pyqtgraph that are not used, by their place in the app."""

_OF_THE_SYSTEM = re.compile(r"lib(GL|EGL|GLX|GLdispatch|OpenGL|drm|gbm|vulkan|fontconfig|freetype)\.so")
"""Libraries that have to fit the machine they run on: its drivers, its fonts."""

_LIBRARY = re.compile(r"(^|/lib/)lib(?!python)[^/]+\.so[.0-9]*$")
"""What is there for others to load, by its place."""

_WITH_SYMBOLS = re.compile(r"libpython3[.0-9]*\.so|python3[.0-9]*/lib-dynload/")
"""What a Python that was built on the spot has debugging symbols in. To strip more than these breaks NumPy's libraries."""


def is_kept(place: str) -> bool:
    """Whether a file that PyInstaller has found for this place of the app is part of it."""
    place = place.replace("\\", "/")
    return not (_DROPPED.search(place) or _OF_THE_SYSTEM.match(place.rpartition("/")[2]))


def needed(parts: Iterable[tuple[str, str, str]], libraries_of: Callable[[str], Iterable[str]]) -> list[tuple[str, str, str]]:
    """Those that are kept, without the libraries that only dropped ones had asked for.

    A part is its place, its file and its kind; ``libraries_of`` gives the names of the libraries that a file loads.
    """
    kept = [part for part in parts if is_kept(part[0])]
    by_name: dict[str, list[tuple[str, str, str]]] = {}
    for part in kept:
        by_name.setdefault(part[0].rpartition("/")[2], []).append(part)
    ahead = [part for part in kept if not _LIBRARY.search(part[0])]
    reached = set(ahead)
    while ahead:
        place, file, _ = ahead.pop()
        wanted = {place.rpartition("/")[2], *(libraries_of(file) if file.startswith("/") else ())}
        more = {part for name in wanted for part in by_name.get(name, ())} - reached
        reached |= more
        ahead += more
    return [part for part in kept if part in reached]


def without_symbols(place: str, file: str, folder: Path) -> str:
    """The file, or a stripped copy of it in ``folder`` where that saves much."""
    if not _WITH_SYMBOLS.search(place) or not shutil.which("strip"):
        return file
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / Path(file).name
    done = subprocess.run(["strip", "--strip-unneeded", "-o", copy, file], capture_output=True, check=False)
    return file if done.returncode else str(copy)


def own_modules() -> list[str]:
    """Every module of ours but those of the worker, which is never imported here. Some are imported by a name in a text."""
    files = (file.relative_to(APP).with_suffix("") for file in sorted(PACKAGE.rglob("*.py")))
    names = (".".join(file.parts).removesuffix(".__init__") for file in files)
    return [name for name in names if not f"{name}.".startswith("torchloupe.worker.")]


def data_files() -> list[tuple[str, str]]:
    """Files that are no code of the window, and the folder of each: sources of the worker, what is drawn and opened, metadata."""
    found = [(PACKAGE / "__init__.py", Path("torchloupe"))]
    for room in WORKER_ROOMS:
        found += [
            (file, file.parent.relative_to(APP)) for file in _files(PACKAGE / room) if file.suffix in (".py", ".so", ".dll")
        ]
    found += [(file, "torchloupe" / file.parent.relative_to(ROOT)) for file in _files(ROOT / "resources") if _is_shown(file)]
    found += [place for name in DISTRIBUTIONS for place in _placed(name, r"\.dist-info/(METADATA$|licenses/|LICENSE|COPYING)")]
    found += _placed("torchinfo", r"^torchinfo/.*\.py$")
    return [(str(file), str(folder)) for file, folder in found]


def _files(folder: Path) -> Iterator[Path]:
    return (
        file for file in sorted(folder.rglob("*")) if file.is_file() and "__pycache__" not in file.parts and file.name[0] != "."
    )


def _is_shown(file: Path) -> bool:
    return file.parent.name != "pictures" and file.name != "make_checkpoint.py"


def _placed(name: str, wanted: str) -> list[tuple[Path, Path]]:
    """The files of a distribution whose names have ``wanted``, and the folders they go to."""
    found = distribution(name)
    files = [file for file in found.files or () if re.search(wanted, file.as_posix())]
    return [(Path(str(found.locate_file(file))), Path(file).parent) for file in files]


def version() -> str:
    """Ours."""
    found = re.search(r'__version__ = "(.+)"', (PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def licences(libraries: Iterable[str]) -> list[tuple[str, str]]:
    """The licences of ourselves, of Python, and of the Debian packages that libraries were taken from: file and place."""
    found = {"LICENSE": ROOT / "LICENSE", "python.txt": Path(os.__file__).with_name("LICENSE.txt")}
    for library in libraries if shutil.which("dpkg-query") else ():
        owner = _owner(Path(library))
        found[f"system/{owner}.txt"] = Path("/usr/share/doc", owner, "copyright").resolve()
    return [(str(file), f"{LICENCES}/{name}") for name, file in sorted(found.items()) if file.is_file()]


def _owner(file: Path) -> str:
    """The package that a library is from, which may be known under the name that /lib had before it moved to /usr/lib."""
    real = str(file.resolve())
    for name in (real, real.removeprefix("/usr"), str(file)):
        done = subprocess.run(["dpkg-query", "--search", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.partition(":")[0].partition(",")[0]
    return ""
