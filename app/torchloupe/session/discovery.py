"""Which Pythons there are on this machine, and what they hold: found by looking, asked side by side, torch never imported."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torchloupe.wire.errors import UsageError

from .environment import clean_environment
from .interpreters import command_words, default_interpreter, is_frozen, resolve_interpreter
from .nearby import environments_above

PROBE_SECONDS = 15.0
DEVICES_SECONDS = 90.0
ASKED_AT_ONCE = 8
TOO_OLD = "older than 3.9"
_CONDAS = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda")
_SHARED_FOLDERS = ("~/.virtualenvs", "~/.local/share/virtualenvs", "~/.cache/pypoetry/virtualenvs", "~/.local/share/uv/python")
_MARK = "torchloupe-probe "
# What lies in the current folder must not pass for the standard library. The first folder need not be it (PYTHONSAFEPATH).
_ISOLATED = "import sys; sys.path[:] = [folder for folder in sys.path if folder]\n"
_PROBE = """\
import json, re
found = {"python": sys.version.split()[0], "prefix": sys.prefix, "modules": []}
try:
    from importlib.util import find_spec
    for name in sys.argv[1:]:
        if find_spec(name) is not None:
            found["modules"].append(name)
    folder = find_spec("torch").submodule_search_locations[0]
    text = open(folder + "/version.py").read()
    for name, key in (("__version__", "torch"), ("cuda", "cuda"), ("hip", "rocm"), ("xpu", "xpu")):
        value = re.search("^" + name + r"\\b[^=\\n]*=\\s*[\\"']([^\\"']+)", text, re.M)
        if value:
            found[key] = value.group(1)
except Exception:
    pass
print("torchloupe-probe " + json.dumps(found))
"""
_DEVICES = """\
import json, torch
names = ["cpu"]
for kind in ("cuda", "xpu"):
    backend = getattr(torch, kind, None)
    if backend is not None and backend.is_available():
        names += [kind + ":" + str(index) for index in range(backend.device_count())]
mps = getattr(torch.backends, "mps", None)
if mps is not None and mps.is_available():
    names.append("mps")
print("torchloupe-probe " + json.dumps(names))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python and where it was found; after it was asked: its environment, its version, its torch, or why it cannot be used.

    ``build`` is what its torch was made for (``CUDA 12.4``), ``devices`` what it can run on, known once somebody asked for it.
    ``modules`` are those that it can import of the ones that were asked for.
    """

    path: str
    origin: str
    prefix: str = ""
    python: str = ""
    torch: str = ""
    build: str = ""
    devices: tuple[str, ...] = ()
    trouble: str = ""
    modules: tuple[str, ...] = ()


def find_interpreters(
    near: Path | None = None, current: str = "", environment: Mapping[str, str] = os.environ
) -> list[Interpreter]:
    """The Pythons worth a look, each once, the likeliest first: the one in use, the shell's, those around ``near``, all others."""
    found: dict[str, Interpreter] = {}
    for place, origin in _places(near, current, environment):
        with contextlib.suppress(UsageError, OSError):
            path = resolve_interpreter(place)
            found.setdefault(_environment_of(path), Interpreter(path, origin))
    return list(found.values())


def probe_interpreters(
    found: Sequence[Interpreter],
    heard: Callable[[Interpreter], None] = lambda _one: None,
    seconds: float = PROBE_SECONDS,
    modules: tuple[str, ...] = (),
) -> list[Interpreter]:
    """The same with what they say of themselves, and which of the ``modules`` they have; several doors to one environment become
    one. ``heard`` is told of each as it answers, from another thread. ``seconds`` is for all of them together."""
    end = time.monotonic() + seconds

    def ask(one: Interpreter) -> Interpreter:
        answer = probe(one, max(end - time.monotonic(), 0.01), modules)
        heard(answer)
        return answer

    with ThreadPoolExecutor(ASKED_AT_ONCE, "interpreter probe") as pool:
        answers = list(pool.map(ask, found))
    return without_doubles(answers)


def without_doubles(found: Sequence[Interpreter]) -> list[Interpreter]:
    """Of several doors to the same environment the first."""
    kept: dict[str, Interpreter] = {}
    for one in found:
        kept.setdefault(one.prefix or one.path, one)
    return list(kept.values())


