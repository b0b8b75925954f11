"""What Qt and the window tests need from the system, what of it is missing, and how to get it."""

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import quiet

SBIN = os.pathsep.join(("/sbin", "/usr/sbin"))


@dataclass(frozen=True)
class Need:
    """One Debian package, and what shows that it (or its equal under another name) is there: a shared library or a program."""

    package: str
    library: str = ""
    programs: tuple[str, ...] = ()


OFFSCREEN = (
    Need("libglib2.0-0", "libglib-2.0.so.0"),
    Need("libgl1", "libGL.so.1"),
    Need("libegl1", "libEGL.so.1"),
    Need("libfontconfig1", "libfontconfig.so.1"),
    Need("libdbus-1-3", "libdbus-1.so.3"),
    Need("libxkbcommon0", "libxkbcommon.so.0"),
)
"""Qt without a display."""

WINDOW = (
    *OFFSCREEN,
    Need("libxkbcommon-x11-0", "libxkbcommon-x11.so.0"),
    Need("libxcb-cursor0", "libxcb-cursor.so.0"),
    Need("libxcb-icccm4", "libxcb-icccm.so.4"),
    Need("libxcb-keysyms1", "libxcb-keysyms.so.1"),
    Need("libxcb-shape0", "libxcb-shape.so.0"),
)
"""Qt on an X display."""

WINDOW_TESTS = (
    *WINDOW,
    Need("xvfb", programs=("Xvfb",)),
    Need("xauth", programs=("xauth",)),
    Need("openbox", programs=("openbox",)),
    Need("xdotool", programs=("xdotool",)),
    Need("imagemagick", programs=("import",)),
)
"""Real windows under a display of their own, driven with real X events."""

MORE_TESTS = (
    Need("dbus", programs=("dbus-daemon",)),
    Need("at-spi2-core", programs=("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")),
    Need("python3-pyatspi", programs=("/usr/lib/python3/dist-packages/pyatspi",)),
    Need("pcmanfm", programs=("pcmanfm",)),
)
"""A screen reader's view of the window, and a file manager to drop from. Without them a few tests are skipped."""


class Missing(Exception):
    """Something is missing that only the person at the keyboard can install; the text is what to show."""


def missing(needs: Iterable[Need], libraries: frozenset[str] | None = None) -> list[Need]:
    """Those of ``needs`` that this machine lacks, in order. ``libraries`` are the sonames it has, None: ask the loader."""
    known = loader_libraries() if libraries is None else libraries
    return [need for need in needs if not is_present(need, known)]


def is_present(need: Need, libraries: frozenset[str]) -> bool:
    """Is it there? With no list of libraries at all, every library is taken to be there: Qt will say it otherwise."""
    if need.library:
        return not libraries or need.library in libraries
    return any(shutil.which(program) or (os.path.isabs(program) and os.path.exists(program)) for program in need.programs)


def skipped_without(needs: Iterable[Need]) -> str:
    """The sentence about tests that are skipped here, with the line that would change that; empty where nothing is missing."""
    packages = [need.package for need in missing(needs, frozenset())]
    if not packages or not shutil.which("apt-get"):
        return ""
    return f"A few tests of the window are skipped here. To run them, too:\n  {install_line(packages)}"


def loader_libraries() -> frozenset[str]:
    """Sonames in the loader's cache; empty where there is no such cache."""
    ldconfig = shutil.which("ldconfig", path=os.environ.get("PATH", "") + os.pathsep + SBIN)
    if not ldconfig:
        return frozenset()
    listing = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    return frozenset(line.split()[0] for line in listing.splitlines() if "=>" in line)


def ensure(needs: Iterable[Need], extra_packages: Iterable[str] = ()) -> None:
    """Install what is missing when this is root on a Debian-like system, else raise ``Missing`` with the one line to run."""
    lacking = missing(needs)
    packages = [need.package for need in lacking] + list(extra_packages)
    if not packages:
        return
    if not shutil.which("apt-get"):
        names = [need.library or need.programs[0] for need in lacking] + list(extra_packages)
        raise Missing(f"These are missing, install them with your system's package manager: {', '.join(names)}")
    if os.geteuid() != 0:
        raise Missing(f"System packages are missing. Run this once, then try again:\n  {install_line(packages)}")
    install(packages)


def install_line(packages: Iterable[str]) -> str:
    """The one line that a person without root rights here has to run."""
    return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {' '.join(packages)}"


def install(packages: list[str]) -> None:
    """Install Debian packages as root. A failed update is no failure yet: the lists on disk may do."""
    environment: Mapping[str, str] = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    print(f"Installing system packages: {' '.join(packages)}", flush=True)
    quiet.run(["apt-get", "update"], environment=environment, must_succeed=False)
    quiet.run(["apt-get", "install", "-y", "--no-install-recommends", *packages], environment=environment)
