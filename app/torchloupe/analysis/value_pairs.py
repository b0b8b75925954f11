"""Which stored tensors of two checkpoints have values that can be compared, and which of them moved the most."""

import math
from typing import Dict, List, Sequence, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.values import ComparedValues, TensorDifference
from .conversion import conversions
from .diff_rows import StateDictDiff


def value_pairs(
    diff: StateDictDiff, expected: CheckpointContents, container: str, found: CheckpointContents, found_container: str
) -> List[Tuple[StoredTensor, StoredTensor]]:
    """The pairs of a diff whose values can be compared, what was found as the expected side has it: turned around, cut out, joined."""
    wanted, have = _by_key(expected, container), _by_key(found, found_container)
    pairs = []
    for key, made in conversions(diff.rows, have).items():
        one, other = wanted.get(key), made.tensor
        if len(other.parts) == 1 and other.parts[0].shape == other.shape:
            other = other.parts[0]  # a view as any other, which is read from front to back where that is faster
        if one is not None and one.shape == other.shape:
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
