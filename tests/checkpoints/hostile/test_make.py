"""The script that writes the bad files for a person to look at."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from checkpoints.hostile import make
from checkpoints.hostile.folders import OUTSIDE

_FEW = {"pt: cut in half", "safetensors: a key twice", "index: climbs", "path: a device", "path: a pipe"}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of the cases."""
    monkeypatch.setattr(make, "EVERY_CASE", [case for case in make.EVERY_CASE if make.label_of(case) in _FEW])


def test_that_each_case_has_a_folder_of_its_own_and_stays_in_it(tmp_path: Path, few: None) -> None:
    made = list(make.made_in(tmp_path))
    assert {make.label_of(each.case) for each in made} == _FEW
    assert len({each.home for each in made}) == len(_FEW)
    for each in made:
        assert each.home.is_dir()
        assert each.path.is_relative_to(each.home) or each.path == Path("/dev/zero")


def test_that_something_whole_lies_beside_a_folder_to_tempt_the_reader(tmp_path: Path, few: None) -> None:
    (climbing,) = [each for each in make.made_in(tmp_path) if make.label_of(each.case) == "index: climbs"]
    assert (climbing.home.parent / OUTSIDE).stat().st_size > 16


def test_that_what_is_expected_is_written_down(tmp_path: Path, few: None, capsys: pytest.CaptureFixture[str]) -> None:
    make.main(tmp_path)
    assert capsys.readouterr().out == f"5 cases are in {tmp_path}.\n"
    lines = (tmp_path / "expected.txt").read_text().splitlines()
    assert len(lines) == 5
    assert all(re.search(r": (refused|warned|opened)", line) for line in lines)
    assert any(line.endswith("checkpoint.pt: warned no end record.*cut off.*are shown") for line in lines)


def test_that_two_runs_make_the_same_bytes(tmp_path: Path, few: None) -> None:
    first, second = (list(make.made_in(tmp_path / name)) for name in ("one", "two"))
    for one, two in zip(first, second, strict=True):
        if one.path.is_file():
            assert one.path.read_bytes() == two.path.read_bytes()


def test_that_the_script_says_how_it_is_used() -> None:
    done = subprocess.run([sys.executable, make.__file__], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "make.py FOLDER" in done.stderr


@pytest.mark.parametrize(
    ("name", "slug"), [("pt: cut in half", "pt-cut-in-half"), ("gguf: 2^60", "gguf-2-60"), ("x" * 99, "x" * 60)]
)
def test_that_names_of_folders_are_plain(name: str, slug: str) -> None:
    assert make.slug_of(name) == slug
