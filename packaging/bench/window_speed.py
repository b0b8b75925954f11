"""How long the window's own thread takes, in milliseconds: ``window_speed.py MODULES KEYS`` prints a tree of so many modules opened,
expanded, filtered and scrolled, a diff of so many keys, and the plots. ``window_speed.py memory`` prints the megabytes of a window with the
run of a model of many modules."""

import gc
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parent))

from torchloupe.gui.qt_classes import every_class_at_once

with every_class_at_once():
    from PySide6.QtWidgets import QApplication, QWidget

from torchloupe.analysis.state_dict_diff import KeyEntry, state_dict_diff
from torchloupe.analysis.step.motion_series import SERIES_BY_NAME
from torchloupe.gui.modules.tree_model import ModuleTreeModel
from torchloupe.gui.outline_table import OutlineTable
from torchloupe.gui.text_table import FilterTable
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.steps import ParameterMotion
from torchloupe.wire.tensors import TensorStats

LAYERS = ("Linear", "LayerNorm", "ReLU")
TYPED = "layer5 -12"
FRAMES = 60
BARS = 10_000


def milliseconds(work: Callable[[], object]) -> float:
    """Of one piece of work."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def tree_of(count: int) -> ModuleTree:
    """Blocks of ten modules."""
    modules = [ModuleEntry("", "Net", 0, 0, 0, True)]
    for block in range(count // 10):
        modules.append(ModuleEntry(f"blocks.{block}", f"Block{block % 7}", 0, 0, 640, True))
        modules += [
            ModuleEntry(f"blocks.{block}.layer{part}", LAYERS[part % 3], 64, 0, 64, True, f"in_features={block % 97}")
            for part in range(9)
        ]
    return ModuleTree(tuple(modules), ())


def painted(widget: QWidget) -> None:
    """Everything is on the screen."""
    QApplication.processEvents()
    widget.repaint()


def typed(table: FilterTable) -> list[float]:
    """For each key until its rows are there, however many slices that takes. Before the first one the field gets the focus."""
    table.filter.focused.emit()
    while table.is_finding:
        QApplication.processEvents()
    taken = []
    for end in range(1, len(TYPED) + 1):

        def press(text: str = TYPED[:end]) -> None:
            table.filter.setText(text)
            while table.is_finding:
                QApplication.processEvents()

        taken.append(milliseconds(press))
        painted(table.view.viewport())
    table.filter.clear()
    return taken


def scrolled(table: FilterTable) -> list[float]:
    """For each frame from the top to the bottom."""
    bar, taken = table.view.verticalScrollBar(), []
    for frame in range(FRAMES):

        def move(frame: int = frame) -> None:
            bar.setValue(bar.maximum() * frame // FRAMES)
            table.view.viewport().repaint()

        taken.append(milliseconds(move))
    return taken


def worst_but_one(taken: list[float]) -> float:
    """The longest of all but one, which another process may have held up."""
    return sorted(taken)[-2]


def shown(table: FilterTable) -> None:
    """Once, so that fonts and pictures are there."""
    table.resize(420, 800)
    table.show()
    painted(table)


def modules(count: int) -> dict[str, float]:
    """The tree of a model."""
    model = ModuleTreeModel()
    model.folded = False
    table = OutlineTable(model, "Modules")
    shown(table)
    model.show(model.question(tree_of(1000))())
    painted(table)
    built = model.question(tree_of(count))()  # on a thread of its own in the window
    gc.collect()
    gc.freeze()
    opened = milliseconds(lambda: (table.keeping(lambda: model.show(built)), painted(table)))
    expanded = milliseconds(lambda: (model.open_all(), painted(table)))
    frames, keys = scrolled(table), typed(table)
    return {"opened": opened, "expanded": expanded, "key": median(keys), "frame": worst_but_one(frames)}


def diff(count: int) -> dict[str, float]:
    """The keys of a model beside those of a checkpoint."""
    from torchloupe.analysis.diff_folding import grouping
    from torchloupe.gui.compare.model import CompareModel
    from torchloupe.gui.slices import all_at_once

    entries = [
        KeyEntry(f"blocks.{number // 9}.layer{number % 9}.weight", (8, number % 7 + 1), "float32") for number in range(count)
    ]
    found = [entry for number, entry in enumerate(entries) if number % 11] + [KeyEntry("only.here", (3,), "float32")]
    told = state_dict_diff(entries, found)
    model = CompareModel()
    table = FilterTable((), "Comparison", model=model)
    shown(table)
    groups = all_at_once(grouping(told.rows, False))
    gc.collect()
    gc.freeze()
    opened = milliseconds(lambda: (table.keeping(lambda: model.set_items(groups)), painted(table)))
    frames, keys = scrolled(table), typed(table)
    return {"opened": opened, "key": median(keys), "frame": worst_but_one(frames)}


def plots() -> dict[str, float]:
    """Other numbers in a plot that is there, until they are painted."""
    from torchloupe.gui.motion_plot import MotionPlot
    from torchloupe.gui.tensor.histogram_plot import HistogramPlot

    histogram = HistogramPlot()
    stats = [
        TensorStats(1000, 0.0, 1.0, -3.0, 3.0, 0, 0, 0, tuple((7 * at * turn) % 91 for at in range(64)), None) for turn in (1, 2)
    ]
    bars = MotionPlot("bars", "parameters", str)
    motions = [
        [ParameterMotion(str(at), True, update_ratio=1e-3 * (1 + (at * turn) % 9)) for at in range(BARS)] for turn in (1, 2)
    ]
    answer = {}
    for name, plot, draw in (
        ("histogram", histogram, lambda turn: histogram.show_stats(stats[turn], False)),
        ("10,000 bars", bars, lambda turn: bars.show_motions(motions[turn], SERIES_BY_NAME["update"])),
    ):
        plot.resize(1000, 600)
        plot.show()
        answer[name] = median(redrawn(plot, draw) for _ in range(9))
    return answer


def redrawn(plot: Any, draw: Callable[[int], object]) -> float:
    """Drawn as something else, then again."""
    draw(0)
    painted(plot)
    return milliseconds(lambda: (draw(1), QApplication.processEvents()))


def memory() -> dict[str, float]:
    """Of the whole window with a run of 12,000 modules in it; the model itself lies in the worker."""
    from torchloupe.gui.main_window import MainWindow
    from torchloupe.gui.settings import Settings
    from torchloupe.gui.start_up import real_session

    window = MainWindow(real_session, sys.executable, Settings(None), True)
    window.show()
    QApplication.processEvents()
    plain = resident()
    window.worker.start()
    window.open_paths([str(Path(__file__).parent / "run_many_modules.py")])
    run = window.actions_by_id["run.forward"]
    until(lambda: window.workbench.model is not None and run.isEnabled())
    run.trigger()
    until(lambda: window.workbench.report is not None and not window.workbench.running)
    for _ in range(100):
        QApplication.processEvents()
    answer = {"megabytes": resident(), "empty": plain, "calls": len(window.workbench.calls)}
    window.close()
    return answer


def until(holds: Callable[[], bool]) -> None:
    """Give the window its turn until then, two minutes at most."""
    end = time.monotonic() + 120
    while not holds():
        if time.monotonic() > end:
            sys.exit("it never came")
        QApplication.processEvents()
        time.sleep(0.005)


def resident() -> float:
    """Megabytes of this process now."""
    with open("/proc/self/statm") as sizes:
        return int(sizes.read().split()[1]) * resource.getpagesize() / 1e6


def main() -> None:
    from torchloupe.gui import theme

    app = QApplication([])
    theme.apply_theme(app, "light")
    if sys.argv[1] == "memory":
        print(json.dumps(memory()), flush=True)
        os._exit(0)  # nothing else is wanted of it
    tree, keys = modules(int(sys.argv[1])), diff(int(sys.argv[2]))
    print(json.dumps({"tree": tree, "diff": keys, "plots": plots()}))


if __name__ == "__main__":
    main()
