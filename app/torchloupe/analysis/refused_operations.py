"""Why an operation refused tensors that were made of a candidate input, as a wish for another one: from shapes, then from its words."""

import re
from dataclasses import dataclass, replace
from typing import Any, Iterator, List, Optional, Tuple

from .input_candidates import Path, Refusal, Wanted

Shape = Tuple[int, ...]
_WHOLE = re.compile(
    r"index tensor|must be long|expected.*(long|int)|only integer|indices must be|int64|integers of a single", re.I
)
_FLAG = re.compile(r"bool|bitwise|logical", re.I)
_JOINS = ("cat", "concat", "concatenate", "stack", "hstack", "vstack")
_SHAPING = ("view", "reshape", "unflatten")
_TABLES = ("embedding", "embedding_bag")


@dataclass(frozen=True)
class Operand:
    """One tensor that an operation got, and the inputs that it was made of."""

    shape: Shape
    dtype: str
    leaves: Tuple[Path, ...]


@dataclass(frozen=True)
class Operation:
    """A torch function that raised: its name, tensors, and plain arguments."""

    name: str
    operands: Tuple[Operand, ...]
    arguments: Tuple[Any, ...]


def refusal_of_operation(operation: Operation, error: str, refusal: Refusal) -> Refusal:
    """``refusal`` with what the operation's shapes and the error's words say."""
    leaves = tuple(dict.fromkeys(path for operand in operation.operands for path in operand.leaves))
    whole = [argument for argument in operation.arguments if isinstance(argument, int) and not isinstance(argument, bool)]
    keys = tuple(
        argument for argument in operation.arguments if isinstance(argument, str) and operation.name in ("getitem", "get")
    )
    return replace(
        refusal,
        own_fault=_is_own_fault(operation, error),
        leaves=operation.operands[-1].leaves if "has to be 0" in error and operation.operands else leaves,
        looked_up=keys,
        wanted=tuple(_sizes(operation, whole)),
        ranks=tuple(_ranks(operation, error)),
        dtypes=tuple(_dtypes(operation, error)),
        numbers=tuple(whole),
        below=_below(operation, error, whole),
        too_small=any(words in error for words in ("too small", "greater than actual input", "maximum size for tensor")),
    )


def _is_own_fault(operation: Operation, error: str) -> bool:
    """No input helps a view of memory out of order, nor a product that forgets to transpose."""
    if operation.name == "view" and "not compatible with input tensor's size and stride" in error:
        return True
    if _has_odd_bias(operation):
        return True
    if operation.name not in ("matmul", "bmm", "mm") or len(operation.operands) < 2:
        return False
    one, other = operation.operands[:2]
    derived = one.leaves and one.leaves == other.leaves
    return bool(derived and one.shape == other.shape and len(one.shape) > 1 and one.shape[-1] != one.shape[-2])


def _has_odd_bias(operation: Operation) -> bool:
    """What arrives fits the weight, and the bias does not."""
    if len(operation.operands) < 3 or operation.name not in ("linear", "conv1d", "conv2d", "conv3d"):
        return False
    arrived, weight, bias = (operand.shape for operand in operation.operands[:3])
    if len(bias) != 1 or not weight or bias[0] in (1, weight[0]):
        return False
    if operation.name == "linear":
        return bool(arrived) and arrived[-1] == weight[-1]
    return len(arrived) == len(weight) and arrived[1] == weight[1]


def _sizes(operation: Operation, whole: List[int]) -> Iterator[Wanted]:
    operands, name = operation.operands, operation.name
    if name in _SHAPING and operands:
        yield from _reshaped(operands[0], whole)
    elif name in ("linear", "mm", "matmul", "bmm", "spmm", "addmm", "rmatmul") and len(operands) > 1:
        one, other = operands[-2:] if name == "addmm" else operands[:2]
        axis = -1 if name == "linear" or len(other.shape) < 2 else -2
        if one.shape and other.shape:
            yield from _pair(one, other, -1, axis)
            yield from _clashes(replace(one, shape=one.shape[:-2]), replace(other, shape=other.shape[:-2]))
    elif name.startswith("conv") and len(operands) > 1 and len(operands[1].shape) > 2:
        rank = len(operands[1].shape)
        if len(operands[0].shape) == rank:
            yield Wanted(operands[0].shape[1], operands[1].shape[1], operands[0].leaves)
    elif name == "einsum":
        yield from _lettered(operation)
    else:
        for number, one in enumerate(operands):
            for other in operands[number + 1 :]:
                yield from _clashes(one, other, joined=name in _JOINS)


