"""``torchloupe interpreters``, and a command line as an interpreter."""

import io
import sys
from dataclasses import replace

import pytest

from cli.playing import Play
from torchloupe.cli.terminal import Terminal
from torchloupe.cli.text_interpreters import device_text, interpreter_lines
from torchloupe.session import discovery
from torchloupe.session.discovery import Interpreter

PLAIN = Terminal(io.StringIO(), io.StringIO())
GOOD = Interpreter("/env/bin/python", "conda", "/env", "3.12.1", "2.6.0", "CUDA 12.4", ("cpu", "cuda:0"))
BAD = Interpreter("/usr/bin/python3", "on the PATH", "/usr", "3.11.2", trouble="has no torch")


def test_that_the_interpreters_are_listed_as_json(play: Play) -> None:
    report = play("interpreters", "--json").json
    mine = [each for each in report["interpreters"] if each["path"] == sys.executable]
    assert mine[0]["prefix"] == sys.prefix
    assert mine[0]["torch"]


def test_that_the_table_says_version_torch_devices_and_origin() -> None:
    title, good, bad = interpreter_lines([GOOD, BAD], PLAIN)
    assert title.split() == ["Interpreter", "Python", "torch", "devices", "found"]
    assert good.split() == ["/env/bin/python", "3.12.1", "2.6.0", "cpu,", "cuda:0", "conda"]
    assert "has no torch" in bad


def test_that_the_build_stands_in_until_the_devices_are_known() -> None:
    assert device_text(Interpreter("p", "o", build="CUDA 12.4")) == "CUDA 12.4"
    assert device_text(GOOD) == "cpu, cuda:0"


def test_that_no_python_at_all_is_said() -> None:
    assert interpreter_lines([], PLAIN) == ["No Python was found."]


def test_that_those_that_have_a_module_come_first_and_say_so(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    has_it = replace(GOOD, path="/has/it", modules=("timm",))
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(discovery, "find_interpreters", lambda near: [BAD, GOOD, has_it])
    monkeypatch.setattr(discovery, "probe_interpreters", lambda found, modules: asked.append(modules) or found)
    written = play("interpreters", "--with", "timm.models")
    assert asked == [("timm",)]
    title, first, second, third = written.out.splitlines()[:4]
    assert title.split()[-1] == "has"
    assert first.split()[0] == "/has/it"
    assert first.split()[-1] == "timm"
    assert [second.split()[0], third.split()[0]] == [GOOD.path, BAD.path]


def test_that_nobody_has_a_module_that_nobody_has(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "find_interpreters", lambda near: [BAD, GOOD])
    monkeypatch.setattr(discovery, "probe_interpreters", lambda found, modules: found)
    report = play("interpreters", "--with", "timm", "--json").json
    assert [each["modules"] for each in report["interpreters"]] == [[], []]
