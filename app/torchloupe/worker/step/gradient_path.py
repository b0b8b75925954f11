"""The way of a gradient: from the loss back to the operation where it ends, and what lies behind that and gets none."""

from functools import cached_property
from typing import Dict, Iterable, List, Tuple

from .gradient_trace import Node, ancestors

MOST = 60
"""Stations of a side that are told."""
LOSS, MODEL = "the loss", "the model's own forward"


class GradientPaths:
    """Ways through the operations of a trace. ``losses`` are the numbers of those that backward() was called on."""

    def __init__(self, nodes: List[Node], losses: List[int]) -> None:
        self._nodes = nodes
        self._of_loss = ancestors(nodes, losses)
        self._names = [node.layer or (MODEL if node.in_forward else LOSS) for node in nodes]

    def around(self, number: int) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
        """The layers between the loss and the operation, and those before it, both in the order of the backward pass. The first is
        empty where the operation does not lead to the loss at all."""
        after, before = self._after.get(number, ()), self._before[number]
        return tuple(self._names[each] for each in after), tuple(self._names[each] for each in before)

    @cached_property
    def _before(self) -> List[Tuple[int, ...]]:
        """For each operation the last ones of the layers that lead to it. Operations come after those whose results they take."""
        found: List[Tuple[int, ...]] = []
        for node in self._nodes:
            found.append(self._stations({each for above in node.parents for each in (above, *found[above])}))
        return found

    @cached_property
    def _after(self) -> Dict[int, Tuple[int, ...]]:
        """For each operation that leads to the loss the last ones of the layers in between."""
        met: Dict[int, List[int]] = {number: [] for number in self._of_loss}
        found: Dict[int, Tuple[int, ...]] = {}
        for number in sorted(self._of_loss, reverse=True):
            found[number] = self._stations({each for below in met[number] for each in (below, *found[below])})
            for above in self._nodes[number].parents:
                met[above].append(number)
        return found

    def _stations(self, numbers: Iterable[int]) -> Tuple[int, ...]:
        """The last operation of each layer, the last layer first. What is left out here is in the way of no other operation, either."""
        found: Dict[str, int] = {}
        for number in sorted(numbers, reverse=True):
            found.setdefault(self._names[number], number)
            if len(found) == MOST:
                break
        return tuple(found.values())