def _pair(one: Operand, other: Operand, axis: int, other_axis: int) -> Iterator[Wanted]:
    if one.shape[axis] != other.shape[other_axis]:
        yield Wanted(one.shape[axis], other.shape[other_axis], one.leaves)
        yield Wanted(other.shape[other_axis], one.shape[axis], other.leaves)


def _clashes(one: Operand, other: Operand, joined: bool = False) -> Iterator[Wanted]:
    for axis in range(1, min(len(one.shape), len(other.shape)) + 1):
        if one.shape[-axis] != other.shape[-axis] and (joined or 1 not in (one.shape[-axis], other.shape[-axis])):
            yield from _pair(one, other, -axis, -axis)


def _reshaped(operand: Operand, target: List[int]) -> Iterator[Wanted]:
    numel, known = 1, 1
    for size in operand.shape:
        numel *= size
    for size in target:
        known *= size if size > 0 else 1
    if known and numel != known:
        yield Wanted(numel, known if -1 not in target else max(numel // known, 1) * known, operand.leaves)


def _lettered(operation: Operation) -> Iterator[Wanted]:
    equation = next((text for text in operation.arguments if isinstance(text, str)), "")
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    if len(terms) != len(operation.operands) or "." in equation:
        return
    seen = [
        (letter, size, operand.leaves)
        for term, operand in zip(terms, operation.operands)
        for letter, size in zip(term, operand.shape)
    ]
    for letter, size, leaves in seen:
        for other, wanted, _ in seen:
            if letter == other and size != wanted:
                yield Wanted(size, wanted, leaves)


def _ranks(operation: Operation, error: str) -> Iterator[int]:
    ranks = [len(operand.shape) for operand in operation.operands]
    said = re.search(r"input.dim\(\) = (\d+) is not equal to len\(dims\) = (\d+)", error)
    if said:
        yield int(said.group(2)) - int(said.group(1))
    if operation.name in ("cross_entropy", "nll_loss") and len(ranks) > 1 and "multi-target" in error:
        yield ranks[0] - 1 - ranks[1]
    if operation.name.startswith("conv") and len(ranks) > 1:
        yield ranks[1] - ranks[0]
    if "too many indices" in error or "Dimension out of range" in error or "got dim" in error:
        yield from (1, 2, 3)
    if operation.name in _JOINS and len(set(ranks)) > 1:
        yield from (max(ranks) - min(ranks), min(ranks) - max(ranks))
    if "must be a matrix" in error or "must be 2" in error or "2-D" in error:
        yield 2 - ranks[0] if ranks else 1
    if "must be 3" in error or "3-D" in error or "3D" in error:
        yield 3 - ranks[0] if ranks else 1


def _dtypes(operation: Operation, error: str) -> Iterator[str]:
    dtypes = [operand.dtype for operand in operation.operands]
    wants_whole = operation.name in (*_TABLES, "one_hot") or _WHOLE.search(error)
    if wants_whole and not any("int" in dtype for dtype in dtypes[:1]):
        yield "int64"
    if operation.name == "invert" or _FLAG.search(error):
        yield "bool"
    if len(set(dtypes)) > 1 and ("dtype" in error or "type" in error):
        yield from dict.fromkeys(dtype for dtype in dtypes if dtype != dtypes[0])
        yield dtypes[0]


def _below(operation: Operation, error: str, whole: List[int]) -> Optional[int]:
    operands = operation.operands
    if "has to be 0" in error:
        return 1
    if operation.name in _TABLES and len(operands) > 1 and operands[1].shape:
        return operands[1].shape[0]
    if operation.name == "one_hot" and whole:
        return whole[0]
    if operation.name in ("cross_entropy", "nll_loss") and operands and len(operands[0].shape) > 1:
        return operands[0].shape[1]
    if (
        "out of" in error
        and operation.name in ("getitem", "gather", "index_select", "scatter")
        and operands
        and operands[0].shape
    ):
        return min(operands[0].shape)
    return None
