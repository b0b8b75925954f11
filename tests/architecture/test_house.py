"""What stands where, what it is called, and what may not be left lying about."""

import ast
import re
from pathlib import Path

import pytest

from architecture.sources import PACKAGE, ROOMS, ROOT, TESTS, Source, modules

TOP_LEVEL = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "app", "resources", "tests", "packaging"}
MADE_BY_TOOLS = {"build", "dist", "out", "shared"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common", "stuff"}
LEFTOVERS = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError|pragma: no cover|breakpoint\(\)")
EXCUSES = re.compile(r"# *(?:type: *ignore(?!\[)|noqa(?!:))")


def test_that_the_top_level_holds_nothing_but_the_house() -> None:
    names = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert names - TOP_LEVEL - MADE_BY_TOOLS == set()
    assert TOP_LEVEL - names == set()


@pytest.mark.parametrize("folder", ["packaging", "tests", "resources"])
def test_that_no_init_file_shadows_a_library(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


def test_that_tests_are_no_packages() -> None:
    assert [str(path.relative_to(TESTS)) for path in TESTS.rglob("__init__.py")] == []


@pytest.mark.parametrize("room", ROOMS)
def test_that_every_room_has_a_page_that_says_what_may_live_in_it(room: str) -> None:
    page = (PACKAGE / room / "README.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {room}")
    assert len(page.splitlines()) <= 20
    assert "import" in page


def test_that_the_map_of_the_house_names_every_room() -> None:
    page = (ROOT / "app/README.md").read_text(encoding="utf-8")
    assert [room for room in ROOMS if f"{room}/" not in page] == []


def test_that_the_files_a_page_points_at_exist() -> None:
    pages = [ROOT / "README.md", ROOT / "app/README.md", *PACKAGE.glob("*/README.md")]
    gone = [f"{page}: {target}" for page in pages for target in targets_of(page) if not (page.parent / target).exists()]
    assert gone == []


def test_that_every_room_is_tested_under_its_own_name() -> None:
    assert [room for room in ROOMS if not list((TESTS / room).glob("test_*.py"))] == []


def test_that_no_file_has_a_name_that_says_nothing() -> None:
    files = [path for folder in (PACKAGE, TESTS, ROOT / "packaging") for path in folder.rglob("*.py")]
    assert [str(path.relative_to(ROOT)) for path in files if EMPTY_NAMES & set(path.stem.split("_"))] == []


def test_that_nothing_unfinished_is_left_in_the_code() -> None:
    assert lines_with(LEFTOVERS) == []


def test_that_every_ignored_warning_names_what_it_ignores() -> None:
    assert lines_with(EXCUSES) == []


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in modules().items()])
def test_that_everything_public_says_what_it_is(source: Source) -> None:
    assert ast.get_docstring(source.tree), f"{source.name} has no docstring"
    assert [
        f"{source.name}:{node.lineno} {node.name}" for node in public_definitions(source.tree) if not explains_itself(node)
    ] == []


def public_definitions(tree: ast.Module) -> list[ast.ClassDef | ast.FunctionDef]:
    """Classes and functions at the top of a file whose names have no underscore."""
    return [node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_")]


def explains_itself(node: ast.ClassDef | ast.FunctionDef) -> bool:
    return ast.get_docstring(node) is not None


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """Lines of the app that match, as places."""
    return [
        f"{source.name}:{number} {line.strip()}"
        for source in modules().values()
        for number, line in enumerate(source.text.splitlines(), 1)
        if pattern.search(line)
    ]


def targets_of(page: Path) -> list[str]:
    """Files that a Markdown page links to or shows."""
    links = re.findall(r"\]\(([^)#\s]+)\)", page.read_text(encoding="utf-8"))
    return [link for link in links if "://" not in link]
