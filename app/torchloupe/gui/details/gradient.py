"""The way of a gradient, from the loss back to where it ends and on to what it never reaches, as facts."""

from torchloupe.gui.details.model import Fact, Section
from torchloupe.wire.problems import Problem

MOST_STATIONS = 8
_END = MOST_STATIONS // 2


def gradient_section(problem: Problem) -> Section:
    """A station in each line; layers lead to the tree. Without a way there are no facts."""
    path = problem.data.get("gradient_path")
    if not isinstance(path, dict):
        return Section("", ())
    where = str(path.get("ends_at", "")) + (f", line {problem.line}" if problem.line else "")
    facts = [
        *_stations("Arrives", path.get("arrives", ()), ""),
        Fact("✂ Ends at", where, "error"),
        *_stations("Never reaches", path.get("unreached", ()), "muted"),
    ]
    return Section("The gradient, from the loss back", tuple(facts))


def _stations(title: str, names: object, role: str) -> list[Fact]:
    """Of very many the first and the last."""
    stations = [str(name) for name in names] if isinstance(names, (list, tuple)) else []
    left_out = len(stations) - 2 * _END
    if left_out > 1:
        stations = [*stations[:_END], f"… {left_out} more …", *stations[-_END:]]
    is_layer = [" " not in name for name in stations]
    return [
        Fact(title if not number else "", name, role, f"module:{name}" if layer else "")
        for number, (name, layer) in enumerate(zip(stations, is_layer, strict=True))
    ]
