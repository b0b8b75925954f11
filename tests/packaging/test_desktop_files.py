"""What a desktop needs to know about the app: entry, file types, description, icon."""

import configparser
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import tomllib

from torchloupe import __version__
from torchloupe.gui import start_up
from torchloupe.gui.main import window_parser

ROOT = Path(__file__).resolve().parents[2]
DESKTOP = ROOT / "resources/desktop"
APP_ID = "io.github.torchloupe.Torchloupe"
MIME = "{http://www.freedesktop.org/standards/shared-mime-info}"


@pytest.fixture
def entry() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DESKTOP / f"{APP_ID}.desktop", encoding="utf-8")
    return parser["Desktop Entry"]


@pytest.fixture
def description() -> ElementTree.Element:
    return ElementTree.parse(DESKTOP / f"{APP_ID}.metainfo.xml").getroot()


@pytest.fixture
def mime_types() -> dict[str, list[str]]:
    root = ElementTree.parse(DESKTOP / "torchloupe-mime.xml").getroot()
    return {kind.attrib["type"]: [glob.attrib["pattern"] for glob in kind.iter(f"{MIME}glob")] for kind in root}


def test_that_the_entry_starts_a_script_of_the_wheel_with_the_files(entry: configparser.SectionProxy) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    program, files = entry["Exec"].split()
    assert program == entry["TryExec"]
    assert program in project["gui-scripts"]
    assert files == "%F"


def test_that_the_entry_opens_the_types_that_are_declared(
    entry: configparser.SectionProxy, mime_types: dict[str, list[str]]
) -> None:
    assert set(entry["MimeType"].strip(";").split(";")) == set(mime_types)


def test_that_checkpoints_are_claimed_and_files_of_others_are_not(mime_types: dict[str, list[str]]) -> None:
    patterns = {pattern for each in mime_types.values() for pattern in each}
    assert patterns == {"*.pt", "*.pth", "*.ckpt", "*.safetensors"}


def test_that_one_name_is_used_throughout(entry: configparser.SectionProxy, description: ElementTree.Element) -> None:
    assert entry["Icon"] == APP_ID
    assert description.findtext("id") == APP_ID
    assert description.findtext("launchable") == f"{APP_ID}.desktop"
    assert description.findtext("name") == entry["Name"] == "Torchloupe"


def test_that_the_description_names_the_version_and_the_licence(description: ElementTree.Element) -> None:
    releases = [release.attrib["version"] for release in description.iter("release")]
    assert releases[0] == __version__
    assert description.findtext("project_license") == "MIT"


def test_that_the_changelog_begins_with_the_version() -> None:
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    assert headings[0] == f"## {__version__}"


def test_that_the_window_is_known_to_the_desktop_by_the_name_of_the_entry(entry: configparser.SectionProxy) -> None:
    assert entry["StartupWMClass"] == APP_ID == start_up.DESKTOP_ID


def test_that_each_action_of_the_entry_has_a_name_and_options_that_the_window_knows(entry: configparser.SectionProxy) -> None:
    actions = entry["Actions"].strip(";").split(";")
    assert actions == ["new-window", "compare"]
    for name in actions:
        action = entry.parser[f"Desktop Action {name}"]
        program, *options = action["Exec"].split()
        assert action["Name"]
        assert program == entry["TryExec"]
        told = vars(window_parser().parse_args(options))
        assert told[name.replace("-", "_")] is True


@pytest.mark.parametrize(
    ("program", "words", "file"),
    [
        ("desktop-file-validate", [], f"{APP_ID}.desktop"),
        ("xmllint", ["--noout"], "torchloupe-mime.xml"),
        ("xmllint", ["--noout"], f"{APP_ID}.metainfo.xml"),
        ("appstreamcli", ["validate", "--no-net"], f"{APP_ID}.metainfo.xml"),
    ],
)
def test_that_the_files_are_valid_where_there_is_a_judge(program: str, words: list[str], file: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    done = subprocess.run([program, *words, str(DESKTOP / file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()


def test_that_a_desktop_reads_the_types_with_a_low_weight_for_the_suffix_that_others_use_too(tmp_path: Path) -> None:
    if not shutil.which("update-mime-database"):
        pytest.skip("update-mime-database is not installed")
    (tmp_path / "packages").mkdir()
    shutil.copy(DESKTOP / "torchloupe-mime.xml", tmp_path / "packages")
    subprocess.run(["update-mime-database", str(tmp_path)], capture_output=True, check=True)
    globs = (tmp_path / "globs2").read_text(encoding="utf-8").splitlines()
    assert {line for line in globs if not line.startswith("#")} == {
        "50:application/x-pytorch-checkpoint:*.pt",
        "50:application/x-pytorch-checkpoint:*.pth",
        "40:application/x-pytorch-checkpoint:*.ckpt",
        "50:application/x-safetensors:*.safetensors",
    }


def test_that_the_icon_is_a_square_drawing() -> None:
    icon = ElementTree.parse(ROOT / "resources/icons/torchloupe.svg").getroot()
    assert icon.attrib["viewBox"] == "0 0 128 128"
    assert icon.attrib["width"] == icon.attrib["height"]
