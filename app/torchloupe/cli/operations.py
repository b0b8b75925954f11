"""The operations between the calls: the option that asks for them, and how they are told."""

import os
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from torchloupe.analysis.operation_wording import is_direct_forward, operation_title
from torchloupe.wire.traces import Operation

from .json_calls import meta_object, stats_object

Plain = dict[str, Any]


def add_operations_option(parser: ArgumentParser) -> None:
    """``--operations``."""
    parser.add_argument(
        "--operations",
        action="store_true",
        help="show what runs between the calls, too, such as F.relu, torch.cat and x + y, with its line; and the modules that are "
        "called through .forward, whose calls nobody sees",
    )


def operation_place(operation: Operation) -> str:
    """``model.py:12``."""
    if not operation.file:
        return ""
    name = os.path.basename(operation.file)
    return f"{name}:{operation.line}" if operation.line else name


def operation_notes(operation: Operation) -> list[str]:
    """What is special about it."""
    return ["called through .forward: not observed"] if is_direct_forward(operation) else []


def operation_objects(operations: Sequence[Operation]) -> list[Plain]:
    """``operations``, in their order; ``before_call`` is the index of the call that began next."""
    return [
        {
            "index": each.index,
            "name": each.name,
            "title": operation_title(each),
            "module": each.module,
            "before_call": each.before_call,
            "call": each.call,
            "depth": each.depth,
            "status": each.status,
            "observed": not is_direct_forward(each),
            "inputs": [meta_object(meta) for meta in each.inputs],
            "values": {value.name: value.text for value in each.values},
            "outputs": [meta_object(meta) for meta in each.outputs],
            "stats": [stats_object(stats) for stats in each.stats],
            "seconds": each.seconds,
            "file": each.file,
            "line": each.line,
        }
        for each in sorted(operations, key=lambda each: each.index)
    ]
