"""Every class of Qt is there before the first thread is: two threads that make some at once crash."""

import json
import os
import subprocess
import sys

import pytest

from torchloupe.gui.qt_classes import LAZY, every_class_at_once

START = """
import json, os, sys
from torchloupe.gui.main import why_no_window, why_qt_does_not_load
early = [name for name in sys.modules if name.startswith("PySide6.Qt")]
trouble = why_no_window(headless=True) or why_qt_does_not_load(headless=True)
from PySide6 import QtCore, QtGui, QtNetwork, QtSvg, QtWidgets
unmade = [name for module in (QtCore, QtGui, QtNetwork, QtSvg, QtWidgets) for name in dir(module) if name not in vars(module)]
print(json.dumps({"early": early, "trouble": trouble, "unmade": [name for name in unmade if "." not in name], "named": LAZY in os.environ}))
""".replace("LAZY", repr(LAZY))
"""What the window does before anything else. A dotted name is a second one of a class inside another."""


def test_that_the_start_makes_every_class_of_qt_and_leaves_later_programs_their_own_way() -> None:
    environment = {key: value for key, value in os.environ.items() if key != LAZY}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", START], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    assert json.loads(done.stdout) == {"early": [], "trouble": "", "unmade": [], "named": False}


def test_that_what_the_person_had_set_is_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LAZY, "3")
    with every_class_at_once():
        assert os.environ[LAZY] == "0"
    assert os.environ[LAZY] == "3"
