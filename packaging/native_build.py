"""The C part of the worker, compiled where there is a compiler; without one everything works, and statistics take longer.

Three users: the build of a wheel (a hook of hatchling, see ``pyproject.toml``), the editable install (the same hook; the library then
lies beside its source), and ``dev.py``, which compiles again what has changed.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # dev.py runs in any Python

    class BuildHookInterface:  # type: ignore[no-redef]
        """Stands in where nothing is built."""


FOLDER = Path("app/torchloupe/worker/statistics")
SOURCE = "passes.c"
LIBRARY = "passes.dll" if os.name == "nt" else "passes.so"
FLAGS = (
    "-std=gnu11 -O3 -fPIC -shared -fno-strict-aliasing -fno-math-errno -fno-trapping-math -fno-signed-zeros -fassociative-math"
)
PURE = "TORCHLOUPE_PURE"
"""The variable that, when it is set, has nothing compiled: the wheel then fits every machine."""
LIMIT_SECONDS = 120


def compiler() -> list[str]:
    """The words that start the C compiler: that of CC, else the usual names; empty when there is none or none is wanted."""
    if os.environ.get(PURE):
        return []
    wanted = shlex.split(os.environ.get("CC", ""))
    found = [wanted, ["cc"], ["gcc"], ["clang"]]
    return next((words for words in found if words and shutil.which(words[0])), [])


def compile_library(folder: Path, target: Path) -> bool:
    """Make ``target`` from the source in ``folder``, at once or not at all; False, with the reason said, when it cannot be made."""
    words = compiler()
    if not words:
        return False
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".passes-") as room:
            made = Path(room) / LIBRARY
            command = [*words, *FLAGS.split(), "-o", str(made), str(folder / SOURCE)]
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT_SECONDS)
            os.replace(made, target)
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "stderr", None) or error
        print(f"The C part is left out, and statistics will take longer: {reason}", file=sys.stderr)
        return False
    return True


def bring_up_to_date(root: Path) -> None:
    """Compile the library of the tree in ``root`` when it is absent or older than its sources."""
    folder = root / FOLDER
    library = folder / LIBRARY
    newest = max(file.stat().st_mtime for file in folder.glob("*.[ch]"))
    if not library.exists() or library.stat().st_mtime < newest:
        compile_library(folder, library)


class NativeBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # generic in hatchling alone
    """Adds the library to what hatchling builds."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; into the tree for an editable install, beside it for a wheel."""
        folder = Path(self.root) / FOLDER
        if version == "editable":
            compile_library(folder, folder / LIBRARY)
            return
        self._room = tempfile.TemporaryDirectory(prefix="torchloupe-build-")
        made = Path(self._room.name) / LIBRARY
        if compile_library(folder, made):
            build_data["force_include"][str(made)] = f"torchloupe/worker/statistics/{LIBRARY}"
            build_data["pure_python"] = False
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["tag"] = f"py3-none-{platform}"

    def finalize(self, version: str, _build_data: dict[str, Any], _artifact_path: str) -> None:
        """Nothing stays behind."""
        if version != "editable":
            self._room.cleanup()
