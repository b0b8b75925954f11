"""Which environments around a file are started unasked."""

import grp
import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from session.test_discovery import environment, found_with
from torchloupe.session import nearby
from torchloupe.session.discovery import find_interpreters, probe_interpreters
from torchloupe.session.nearby import environments_above

SOMEBODY = 4321
HOME = Path("/nowhere")


@pytest.fixture
def planted(tmp_path):
    """An environment above the model's folder."""
    environment(tmp_path / ".venv")
    (tmp_path / "models").mkdir()
    return tmp_path / ".venv"


def found_from(folder, home=HOME):
    return list(environments_above(folder, home))


def give_away(path, monkeypatch):
    """Let it belong to somebody else; who may not do that becomes somebody else, and nothing is theirs any more."""
    if os.geteuid() == 0:
        os.chown(path, SOMEBODY, SOMEBODY, follow_symlinks=False)
    else:
        monkeypatch.setattr(nearby.os, "geteuid", lambda: SOMEBODY)


def test_that_ones_own_environments_are_found_from_the_nearest_up(planted):
    inner = Path(environment(planted.parent / "models/env")).parents[1]
    assert found_from(planted.parent / "models") == [inner, planted]


def test_that_a_relative_folder_is_looked_up_from_the_current_one(planted, monkeypatch):
    monkeypatch.chdir(planted.parent / "models")
    assert found_from(Path()) == found_from(Path("../models/gone")) == [planted]


@pytest.mark.parametrize("inside", [".", "pyvenv.cfg", "bin", "bin/python"])
def test_that_nothing_of_another_user_is_started(planted, monkeypatch, inside):
    give_away(planted / inside, monkeypatch)
    assert found_from(planted.parent / "models") == []


@pytest.mark.parametrize("inside", [".", "pyvenv.cfg", "bin", "bin/python"])
@pytest.mark.parametrize("mode", [0o757, 0o775, 0o1777])
def test_that_nothing_that_others_may_write_to_is_started(planted, monkeypatch, inside, mode):
    monkeypatch.setattr(nearby, "_is_group_of_one", lambda group: False)
    (planted / inside).chmod(mode)
    assert found_from(planted.parent / "models") == []


def test_that_what_others_planted_is_never_run(planted, monkeypatch):
    witness = planted.parent / "was run"
    (planted / "bin/python").write_text(f"#!/bin/sh\ntouch '{witness}'\n")
    give_away(planted, monkeypatch)
    monkeypatch.setattr("torchloupe.session.discovery.default_interpreter", lambda: sys.executable)
    probe_interpreters(find_interpreters(planted.parent / "models", environment={"HOME": "/nowhere"}))
    assert not witness.exists()


def test_that_a_folder_in_which_everybody_may_write_does_no_harm_to_ones_own_environment(planted):
    planted.parent.chmod(0o1777)
    assert found_from(planted.parent / "models") == [planted]


def test_that_a_link_of_another_user_is_not_followed(planted, monkeypatch):
    link = planted.parent / "models/env"
    link.symlink_to(planted)
    assert found_from(planted.parent / "models") == [link, planted]
    give_away(link, monkeypatch)
    assert link not in found_from(planted.parent / "models")


def test_that_the_python_that_a_link_names_has_to_be_in_good_hands_too(planted, tmp_path, monkeypatch):
    target = tmp_path / "python of somebody"
    (planted / "bin/python").rename(target)
    (planted / "bin/python").symlink_to(target)
    assert found_from(tmp_path / "models") == [planted]
    give_away(target, monkeypatch)
    assert found_from(tmp_path / "models") == []


def test_that_what_a_person_names_is_free(planted, monkeypatch):
    give_away(planted, monkeypatch)
    python = str(planted / "bin/python")
    assert found_with(planted.parent / "models", current=python)[0] == (python, "in use")
    assert found_with(VIRTUAL_ENV=str(planted))[0] == (python, "active environment")


def test_that_the_private_group_of_a_user_is_nobody_else(planted, monkeypatch):
    planted.chmod(0o775)
    me = pwd.getpwuid(os.geteuid())
    entries = {
        "alone": (me.pw_name, []),
        "named": (me.pw_name, [me.pw_name]),
        "shared": (me.pw_name, ["eve"]),
        "lab": ("lab", []),
    }
    answers = {}
    for name, (group, members) in entries.items():
        entry = grp.struct_group((group, "x", 7, members))
        monkeypatch.setattr(grp, "getgrgid", lambda _number, entry=entry: entry)
        answers[name] = found_from(planted) == [planted]
    assert answers == {"alone": True, "named": True, "shared": False, "lab": False}


def test_that_a_group_without_a_name_is_somebody_else(planted, monkeypatch):
    def nobody(number):
        raise KeyError(number)

    planted.chmod(0o775)
    monkeypatch.setattr(grp, "getgrgid", nobody)
    assert found_from(planted) == []


def test_that_the_root_of_the_repository_is_looked_into_and_nothing_above_it(planted):
    root = planted.parent / "models"
    inner = Path(environment(root / "venv")).parents[1]
    (root / "deep/er").mkdir(parents=True)
    (root / ".git").touch()  # as in a work tree or a submodule, where it is a file
    assert found_from(root / "deep/er") == [inner]


def test_that_the_home_folder_is_looked_into_and_nothing_above_it(planted):
    home = planted.parent / "models"
    inner = Path(environment(home / "venv")).parents[1]
    (home / "deep").mkdir()
    (planted.parent / "door").symlink_to(home)
    assert found_from(home / "deep", planted.parent / "door") == [inner]


def test_that_a_folder_without_a_python_and_a_mark_that_is_a_folder_are_no_environments(tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv/pyvenv.cfg").touch()
    environment(tmp_path / "env")
    (tmp_path / "env/pyvenv.cfg").unlink()
    (tmp_path / "env/pyvenv.cfg").mkdir()
    assert found_from(tmp_path) == []


def test_that_on_windows_nobody_is_asked_for_owners(planted, monkeypatch):
    monkeypatch.setattr(nearby, "_is_in_good_hands", lambda path: False)
    assert found_from(planted) == []
    monkeypatch.setattr(nearby, "WINDOWS", True)
    assert found_from(planted) == [planted]


def test_that_a_real_environment_with_its_links_is_found(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True, umask=0o022)
    assert found_from(tmp_path) == [tmp_path / ".venv"]
