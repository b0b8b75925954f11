"""Does what was built work? ``smoke_test.py [wheel|folder|deb ...]``, run by the developers' Python, whose torch the workers use.

Each artefact is put where a person would have it, opens the bundled example on a display of its own, and must report what the source
tree reports. Its worker must see nothing of the app: no library, no module, no variable.
"""

import argparse
import contextlib
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import artefacts
import frozen_parts
import quiet

LIMIT_SECONDS = 120
EXAMPLE = "resources/example"
CHANGING = {"seconds", "pid", "bytes_free", "torchloupe_seconds"}
"""What is different each time."""

OUR_FOLDER = re.compile(r'[^"\\\s]*/(?=torchloupe/worker/)')
"""What stands in front of our files in a traceback."""

SURROUNDINGS = """
import json, os, sys
import torch

class Surroundings(torch.nn.Module):
    def forward(self, x):
        maps = open("/proc/self/maps").read().split() if os.path.exists("/proc/self/maps") else []
        print("SURROUNDINGS " + json.dumps({
            "variables": [name for name in os.environ if name.startswith(("LD_", "DYLD_", "QT_", "PYSIDE", "_PYI", "_MEI", "QML"))],
            "modules": [getattr(each, "__file__", "") or "" for each in list(sys.modules.values())],
            "folders": sys.path,
            "libraries": sorted({word for word in maps if word.startswith("/")}),
        }))
        return x

def make_model():
    return Surroundings()

def example_inputs():
    return (torch.zeros(2, 3),)
"""


class Wrong(Exception):
    """Something does not work; the text says what."""


@dataclass(frozen=True)
class Built:
    """An artefact that was put somewhere: the folder that holds all of it, and the words that start it. One that is ``frozen`` has no
    Python of its own and must find that of the person's shell."""

    name: str
    root: Path
    words: tuple[str, ...]
    frozen: bool = False

    @property
    def example(self) -> Path:
        """Its own copy of the example."""
        found = next(self.root.rglob(f"torchloupe/{EXAMPLE}/classifier.py"), None)
        if found is None:
            raise Wrong(f"{self.name} holds no example.")
        return found.parent


def main(arguments: list[str]) -> int:
    """0 when everything works, else 1 with what does not."""
    parser = argparse.ArgumentParser(prog="dev.py smoke", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="wheel|folder|deb", help="default: all that were built")
    chosen = parser.parse_args(arguments).what or [name for name in PLACES if newest(name) is not None]
    if not chosen or set(chosen) - set(PLACES):
        print("Nothing was built: packaging/dev.py build wheel folder deb", file=sys.stderr)
        return 1
    failed = False
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="torchloupe-smoke-") as room:
            try:
                examine(name, Path(room))
            except (Wrong, quiet.Failed, subprocess.TimeoutExpired) as error:
                print(f"{name}: {error}", file=sys.stderr, flush=True)
                failed = True
    return 1 if failed else 0


def examine(name: str, room: Path) -> None:
    """All questions to one artefact. Raises ``Wrong``."""
    made = newest(name)
    if made is None:
        raise Wrong(f"It was not built: packaging/dev.py build {name}")
    built = PLACES[name][1](made, room)
    environment = clean_surroundings(room)
    print(f"{name}: {artefacts.megabytes(built.root)} MB in {built.root}", flush=True)
    if (said := answer([*built.words, "--version"], environment).strip()) != f"torchloupe {frozen_parts.version()}":
        raise Wrong(f"It says it is {said!r}.")
    compare_reports(built, environment)
    watch_worker(built, environment, room)
    with display(environment) as shown:
        seconds, report = show_example(built, shown, room / "pictures")
    print(f"  window on {shown.get('DISPLAY', 'no display')}: first picture after {seconds:.2f} s; {report}", flush=True)


def compare_reports(built: Built, environment: Mapping[str, str]) -> None:
    """Its ``check`` of its own example says what the source tree says of ours."""
    ours = Built("the source tree", artefacts.ROOT, (sys.executable, "-m", "torchloupe"))
    texts = []
    for each, example in ((built, built.example), (ours, artefacts.ROOT / EXAMPLE)):
        words = [
            *each.words,
            "check",
            example / "classifier.py",
            "--checkpoint",
            example / "checkpoint.pt",
            "--python",
            sys.executable,
        ]
        report = json.loads(answer([*words, "--json"], environment, allowed=(1,)))
        text = json.dumps(without_changing(report), indent=1).replace(str(example), "EXAMPLE")
        texts.append(OUR_FOLDER.sub("", text))
    if texts[0] != texts[1]:
        theirs, wanted = (text.splitlines() for text in texts)
        difference = "\n".join(difflib.unified_diff(theirs, wanted, built.name, ours.name, n=1, lineterm=""))
        raise Wrong(f"Its report differs:\n{difference}")
    print(f"  its report is that of the source tree ({len(texts[0].splitlines())} lines)", flush=True)


