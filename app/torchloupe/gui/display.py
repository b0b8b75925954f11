"""Whether a window can be shown here: a display that answers, and the libraries that Qt does not bring along.

Qt ends the process where a display or a library of X is missing, so both are looked for before it is loaded.
"""

import os
import sys
from collections.abc import Mapping
from importlib import import_module

from torchloupe.gui.qt_classes import every_class_at_once

OFFSCREEN_LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""What Qt needs to draw at all, and the Debian packages of it."""

X_LIBRARIES = {
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
"""What it needs besides on an X display."""

NO_DISPLAY = "torchloupe: There is no display to open a window on.\n"
DEAD_DISPLAY = "torchloupe: The display {0} does not answer.\n"
WITHOUT_DISPLAY = (
    "Use the command line (torchloupe show CHECKPOINT, torchloupe check model.py), or save pictures without a display:\n"
    "  torchloupe --screenshots FOLDER FILES..."
)
MISSING = (
    "torchloupe: Qt needs what this system lacks: {0}.\n"
    "On Debian and Ubuntu: sudo apt install {1}\n"
    "Elsewhere, install the packages that hold these libraries."
)


def has_display(platform: str = sys.platform) -> bool:
    """A window can be shown: always outside Linux, else when Qt was told how or a display answers."""
    return not why_no_display(platform)


def why_no_display(platform: str = sys.platform) -> str:
    """The reason why there is no display, with what can be done without one; empty when there is one."""
    wanted = os.environ.get("QT_QPA_PLATFORM", "")
    if not platform.startswith("linux") or (wanted and not wanted.startswith(("xcb", "wayland"))):
        return ""
    named = {name: os.environ[name] for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)}
    if not named:
        return NO_DISPLAY + WITHOUT_DISPLAY
    answers = {"WAYLAND_DISPLAY": wayland_answers, "DISPLAY": x_answers}
    if any(answers[name](display) for name, display in named.items()):
        return ""
    return DEAD_DISPLAY.format(" or ".join(named.values())) + WITHOUT_DISPLAY


def x_answers(_display: str) -> bool:
    """Whether the X server of DISPLAY takes us. Where that cannot be asked, it is taken to be there."""
    import ctypes

    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    refused = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not refused


def wayland_answers(display: str) -> bool:
    """Whether a compositor listens at this name, which is a path or a socket in the runtime folder."""
    import socket

    with socket.socket(socket.AF_UNIX) as door:
        try:
            door.connect(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), display))
        except OSError:
            return False
    return True


def missing_library() -> str:
    """What this system lacks for an X display, with the one line that installs it; empty when all that only X needs is there."""
    if not sys.platform.startswith("linux") or not _is_x() or not _missing(X_LIBRARIES):
        return ""
    return _missing(OFFSCREEN_LIBRARIES | X_LIBRARIES)


def why_qt_does_not_load(headless: bool = False) -> str:
    """The libraries without which Qt cannot even be imported; empty when it can. Raises ``ImportError`` where none of them is missing."""
    try:
        with every_class_at_once():
            import_module("PySide6.QtWidgets")  # as the window does next
    except ImportError:
        trouble = _missing(OFFSCREEN_LIBRARIES if headless or not _is_x() else OFFSCREEN_LIBRARIES | X_LIBRARIES)
        if not trouble:
            raise
        return trouble
    return ""


def _missing(libraries: Mapping[str, str]) -> str:
    import ctypes

    lacking = {}
    for library, package in libraries.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            lacking[library] = package
    return MISSING.format(", ".join(lacking), " ".join(lacking.values())) if lacking else ""


def _is_x() -> bool:
    wanted = os.environ.get("QT_QPA_PLATFORM", "wayland" if os.environ.get("WAYLAND_DISPLAY") else "xcb")
    return wanted.startswith("xcb")
