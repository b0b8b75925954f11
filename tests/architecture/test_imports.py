"""Who may import whom, read aloud."""

import ast
import sys
from collections.abc import Iterable

import pytest

from architecture.sources import ROOMS, Import, importers_of, imports_of, modules, modules_in, room_of, top

ROOMS_IT_MAY_IMPORT = {
    "wire": set(),
    "checkpoints": {"wire"},
    "analysis": {"wire"},
    "numbers": {"wire", "checkpoints"},
    "worker": {"wire", "checkpoints", "analysis"},
    "session": {"wire"},
    "cli": {"wire", "checkpoints", "analysis", "numbers", "session"},
    "gui": {"wire", "checkpoints", "analysis", "numbers", "session"},
}
LIBRARIES_IT_MAY_IMPORT = {
    "wire": set(),
    "checkpoints": set(),
    "analysis": set(),
    "numbers": {"numpy"},
    "worker": {"torch", "numpy", "torchinfo", "PIL"},
    "session": set(),
    "cli": set(),
    "gui": {"PySide6", "shiboken6", "pygments", "pyqtgraph", "numpy"},
}
OUTSIDE_WORLD = {
    "asyncio", "datetime", "fcntl", "glob", "io", "logging", "mmap", "multiprocessing", "os", "random", "secrets", "select", "shutil",
    "signal", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
}  # fmt: skip


def said(imports: Iterable[Import]) -> list[str]:
    """The breaches as sentences."""
    return [str(found) for found in imports]


def is_ours(name: str) -> bool:
    return top(name) == "torchloupe"


def is_foreign(name: str) -> bool:
    return not is_ours(name) and top(name) not in sys.stdlib_module_names


def test_that_every_room_of_the_rule_exists_and_every_folder_is_a_room() -> None:
    assert {room_of(name) for name in modules()} - {""} == set(ROOMS)
    outside = {name for name in modules() if not room_of(name)}
    assert outside <= {"torchloupe", "torchloupe.__main__"}


@pytest.mark.parametrize("room", ROOMS)
def test_that_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    allowed = ROOMS_IT_MAY_IMPORT[room] | {room}
    ours = [found for found in imports_of(room) if is_ours(found.name) and found.name != "torchloupe"]
    assert said(found for found in ours if room_of(found.name) not in allowed) == []


@pytest.mark.parametrize("room", ROOMS)
def test_that_a_room_imports_only_the_libraries_it_may(room: str) -> None:
    foreign = [found for found in imports_of(room) if is_foreign(found.name)]
    assert said(found for found in foreign if top(found.name) not in LIBRARIES_IT_MAY_IMPORT[room]) == []


def test_that_wire_imports_nothing_but_the_standard_library_and_itself() -> None:
    assert said(found for found in imports_of("wire") if is_foreign(found.name)) == []
    assert said(found for found in imports_of("wire") if is_ours(found.name) and room_of(found.name) != "wire") == []


def test_that_only_the_worker_imports_torch_even_inside_functions() -> None:
    assert said(found for found in importers_of("torch") if room_of(found.importer) != "worker") == []


def test_that_only_the_window_imports_qt() -> None:
    assert said(found for found in importers_of("PySide6") if room_of(found.importer) != "gui") == []


def test_that_only_plotting_panels_of_the_window_import_pyqtgraph() -> None:
    plots = "torchloupe.gui.plot"  # what the plots of several panels have in common
    flat = [found for found in importers_of("pyqtgraph") if found.importer.count(".") < 3 or room_of(found.importer) != "gui"]
    assert said(found for found in flat if found.importer != plots) == []
    assert said(found for found in importers_of(plots) if found.importer.count(".") < 3) == []


def test_that_numpy_is_imported_by_numbers_by_plotting_panels_and_lazily_by_the_worker_alone() -> None:
    assert said(found for found in importers_of("numpy") if room_of(found.importer) not in {"numbers", "gui", "worker"}) == []
    assert said(found for found in importers_of("numpy") if room_of(found.importer) == "worker" and not found.lazy) == []


def test_that_the_skins_import_numbers_only_when_they_need_them_for_numpy_takes_time() -> None:
    skins = [*imports_of("cli"), *imports_of("gui")]
    assert said(found for found in skins if room_of(found.name) == "numbers" and not found.lazy) == []


def test_that_the_worker_imports_at_once_nothing_but_torch_which_every_environment_of_a_model_has() -> None:
    eager = [found for found in imports_of("worker") if is_foreign(found.name) and not found.lazy]
    assert said(found for found in eager if top(found.name) != "torch" and not is_guarded(found)) == []


def test_that_the_worker_can_say_hello_where_there_is_no_torch() -> None:
    first = [name for name in ("torchloupe.worker.__main__", "torchloupe.worker.serve", "torchloupe.worker") if name in modules()]
    reached = loaded_with(first)
    assert (
        said(found for name in reached for found in modules()[name].imports if top(found.name) == "torch" and not found.lazy)
        == []
    )


def test_that_no_feature_of_the_window_imports_another_feature() -> None:
    between = [found for found in imports_of("gui") if feature_of(found.name) and feature_of(found.importer)]
    assert said(found for found in between if feature_of(found.name) != feature_of(found.importer)) == []


def test_that_analysis_is_pure() -> None:
    assert said(found for found in imports_of("analysis") if top(found.name) in OUTSIDE_WORLD) == []
    opened = [f"{source.name}:{call.lineno}" for source in modules_in("analysis") for call in calls_of(source.tree, "open")]
    assert opened == []


def test_that_there_are_no_import_cycles() -> None:
    graph = {
        name: {found.name for found in source.imports if found.name in modules()} - {name} for name, source in modules().items()
    }
    assert cycle_in(graph) == []


def test_that_a_cycle_would_be_found() -> None:
    assert cycle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c", "a"]
    assert cycle_in({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def feature_of(module: str) -> str:
    """``compare`` for ``torchloupe.gui.compare.panel``; empty for the flat files of the window and for everything else."""
    parts = module.split(".")
    return parts[2] if room_of(module) == "gui" and f"torchloupe.gui.{parts[2] if len(parts) > 2 else ''}" in features() else ""


def features() -> set[str]:
    """The feature folders of the window, by full name."""
    return {
        name for name, source in modules().items() if source.is_package and name.count(".") == 2 and room_of(name) == "gui"
    } | {name.rpartition(".")[0] for name in modules() if name.count(".") == 3 and room_of(name) == "gui"}


def is_guarded(found: Import) -> bool:
    """Does the import stand in a ``try`` that catches its failure?"""
    tries = [node for node in ast.walk(modules()[found.importer].tree) if isinstance(node, ast.Try)]
    return any(node.body[0].lineno <= found.line <= (node.body[-1].end_lineno or 0) for node in tries)


def loaded_with(names: list[str]) -> set[str]:
    """Our modules that importing ``names`` loads at once."""
    reached: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name in modules() and name not in reached:
            reached.add(name)
            ahead += [found.name for found in modules()[name].imports if not found.lazy] + [name.rpartition(".")[0]]
    return reached


def calls_of(tree: ast.AST, function: str) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == function]


def cycle_in(graph: dict[str, set[str]]) -> list[str]:
    """One cycle of imports as the path that closes it; empty when there is none."""
    finished: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in finished:
            return []
        for imported in sorted(graph[name]):
            found = visit(imported, [*path, name])
            if found:
                return found
        finished.add(name)
        return []

    return next((found for name in sorted(graph) if (found := visit(name, []))), [])