def probe(one: Interpreter, seconds: float = PROBE_SECONDS, modules: tuple[str, ...] = ()) -> Interpreter:
    """What an interpreter says of itself; the ``modules`` are looked for and not imported.

    A command line of several words is not asked: it may log in somewhere.
    """
    if command_words(one.path):
        return one
    answer = _answer_of(one.path, _PROBE, seconds, modules)
    if isinstance(answer, str):
        return replace(one, trouble=answer)
    torch, python = answer.get("torch", ""), answer["python"]
    old = tuple(int(part) for part in python.split(".")[:2]) < (3, 9)
    trouble = TOO_OLD if old else "" if torch else "has no torch"
    known = replace(one, prefix=answer["prefix"], python=python, torch=torch, build=_build_text(answer), trouble=trouble)
    return replace(known, modules=tuple(answer.get("modules", ())))


def probe_devices(one: Interpreter, seconds: float = DEVICES_SECONDS) -> Interpreter:
    """The same with the devices of its torch, which has to be imported for that: seconds, not milliseconds."""
    answer = _answer_of(one.path, _DEVICES, seconds)
    return replace(one, trouble=answer) if isinstance(answer, str) else replace(one, devices=tuple(answer))


def _places(near: Path | None, current: str, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if current:
        yield current, "in use"
    for variable, origin in (("VIRTUAL_ENV", "active environment"), ("CONDA_PREFIX", "active conda environment")):
        if environment.get(variable):
            yield environment[variable], origin
    home = Path(environment.get("HOME") or Path.home())
    for beside in environments_above(near, home) if near else ():
        yield str(beside), f"beside {beside.parent.name or beside.parent}"
    with contextlib.suppress(UsageError):
        yield default_interpreter(), "on the PATH" if is_frozen() else "runs Torchloupe"
    for place in _conda_environments(home, environment):
        yield str(place), "conda"
    for place in _folders_in(Path(environment.get("PYENV_ROOT") or home / ".pyenv") / "versions"):
        yield str(place), "pyenv"
    for shared in _SHARED_FOLDERS:
        for place in _folders_in(home / shared[2:]):
            yield str(place), "shared environment"
    for folder_text in environment.get("PATH", "").split(os.pathsep):
        for name in ("python3", "python", "python3.exe", "python.exe"):
            if folder_text and (Path(folder_text) / name).is_file():
                yield str(Path(folder_text) / name), "on the PATH"


def _conda_environments(home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from map(Path, (home / ".conda/environments.txt").read_text(encoding="utf-8", errors="replace").split())
    roots = [Path(environment[name]) for name in ("CONDA_ROOT", "MAMBA_ROOT_PREFIX") if environment.get(name)]
    for root in (*roots, *(home / name for name in _CONDAS), Path("/opt/conda"), Path("/opt/miniconda3")):
        if (root / "conda-meta").is_dir():
            yield root
        yield from _folders_in(root / "envs")


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir() and not each.is_symlink())
    except OSError:
        return []


def _environment_of(path: str) -> str:
    """What several paths of the same Python have in common, as far as that can be seen without asking it."""
    folder = Path(path).parent
    for place in (folder.parent, folder):
        if (place / "pyvenv.cfg").is_file() or (place / "conda-meta").is_dir():
            return str(place.resolve())
    return os.path.realpath(path)


def _answer_of(path: str, code: str, seconds: float, words: Sequence[str] = ()) -> Any:
    """What a script that is run there prints behind the mark; a sentence when there is no answer.

    It is run in the topmost folder. The Python that pyenv takes for this folder is the one that is asked all the same.
    """
    here = {"PYENV_DIR": os.environ.get("PYENV_DIR") or os.environ.get("PWD", "")}
    try:
        done = subprocess.run(
            [path, "-c", _ISOLATED + code, *words],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            cwd=os.path.abspath(os.sep),
            env=clean_environment(os.environ, here),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        return f"did not answer in {round(seconds, 1):g} seconds"
    except OSError as error:
        return f"does not start: {error.strerror or error}"
    for line in done.stdout.splitlines():
        if line.startswith(_MARK):
            with contextlib.suppress(ValueError):
                return json.loads(line[len(_MARK) :])
    return f"does not answer: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}"


def _build_text(answer: Mapping[str, str]) -> str:
    """What the torch there was made for, and whether this machine has it, as far as files tell."""
    if not answer.get("torch"):
        return ""
    if answer.get("cuda"):
        present = sys.platform != "linux" or any(Path("/dev").glob("nvidia[0-9]*")) or Path("/dev/dxg").exists()
        return f"CUDA {answer['cuda']}" + ("" if present else ", no GPU here")
    if answer.get("rocm"):
        return f"ROCm {answer['rocm']}" + ("" if Path("/dev/kfd").exists() else ", no GPU here")
    return f"XPU {answer['xpu']}" if answer.get("xpu") else "cpu"
