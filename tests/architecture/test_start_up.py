"""What must not be loaded before it is needed."""

import subprocess
import sys

import pytest

from architecture.sources import APP


def modules_loaded_by(statement: str) -> set[str]:
    """What is loaded after ``statement`` ran in a fresh interpreter."""
    script = f"import sys; sys.path.insert(0, {str(APP)!r}); {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-B", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def loaded_by(statement: str) -> set[str]:
    """The same, only the libraries."""
    return {name.partition(".")[0] for name in modules_loaded_by(statement)}


def test_that_importing_the_window_loads_neither_torch_nor_pyqtgraph_nor_numpy() -> None:
    assert not {"torch", "pyqtgraph", "numpy"} & loaded_by("import torchloupe.gui.main_window")


def test_that_the_first_picture_waits_for_nothing_that_judges_a_run_a_step_or_a_mapping() -> None:
    loaded = modules_loaded_by("import torchloupe.gui.start_up")
    rooms = ("numerics", "step", "mapping", "registration", "report")
    assert [name for name in loaded if name.startswith(tuple(f"torchloupe.analysis.{room}" for room in rooms))] == []
    assert "torchloupe.gui.text_table" not in loaded


@pytest.mark.parametrize("room", ["wire", "checkpoints", "analysis", "session"])
def test_that_the_rooms_below_the_skins_load_no_library(room: str) -> None:
    assert not {"torch", "numpy", "PySide6", "pyqtgraph"} & loaded_by(f"import torchloupe.{room}")


def test_that_the_command_line_starts_without_torch_and_without_qt() -> None:
    assert not {"torch", "numpy", "PySide6", "pyqtgraph"} & loaded_by("import torchloupe.__main__, torchloupe.cli")
