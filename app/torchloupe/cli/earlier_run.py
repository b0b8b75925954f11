"""``torchloupe run --against FILE``: an earlier run, as ``run --json`` printed it, beside this one."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torchloupe.analysis.run_difference import INSIDE, SAME, CallPair, RunDifference, difference_verdict, run_difference
from torchloupe.analysis.wording import ABSENT, number_text, shape_text
from torchloupe.wire.errors import UsageError
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import DONE, LayerCall

from .terminal import Terminal
from .text_columns import columns, printable

MOST_BYTES = 1 << 30
ROWS_SHOWN = 40


@dataclass(frozen=True)
class AgainstEarlier:
    """What differs from the run in ``file``."""

    file: str
    difference: RunDifference


def add_against_option(parser: ArgumentParser) -> None:
    """``--against``."""
    parser.add_argument(
        "--against",
        metavar="FILE",
        help="compare with an earlier run, call by call: FILE is what `torchloupe run ... --json` printed",
    )


def read_calls(file: str) -> list[LayerCall]:
    """The calls of a run that was printed as JSON. Raises ``UsageError``."""
    hint = f"Make one with: torchloupe run TARGET --json > {Path(file).name}"
    try:
        if Path(file).stat().st_size > MOST_BYTES:
            raise UsageError(f"{file} is too large for a run.", hint)
        plain = json.loads(Path(file).read_bytes())
        return [_call(each) for each in plain["calls"]]
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}.", hint) from error
    except (ValueError, ArithmeticError, KeyError, TypeError, RecursionError, AttributeError) as error:
        raise UsageError(f"{file} is no run that torchloupe printed as JSON.", hint) from error


def against_earlier(file: str, before: list[LayerCall], now: list[LayerCall]) -> AgainstEarlier:
    """The two beside each other."""
    return AgainstEarlier(file, run_difference(before, now))


def difference_lines(against: AgainstEarlier, terminal: Terminal) -> Iterator[str]:
    """The verdict, and the calls that differ."""
    found = against.difference
    yield ""
    for sentence in difference_verdict(found, f"the run in {against.file}", "this run"):
        yield terminal.paint(printable(sentence), "strong")
    differing = [pair for pair in found.pairs if pair.kind not in (SAME, INSIDE)]
    rows: list[tuple[str, ...]] = [
        ("CALL", "MODULE", "RESULT", "CHANGE", "OUTPUT", "MEAN BEFORE", "MEAN NOW", "STD BEFORE", "STD NOW")
    ]
    rows += [_row(pair) for pair in differing[:ROWS_SHOWN]]
    if differing:
        yield from columns(rows, right=(0, 3, 5, 6, 7, 8), width=terminal.width, elastic=(1, 4))
    if len(differing) > ROWS_SHOWN:
        yield f"… and {len(differing) - ROWS_SHOWN} more (--json lists all)"


def difference_object(against: AgainstEarlier) -> dict[str, Any]:
    """``difference``: the earlier file, the verdict, each pair that is not the same."""
    found = against.difference
    return {
        "against": against.file,
        "verdict": difference_verdict(found, "the earlier run", "this run"),
        "first": _pair(found.first) if found.first is not None else None,
        "counts": found.counts,
        "calls": [_pair(pair) for pair in found.pairs if pair.kind != SAME],
    }


def _pair(pair: CallPair) -> dict[str, Any]:
    return {
        "module": pair.call.module,
        "call_number": pair.call.call_number,
        "kind": pair.kind,
        "before": pair.before.index if pair.before else None,
        "now": pair.now.index if pair.now else None,
        "distance": pair.distance,
        "reason": pair.reason,
    }


def _row(pair: CallPair) -> tuple[str, ...]:
    call = pair.call
    numbers = [_number(each, name) for name in ("mean", "std") for each in (pair.before, pair.now)]
    change = "" if not pair.distance else f"{pair.distance * 100:.2g} %"
    shapes = " ".join(shape_text(meta.shape) for meta in call.outputs) or ABSENT
    name = "  " * call.depth + printable(call.module or "(model)")
    return (str(call.index), name, pair.kind, change, pair.reason or shapes, *numbers)


def _number(call: LayerCall | None, name: str) -> str:
    stats = next((each for each in call.stats if each is not None), None) if call is not None else None
    return "" if stats is None else number_text(getattr(stats, name))


def _call(plain: Mapping[str, Any]) -> LayerCall:
    return LayerCall(
        index=int(plain["index"]),
        module=str(plain["module"]),
        class_name=str(plain["class"]),
        call_number=int(plain.get("call_number", 0)),
        depth=int(plain.get("depth", 0)),
        inputs=(),
        outputs=tuple(_meta(each) for each in plain["outputs"]),
        stats=tuple(None if each is None else _stats(each) for each in plain.get("stats", ())),
        seconds=plain.get("seconds"),
        status=str(plain.get("status", DONE)),
    )


def _meta(plain: Mapping[str, Any]) -> TensorMeta:
    shape = tuple(int(size) for size in plain["shape"])
    return TensorMeta(shape, str(plain["dtype"]), str(plain.get("device", "cpu")), str(plain.get("name", "")))


def _stats(plain: Mapping[str, Any]) -> TensorStats:
    bins = plain.get("histogram")
    count, zeros, nan, inf = (int(plain[name]) for name in ("count", "zeros", "nan", "inf"))
    mean, std, low, high = (None if plain[name] is None else float(plain[name]) for name in ("mean", "std", "min", "max"))
    histogram = None if bins is None else tuple(bins)
    return TensorStats(count, mean, std, low, high, zeros, nan, inf, histogram, plain.get("sampled"))
