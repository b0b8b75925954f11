"""Autograd's graph of a pass, looked at from Python.

A node that Python has seen is freed by Python, and it frees the next one from within: a chain of some ten thousand of them overflows
the stack. So not more than that are looked at, and they are let go of one by one, from the outputs back.
"""

from operator import itemgetter
from typing import Any, List, Sequence, Set, Tuple

import torch

MOST_NODES = 20_000


class AutogradGraph:
    """The nodes from ``outputs`` back that compute something: ``nodes`` with their numbers, in the order in which they were made.

    ``complete`` is False when there are more than ``MOST_NODES``. ``let_go`` is to be called when the outputs are gone.
    """

    def __init__(self, outputs: Sequence[torch.Tensor]) -> None:
        self.nodes: List[Tuple[int, Any]] = []
        waiting = [tensor.grad_fn for tensor in outputs if tensor.grad_fn is not None]
        met: Set[Any] = set(waiting)
        while waiting and len(met) <= MOST_NODES:
            node: Any = waiting.pop()
            before = node.next_functions
            if before:
                self.nodes.append((node._sequence_nr(), node))
            for each, _ in before:
                if each is not None and each not in met:
                    met.add(each)
                    waiting.append(each)
        self.complete = not waiting
        self.nodes.sort(key=itemgetter(0))

    def let_go(self) -> None:
        """Free the nodes, the last one first: each of them when the one that led to it is gone."""
        while self.nodes:
            self.nodes.pop()