def watch_worker(built: Built, environment: Mapping[str, str], room: Path) -> None:
    """A worker that it starts, in an interpreter that it finds, sees nothing of it."""
    model = room / "surroundings.py"
    model.write_text(SURROUNDINGS, encoding="utf-8")
    chosen = [] if built.frozen else ["--python", sys.executable]
    said = answer([*built.words, "run", model, *chosen], {**environment, "VIRTUAL_ENV": sys.prefix}, errors=True)
    found = re.search(r"SURROUNDINGS (\{.*\})", said)
    if found is None:
        raise Wrong(f"The worker did not say what it sees: {said}")
    seen: dict[str, list[str]] = json.loads(found[1])
    within = f"{built.root}{os.sep}"
    places = [each for kind in ("folders", "libraries", "modules") for each in seen[kind] if f"{each}{os.sep}".startswith(within)]
    ours = [each for each in places if "torchloupe" in Path(each).relative_to(built.root).parts[:-1]]  # what a worker is
    foreign = [each for each in places if each not in ours]
    if foreign or seen["variables"]:
        raise Wrong(f"The worker sees the app: {[*foreign, *seen['variables']]}")
    how = ", which it found," if built.frozen else ""
    print(f"  its worker in {sys.executable}{how} sees nothing of it", flush=True)


def show_example(built: Built, environment: Mapping[str, str], pictures: Path) -> tuple[float, str]:
    """Open the example in the window: the seconds to its first picture, and what it reports of the run."""
    files = [built.example / "classifier.py", built.example / "checkpoint.pt"]
    words = [*built.words, "--screenshots", pictures, *files, "--python", sys.executable]
    began, painted = time.monotonic(), 0.0
    lines: list[str] = []
    with subprocess.Popen(
        [*map(str, words)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as window:
        assert window.stdout is not None
        for line in window.stdout:
            lines.append(line.rstrip())
            painted = painted or ("painted" in line and time.monotonic() - began) or 0.0
    text = "\n".join(lines)
    picture = pictures / "window.png"
    if window.returncode or "Traceback" in text or "run: 10 calls" not in text or not picture.is_file():
        raise Wrong(f"The window ended with {window.returncode}:\n{text}")
    return painted, f"{len(list(pictures.glob('*.png')))} pictures"


def without_changing(value: Any) -> Any:
    """A report without times and process numbers."""
    if isinstance(value, dict):
        return {key: without_changing(each) for key, each in value.items() if key not in CHANGING}
    return [without_changing(each) for each in value] if isinstance(value, list) else value


def answer(words: list[Any], environment: Mapping[str, str], allowed: tuple[int, ...] = (), errors: bool = False) -> str:
    """What a program prints. Raises ``Wrong`` on another status than 0 or one of those ``allowed``."""
    done = subprocess.run(
        [*map(str, words)], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=LIMIT_SECONDS, check=False
    )
    if done.returncode not in (0, *allowed):
        raise Wrong(f"Status {done.returncode} of {' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr if errors else done.stdout


def clean_surroundings(room: Path) -> dict[str, str]:
    """The variables of a person who has just logged in, with folders of their own."""
    home = room / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT", "TEMP") if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "OMP_NUM_THREADS": "1", "TORCHLOUPE_TRACE_EVENTS": "1"}


@contextlib.contextmanager
def display(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The same with an X server of its own; without Xvfb nothing is shown, and pictures are drawn all the same."""
    if not shutil.which("Xvfb"):
        yield {**environment, "QT_QPA_PLATFORM": "offscreen"}
        return
    reading, writing = os.pipe()
    words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    with subprocess.Popen(words, pass_fds=(writing,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        try:
            yield {**environment, "DISPLAY": f":{number}"}
        finally:
            server.terminate()


def newest(name: str) -> Path | None:
    """The artefact of this kind that was built last."""
    made = sorted(artefacts.DIST.glob(PLACES[name][0]), key=lambda file: file.stat().st_mtime)
    return made[-1] if made else None


def wheel(made: Path, room: Path) -> Built:
    """Installed into a fresh virtual environment without torch, beside the pinned versions of what it needs."""
    quiet.run([sys.executable, "-m", "venv", room / "venv"])
    programs = room / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    pip = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    tools = re.compile(r"#|build=|pyinstaller=")
    wanted = [line for line in artefacts.REQUIREMENTS.read_text(encoding="utf-8").split("\n") if line and not tools.match(line)]
    quiet.run([*pip, *wanted])
    quiet.run([*pip, "--no-deps", str(made)])
    for place in ("share/applications", "share/metainfo", "share/mime/packages", "share/icons/hicolor/scalable/apps"):
        if not list((room / "venv" / place).glob("io.github.torchloupe.Torchloupe*")):
            raise Wrong(f"Nothing was installed into {place}.")
    return Built("wheel", room / "venv", (str(programs / "torchloupe"),))


def folder(made: Path, room: Path) -> Built:
    """Copied to a place that nobody knew when it was built."""
    shutil.copytree(made, room / "some where", symlinks=True)
    return Built("folder", room / "some where", (str(room / "some where/torchloupe"),), frozen=True)


def deb(made: Path, room: Path) -> Built:
    """Unpacked, not installed: that needs a system to spoil."""
    quiet.run(["dpkg-deb", "--extract", made, room / "system"])
    return Built("deb", room / "system", (str(room / "system/usr/bin/torchloupe"),), frozen=True)


PLACES: dict[str, tuple[str, Callable[[Path, Path], Built]]] = {
    "wheel": ("torchloupe-*.whl", wheel),
    "folder": ("torchloupe", folder),
    "deb": ("torchloupe_*.deb", deb),
}
"""What was built, by the name of its file in dist/, and how it gets to where a person would have it."""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
