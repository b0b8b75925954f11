"""Which stored tensors of two checkpoints have values that can be compared, and which of them moved the most."""

import math
from dataclasses import replace
from typing import Dict, List, Sequence, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.values import ComparedValues, TensorDifference
from .diff_rows import DTYPE, MATCHED, RENAMED, TRANSPOSED, StateDictDiff

_COMPARABLE = (MATCHED, RENAMED, DTYPE, TRANSPOSED)


def value_pairs(
    diff: StateDictDiff, expected: CheckpointContents, container: str, found: CheckpointContents, found_container: str
) -> List[Tuple[StoredTensor, StoredTensor]]:
    """The pairs of a diff that have the same shape, those that are transposed turned around."""
    wanted, have = _by_key(expected, container), _by_key(found, found_container)
    pairs = []
    for row in diff.rows:
        if row.expected is None or row.found is None or row.status not in _COMPARABLE:
            continue
        one, other = wanted.get(row.expected.key), have.get(row.found.key)
        if one is None or other is None:
            continue
        if row.status == TRANSPOSED:
            other = replace(other, shape=other.shape[::-1], strides=other.strides[::-1])
        if one.shape == other.shape:
            pairs.append((one, other))
    return pairs


def ranked(compared: Sequence[ComparedValues]) -> List[Tuple[ComparedValues, TensorDifference]]:
    """Those that could be compared and are not the same, the one that moved the furthest for its size first,
    counters of batches last."""
    moved = [(each, each.difference) for each in compared if each.difference is not None]
    return sorted(
        ((each, how) for each, how in moved if how.changed), key=lambda pair: (is_counter(pair[0].expected), *_rank(pair[1]))
    )


def is_counter(key: str) -> bool:
    """It counts batches: it moves in every step and says nothing of learning."""
    return key.rpartition(".")[2] == "num_batches_tracked"


def _rank(how: TensorDifference) -> Tuple[float, float]:
    relative = math.inf if how.relative is None or how.nan else how.relative
    return -relative, -(how.max_abs or 0.0)


def _by_key(contents: CheckpointContents, container: str) -> Dict[str, StoredTensor]:
    return {tensor.key: tensor for tensor in contents.tensors if tensor.container == container}
