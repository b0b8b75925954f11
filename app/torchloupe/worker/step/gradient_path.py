"""The way of a gradient: from the loss back to the operation where it ends, and what lies behind that and gets none."""

from typing import Dict, Iterable, List, Set, Tuple

from .gradient_trace import Node

MOST = 60
"""Stations of a side that are told."""
LOSS, MODEL = "the loss", "the model's own forward"


class GradientPaths:
    """Ways through the operations of a trace. ``losses`` are the numbers of those that backward() was called on."""

    def __init__(self, nodes: List[Node], losses: List[int]) -> None:
        self._nodes = nodes
        self._of_loss = self._above(losses or [len(nodes) - 1] * bool(nodes))
        self._known: Dict[int, Tuple[Tuple[str, ...], Tuple[str, ...]]] = {}

    def around(self, number: int) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
        """The layers between the loss and the operation, and those before it, both in the order of the backward pass. The first is
        empty where the operation does not lead to the loss at all."""
        if number not in self._known:
            after = self._below(number) & self._of_loss if number in self._of_loss else set()
            before = self._above([number]) - {number}
            self._known[number] = self._stations(after - {number}), self._stations(before)
        return self._known[number]

    def _above(self, numbers: Iterable[int]) -> Set[int]:
        met: Set[int] = set()
        waiting = list(numbers)
        while waiting:
            each = waiting.pop()
            if each not in met:
                met.add(each)
                waiting += self._nodes[each].parents
        return met

    def _below(self, number: int) -> Set[int]:
        """Operations come after those whose results they take."""
        met = {number}
        for later in range(number + 1, len(self._nodes)):
            if met.intersection(self._nodes[later].parents):
                met.add(later)
        return met

    def _stations(self, numbers: Set[int]) -> Tuple[str, ...]:
        """The layers of some operations, each once, the last one first."""
        names = (self._name(self._nodes[number]) for number in sorted(numbers, reverse=True))
        return tuple(dict.fromkeys(names))[:MOST]

    @staticmethod
    def _name(node: Node) -> str:
        return node.layer or (MODEL if node.in_forward else LOSS)
