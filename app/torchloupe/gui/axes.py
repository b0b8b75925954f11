"""The names of the axes of the tensors of the run that is shown, worked out once for each run."""

from collections.abc import Mapping
from weakref import WeakKeyDictionary

from torchloupe.analysis.axis_names import AxisNames
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.traces import LayerCall

_known: WeakKeyDictionary[Workbench, tuple[object, int, AxisNames]] = WeakKeyDictionary()


def axis_names_of(bench: Workbench) -> AxisNames:
    """For the calls that are there now."""
    known = _known.get(bench)
    if known is None or known[0] is not bench.calls or known[1] != len(bench.calls):
        return keep_axis_names(bench, axis_names(bench.calls, bench.tree))
    return known[2]


def axis_names(calls: Mapping[int, LayerCall], tree: ModuleTree) -> AxisNames:
    """Those of one run of one model."""
    settings = {module.path: module.settings for module in tree.modules} if calls else {}
    return AxisNames(calls.values(), settings)


def keep_axis_names(bench: Workbench, names: AxisNames) -> AxisNames:
    """They are those of the calls that are there now."""
    _known[bench] = bench.calls, len(bench.calls), names
    return names
