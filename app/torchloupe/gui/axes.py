"""The names of the axes of the tensors of the run that is shown, worked out once for each run."""

from weakref import WeakKeyDictionary

from torchloupe.analysis.axis_names import AxisNames
from torchloupe.gui.workbench import Workbench

_known: WeakKeyDictionary[Workbench, tuple[object, int, AxisNames]] = WeakKeyDictionary()


def axis_names_of(bench: Workbench) -> AxisNames:
    """For the calls that are there now."""
    known = _known.get(bench)
    if known is None or known[0] is not bench.calls or known[1] != len(bench.calls):
        settings = {module.path: module.settings for module in bench.tree.modules}
        known = _known[bench] = bench.calls, len(bench.calls), AxisNames(bench.calls.values(), settings)
    return known[2]
