"""Damage good checkpoints for a while and read them: ``fuzz.py [--seconds N] [--seed N] [--failures FOLDER]``.

Run by the Python of the virtual environment, which makes the good files with torch. They are read in a process without torch that has
300 MB of memory, two seconds for each, and alarms at every way out. Every input that fails is saved in a folder that is named at the end.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS = 2.0
_BEAT_SECONDS = 0.5
_SILENCE_SECONDS = 60
_MOST_SAVED = 50
_NO_MEMORY = "needs more memory than there is"


def main(words: Sequence[str]) -> int:
    """Exit status: 0 when nothing failed."""
    parser = argparse.ArgumentParser(prog="fuzz.py", description="Read damaged checkpoints for a while.")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--failures", type=Path, default=ROOT / "out/fuzz")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if not hasattr(signal, "setitimer"):
        print("Damaged files are read only where a process can be given limits: on Linux and macOS.")
        return 0
    sys.path.insert(0, str(ROOT / "tests"))
    if options.read:
        read_damaged(options.read, options.seconds, options.seed, options.failures)
        return 0
    return report(options.seconds, options.seed, options.failures)


def report(seconds: float, seed: int, failures: Path) -> int:
    """Start the reading process, again when it dies, and tell what came of it."""
    cases = 0
    found: list[str] = []
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        write_good_files(work)
        began = time.monotonic()
        while (left := seconds - (time.monotonic() - began)) > 0 and len(found) < _MOST_SAVED:
            for told in lines_of(work, left, seed + cases, failures):
                cases += told["cases"]
                if told.get("failure"):
                    found.append(told["failure"])
                    print(f"  {told['failure']}", flush=True)
    took = time.monotonic() - began
    rate = f"{cases:,} damaged files in {took:.0f} s, {cases / took:.0f} a second (seed {seed})"
    print(f"{rate}: {f'{len(found)} failed, saved in {failures}' if found else 'none failed'}.", flush=True)
    return 1 if found else 0


def write_good_files(work: Path) -> None:
    """The good files, and what is to be known of them in ``index.json``."""
    index = {}
    for number, (name, good) in enumerate(import_module("checkpoints.hostile.good_files").good_files().items()):
        folder = work / "good" / str(number)
        good.write(folder, good.data)
        index[name] = {"folder": str(folder), "damaged": good.damaged, "alone": len(good.files) == 1}
    (work / "index.json").write_text(json.dumps(index))


def lines_of(work: Path, seconds: float, seed: int, failures: Path) -> Iterator[dict[str, Any]]:
    """What the reading process tells, one line at a time. When it dies, the input that it was reading is the last."""
    options = ("--seconds", str(seconds), "--seed", str(seed), "--failures", str(failures), "--read", str(work))
    command = [sys.executable, str(Path(__file__).resolve()), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stdout:
            yield json.loads(line)
        said = process.stderr.read().strip().splitlines()
    if process.returncode:
        saved = save(work / "now", failures, f"died-{seed}")
        yield {"cases": 1, "failure": f"the process ended with status {process.returncode} ({' '.join(said[-1:])}): {saved}"}


def read_damaged(work: Path, seconds: float, seed: int, failures: Path) -> None:
    """In the reading process: damage, write, read; a line of JSON now and then, and for each failure."""
    sys.path.insert(0, str(ROOT / "app"))
    guarded = import_module("checkpoints.hostile.guarded")
    damaged = import_module("checkpoints.hostile.damage").damaged
    read = Reader(guarded)
    good = {name: (found, Path(found["folder"])) for name, found in json.loads((work / "index.json").read_text()).items()}
    whole = {name: (folder / found["damaged"]).read_bytes() for name, (found, folder) in good.items()}
    names, home = sorted(good), work / "now"
    signal.signal(signal.SIGALRM, guarded.too_slow)
    ends, beat, cases = time.monotonic() + seconds, time.monotonic(), 0
    for case_seed in range(seed, seed + (1 << 40)):
        chooser = random.Random(case_seed)
        name = chooser.choice(names)
        found, folder = good[name]
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(folder, home)
        (home / found["damaged"]).write_bytes(damaged(name, whole[name], chooser))
        fault = read.fault(home / found["damaged"] if found["alone"] else home, home)
        cases += 1
        if fault:
            saved = save(home, failures, f"{name.replace(' ', '-').replace(',', '')}-{case_seed}")
            tell(cases, f"{name}: {fault}: {saved}")
        now = time.monotonic()
        if fault or now - beat > _BEAT_SECONDS or now > ends:
            if not fault:
                tell(cases)
            cases, beat = 0, now
        if now > ends:
            return


class Reader:
    """Reads one path after another behind the guard."""

    def __init__(self, guarded: Any) -> None:
        self._guarded = guarded
        self._tools = (
            import_module("torchloupe.checkpoints").read_contents,
            import_module("torchloupe.checkpoints.values").open_values,
            import_module("torchloupe.wire.errors").CheckpointError,
        )
        self._guard = guarded.armed()

    def fault(self, path: Path, home: Path) -> str:
        """What went wrong when it was read; ``""`` when it was listed or refused, as it should be."""
        began = time.process_time()
        signal.setitimer(signal.ITIMER_REAL, _SILENCE_SECONDS)
        self._guard.home = os.path.realpath(home)
        try:
            found = self._guarded.outcome_of(str(path), *self._tools)
        except BaseException as error:
            return f"{type(error).__name__}: {error}"[:300]
        finally:
            self._guard.home = None
            signal.setitimer(signal.ITIMER_REAL, 0)
            rung = list(self._guard.rung)
            self._guard.rung.clear()
        took = time.process_time() - began
        if rung:
            return f"it did what no reader may do: {rung[0]}"
        if _NO_MEMORY in found["sentence"]:
            return "it needs more than 300 MB"
        return f"it takes {took:.1f} s" if took > MOST_SECONDS else ""


def tell(cases: int, failure: str = "") -> None:
    """One line for the process that started this one."""
    print(json.dumps({"cases": cases, "failure": failure}), flush=True)


def save(home: Path, failures: Path, name: str) -> Path:
    """Keep the input; its path."""
    goal = failures / name
    shutil.rmtree(goal, ignore_errors=True)
    shutil.copytree(home, goal)
    return goal


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
