"""What goes into the frozen app and what does not. ``torchloupe.spec`` builds by it, and the tests read it.

The frozen app never contains torch: the model runs in the user's interpreter, to which our sources travel through a pipe.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "app"
PACKAGE = APP / "torchloupe"
WORKER_ROOMS = ("wire", "checkpoints", "analysis", "worker")
"""Their sources lie beside the compiled app, so that they can be sent to an interpreter."""

DISTRIBUTIONS = ("numpy", "pyqtgraph", "PySide6-Essentials", "shiboken6", "torchinfo")
"""What is shipped of others; their metadata and licences go along."""

EXCLUDED = (
    "torch", "torchinfo",  # they belong to the worker
    "tkinter", "lib2to3", "setuptools", "pkg_resources", "pip", "unittest.mock", "sqlite3", "curses", "test", "idlelib",
    "OpenGL", "pyqtgraph.opengl", "pyqtgraph.examples", "pyqtgraph.canvas", "pyqtgraph.flowchart", "pyqtgraph.jupyter",
    "numpy.f2py", "numpy.testing", "numpy.distutils", "scipy", "matplotlib", "h5py", "IPython", "PIL", "cupy", "numba",
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtSql", "PySide6.QtDesigner", "PySide6.QtUiTools",
)  # fmt: skip
"""Modules that a desktop tool of ours never loads."""

_DROPPED = re.compile(
    r"plugins/(egldeviceintegrations|generic|networkinformation|tls|sqldrivers|designer|qmltooling|qmllint|printsupport)/"
    r"|plugins/platforms/(lib)?q(eglfs|linuxfb|minimal|minimalegl|vkkhrdisplay|vnc)\."
    r"|platformthemes/libqgtk3"
    r"|platforminputcontexts/.*virtualkeyboard"
    r"|imageformats/(lib)?q(tiff|tga|wbmp|icns|webp|pdf)\."
    r"|libQt6(EglFS|EglFs|WlShell|Qml|Quick|VirtualKeyboard|Sql|Designer|Pdf)"
    r"|wayland-shell-integration/lib(fullscreen|ivi|qt-shell|wl-shell)"
    r"|translations/(?!qtbase_)"
)
"""Parts of Qt that are not used, by their place in the app."""

_OF_THE_BUILDER = re.compile(
    r"lib(gtk-3|gdk|gdk_pixbuf|atk|atspi|pango|cairo|epoxy|thai|datrie|fribidi|harfbuzz|graphite2|Xcomposite|Xcursor|Xdamage|Xfixes|Xi"
    r"|Xinerama|Xrandr|Xrender|Xext|pixman|jpeg|gmodule|gobject|gio|mount|blkid|selinux|tiff|webp|sharpyuv|deflate|jbig|Lerc)\b"
)
"""Libraries of the machine that builds, which only dropped plugins had asked for."""

_OF_THE_SYSTEM = re.compile(r"lib(GL|EGL|GLX|GLdispatch|OpenGL|drm|gbm|fontconfig|vulkan)\.so")
"""Libraries that have to fit the machine they run on, so that they are never carried along."""

LICENCES = "torchloupe/resources/licences"


def is_kept(place: str) -> bool:
    """Whether a file that PyInstaller has found at this place of the app is part of it."""
    slashes = place.replace("\\", "/")
    name = slashes.rpartition("/")[2]
    return not (_DROPPED.search(slashes) or _OF_THE_BUILDER.match(name) or _OF_THE_SYSTEM.match(name))


def own_modules() -> list[str]:
    """Every module of ours but those of the worker, which is never imported here. Some are imported by a name in a text."""
    files = (file.relative_to(APP).with_suffix("") for file in sorted(PACKAGE.rglob("*.py")))
    names = (".".join(file.parts).removesuffix(".__init__") for file in files)
    return [name for name in names if not f"{name}.".startswith("torchloupe.worker.")]


def data_files() -> list[tuple[str, str]]:
    """Files that are no code of the window: the sources of the worker, what is drawn and opened, licences. Source and folder."""
    sources = [PACKAGE / "__init__.py", *(file for room in WORKER_ROOMS for file in _files(PACKAGE / room) if _travels(file))]
    found = [(file, file.parent.relative_to(APP)) for file in sources]
    found += [(file, Path("torchloupe") / file.parent.relative_to(ROOT)) for file in _files(ROOT / "resources") if _is_shown(file)]
    for name in DISTRIBUTIONS:
        found += [(file, place.parent) for file, place in _told_about(name)]
    torchinfo = distribution("torchinfo")
    found += [(Path(str(torchinfo.locate_file(each))), Path(each).parent) for each in torchinfo.files or () if each.suffix == ".py"]
    return [(str(file), str(folder)) for file, folder in found]


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.rglob("*")) if file.is_file() and "__pycache__" not in file.parts)


def _travels(file: Path) -> bool:
    return file.suffix in (".py", ".so", ".dll") and not file.name.startswith(".")


def _is_shown(file: Path) -> bool:
    return file.parent.name != "pictures" and file.name != "make_checkpoint.py"


def _told_about(name: str) -> list[tuple[Path, Path]]:
    """Metadata and licence texts of a distribution, and where they go."""
    found = distribution(name)
    wanted = re.compile(r"\.dist-info/(METADATA$|licenses/|LICENSE|COPYING)")
    return [(Path(str(found.locate_file(each))), Path(each)) for each in found.files or () if wanted.search(each.as_posix())]


def version() -> str:
    """Ours."""
    found = re.search(r'__version__ = "(.+)"', (PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def licences(libraries: Iterable[str]) -> list[tuple[str, str]]:
    """The licences of ourselves, of Python, and of the Debian packages that libraries were taken from: source and place."""
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
