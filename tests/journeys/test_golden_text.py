"""What the command line prints for the bundled example, word for word; ``--accept`` takes a new text, and the diff is the review."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
EXAMPLE = Path("resources", "example")
MODEL, CHECKPOINT = EXAMPLE / "classifier.py", EXAMPLE / "checkpoint.pt"
COMMANDS = {
    "show": ("show", CHECKPOINT),
    "diff": ("diff", MODEL, CHECKPOINT),
    "tree": ("tree", MODEL),
    "run": ("run", MODEL),
    "check": ("check", MODEL, "--checkpoint", CHECKPOINT),
    "no_such_file": ("show", "no/such/file.pt"),
    "no_such_class": ("run", f"{MODEL}:Nothing"),
}
TIME = re.compile(r"\d+(\.\d+)? (µs|ms|s)\b.*")
"""A time, and the statistics behind it, whose last digits differ from processor to processor."""


def said(*words, width):
    """Both outputs of a command, without what differs from machine to machine: folders, times, digits of measured values."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "app"), "COLUMNS": str(width), "NO_COLOR": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "torchloupe", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    text = f"exit status {done.returncode}\n{done.stdout}{done.stderr}".replace(str(ROOT) + os.sep, "")
    return "\n".join(re.sub(r" {2,}", "  ", TIME.sub("TIME", line)).rstrip() for line in text.splitlines()) + "\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_that_the_example_is_told_in_the_words_that_were_accepted(name, accept):
    text = said(*COMMANDS[name], width=120)
    golden = GOLDEN / f"{name}.txt"
    if accept:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["show", "run"])
def test_that_a_narrow_and_a_wide_terminal_are_told_the_same_facts(name):
    narrow, wide = (said(*COMMANDS[name], width=width) for width in (80, 200))
    assert narrow.count("\n") == wide.count("\n")
    assert ("block2.pool" in narrow) == ("block2.pool" in wide)
