"""The commands of ``dev.py``. Each makes ready what it needs and then runs programs of the virtual environment."""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import artefacts
import native_build
import quiet
import system_libraries
import virtual_environment

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = (ROOT / "resources/example/classifier.py", ROOT / "resources/example/checkpoint.pt")
PICTURES = ROOT / "out/pictures"
COULD_NOT_RUN = 2


def main(arguments: Sequence[str]) -> int:
    """Exit status of the command that ``arguments`` name."""
    parser = argparse.ArgumentParser(prog="dev.py", description="Commands for people who work on Torchloupe.")
    parser.add_argument("command", choices=COMMANDS, help="; ".join(f"{name}: {task.__doc__}" for name, task in COMMANDS.items()))
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="passed on to what the command runs")
    options = parser.parse_args(arguments)
    try:
        return COMMANDS[options.command](options.rest)
    except (quiet.Failed, system_libraries.Missing) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def run(rest: Sequence[str]) -> int:
    """the window on the bundled example (or on FILES); without a display, or with --offscreen, a report and pictures"""
    words = [str(Path(word).resolve()) if Path(word).exists() else word for word in rest if word != "--offscreen"]
    has_files = any(Path(word).exists() for word in words)
    opened = words if has_files else [*map(str, EXAMPLE), *words]
    if "--offscreen" not in rest and has_display():
        watched = {"TORCHLOUPE_STALLS": "50", **os.environ}  # milliseconds; the log says where the window stands still that long
        return call([prepare(system_libraries.WINDOW), "-m", "torchloupe", *opened], watched)
    return run_offscreen(prepare(system_libraries.OFFSCREEN), opened)


def run_offscreen(python: Path, opened: Sequence[str]) -> int:
    """What the window would show, as text on the terminal and as pictures in a folder."""
    offscreen = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    print("No display: here is the report, then a picture of each panel.\n", flush=True)
    reported = call([python, "-m", "torchloupe", *report_words(opened)])
    if reported == COULD_NOT_RUN:
        return reported
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    quiet.run([python, "-m", "torchloupe", "--screenshots", str(PICTURES), *opened], offscreen, ROOT)
    pictures = sorted(picture.name for picture in PICTURES.glob("*.png"))
    print(f"\nPictures of the window are in {PICTURES}:\n  {'  '.join(pictures)}", flush=True)
    return 0 if pictures else 1


def report_words(opened: Sequence[str]) -> list[str]:
    """The command line that reports on the files a window would open: the targets checked, with the checkpoint when there is one."""
    files = [word for word in opened if not word.startswith("-")]
    targets = [word for word in files if word.endswith(".py")]
    checkpoints = [word for word in files if not word.endswith(".py")]
    if not targets:
        return ["show", *checkpoints[:1]]
    return ["check", *targets, *(["--checkpoint", checkpoints[0]] if checkpoints else [])]


def has_display() -> bool:
    """Can a window be shown here?"""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def test(rest: Sequence[str]) -> int:
    """pytest on everything, or on the paths given"""
    python = prepare(system_libraries.WINDOW_TESTS)
    if sentence := system_libraries.skipped_without(system_libraries.MORE_TESTS):
        print(sentence, flush=True)
    return pytest(python, rest)


def pytest(python: Path, rest: Sequence[str]) -> int:
    """One run of pytest: no display is needed (tests of the real window bring their own), one thread per process.

    Two files of tests at a time, unless ``-n`` says otherwise (``-n 0`` for a debugger).
    """
    defaults = {"QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"}
    side_by_side = (
        []
        if any(word.startswith("-n") for word in rest)
        else ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--max-worker-restart", "1"]
    )
    return call([python, "-m", "pytest", *side_by_side, *rest], {**defaults, **os.environ})


def check(rest: Sequence[str]) -> int:
    """ruff format, ruff, mypy and pytest, all of them even when one fails"""
    python = prepare(system_libraries.WINDOW_TESTS)
    steps: dict[str, Callable[[], int]] = {
        "ruff format": lambda: call([python, "-m", "ruff", "format", "--check", "."]),
        "ruff": lambda: call([python, "-m", "ruff", "check", "."]),
        "mypy": lambda: call([python, "-m", "mypy"]),
        "pytest": lambda: pytest(python, rest),
    }
    failed = []
    for name, step in steps.items():
        print(f"-- {name}", flush=True)
        if step():
            failed.append(name)
    print(f"Failed: {', '.join(failed)}." if failed else "All is well.", flush=True)
    return 1 if failed else 0


def bench(rest: Sequence[str]) -> int:
    """our times beside those of peers, then damaged checkpoints (--quick: small, to see that it works; --fuzz SECONDS)"""
    parser = argparse.ArgumentParser(prog="dev.py bench")
    parser.add_argument("--quick", action="store_true", help="small inputs and one round: the figures mean nothing")
    parser.add_argument("--fuzz", type=float, default=20.0, metavar="SECONDS", help="how long damaged checkpoints are read")
    options = parser.parse_args(rest)
    python = prepare(system_libraries.WINDOW)
    quick = ["--quick"] if options.quick else []
    compared = call([sys.executable, str(ROOT / "packaging/bench/compare.py"), str(python), *quick])
    seconds = min(options.fuzz, 2.0) if options.quick else options.fuzz
    return call([python, str(ROOT / "packaging/bench/fuzz.py"), "--seconds", str(seconds)]) or compared


def build(rest: Sequence[str]) -> int:
    """into dist/: the wheel and the source archive, or the folder that needs no Python, or the Debian package of that"""
    parser = argparse.ArgumentParser(prog="dev.py build")
    parser.add_argument("what", nargs="*", choices=[*artefacts.ARTEFACTS, []], help="default: wheel", metavar="wheel|folder|deb")
    for what in parser.parse_args(rest).what or ["wheel"]:
        for made in artefacts.ARTEFACTS[what]():
            print(f"{made} ({artefacts.megabytes(made)} MB)", flush=True)
    return 0


def smoke(rest: Sequence[str]) -> int:
    """start what was built, open the example in it, and compare its report with ours (wheel, folder, deb: default all there are)"""
    python = prepare(system_libraries.WINDOW_TESTS)
    return call([python, ROOT / "packaging/smoke_test.py", *rest])


def pictures(rest: Sequence[str]) -> int:
    """draw the pictures of the README again (all, or those that are named)"""
    return call([prepare(system_libraries.OFFSCREEN), ROOT / "packaging/pictures/readme_pictures.py", *rest])


def prepare(needs: Sequence[system_libraries.Need]) -> Path:
    """The interpreter to use, with the environment and the system libraries in place."""
    if sys.platform.startswith("linux"):
        environment = virtual_environment.VirtualEnvironment(ROOT)
        absent = environment.state == virtual_environment.ABSENT
        system_libraries.ensure(needs, virtual_environment.venv_packages() if absent else ())
    python = virtual_environment.VirtualEnvironment(ROOT).prepare()
    native_build.bring_up_to_date(ROOT)
    compile_ahead(python)
    return python


def compile_ahead(python: Path) -> None:
    """As pip does with what it installs: where Python writes no byte code each start would compile all modules again."""
    call([python, "-m", "compileall", "-qq", "-j", "0", "app/torchloupe"])


def call(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> int:
    """Exit status of a program that talks to the terminal itself."""
    return subprocess.run([str(word) for word in command], cwd=ROOT, env=environment, check=False).returncode


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "run": run,
    "test": test,
    "check": check,
    "bench": bench,
    "build": build,
    "smoke": smoke,
    "pictures": pictures,
}
