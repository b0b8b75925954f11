"""What a layer of torch would refuse of what it is about to get, said as a wish for other inputs."""

from dataclasses import replace
from typing import Any, Callable, Dict, FrozenSet, List, Optional, Tuple

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from ..analysis.input_candidates import BATCH, USUAL, Path, Refusal, Wanted
from ..analysis.layer_contracts import LAYER_SETTINGS, RankMismatch, SizeMismatch, TooSmall, check_layer
from .tensor_facts import dtype_name
from .torch_compat import autocast_modes, is_lazy

Shape = Tuple[int, ...]
_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def refusal_of_layer(
    path: str,
    module: nn.Module,
    args: Tuple[Any, ...],
    kwargs: Dict[str, Any],
    made_of: Callable[[Any], Tuple[Path, ...]],
    leaves: Dict[Path, torch.Tensor],
    settled: FrozenSet[Path],
) -> Optional[Refusal]:
    """Why ``module`` will refuse its arguments; None when nothing speaks against them."""
    given = [each.data if isinstance(each, PackedSequence) else each for each in (*args, *kwargs.values())]
    is_table = isinstance(module, (nn.Embedding, nn.EmbeddingBag))
    known = str(getattr(type(module).forward, "__module__", "")).startswith("torch.nn.modules")
    if not given or not isinstance(given[0], torch.Tensor) or not known:
        return None
    if any(is_lazy(parameter) for parameter in module.parameters(recurse=False)):
        return None
    name = next(kind.__name__ for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn.modules"))
    first, said = given[0], f"`{path}` ({name})"
    if is_table:
        return _of_bags(module, given, made_of, said) or _of_table(module, first, made_of(first), leaves, said)
    beside = given[1:2] if isinstance(module, nn.Transformer) else []
    wrong = [_of_dtype(module, each, made_of(each), said) for each in (first, *beside) if isinstance(each, torch.Tensor)]
    refusal = next((each for each in wrong if each is not None), None) or _of_state(module, given, made_of, said)
    if refusal is not None:
        return refusal
    settings = {each: getattr(module, each) for each in LAYER_SETTINGS if hasattr(module, each)}
    finding = check_layer(name, {**settings, "training": module.training}, tuple(first.shape))
    wishes = Refusal(made_of(first))
    axes = tuple(getattr(module, "normalized_shape", ())) if isinstance(module, nn.LayerNorm) else ()
    whole = tuple(leaves[made_of(first)[0]].shape) if len(made_of(first)) == 1 else None
    if len(axes) > 1 and first.dim() <= len(axes) and tuple(first.shape) == whole != axes:
        return replace(wishes, shapes=((made_of(first)[0], (BATCH, *axes), None),), sentence=f"{said} wants {list(axes)}")
    if args and isinstance(args[0], PackedSequence) and first.dim() != 2:
        return replace(wishes, ranks=(2 - first.dim(),), sentence=f"{said} wants a sequence of features")
    if isinstance(module, _CONVS):
        paths = tuple(path for path in made_of(first) if path not in settled)
        if len(first.shape) == len(module.kernel_size) + 1 and isinstance(finding, SizeMismatch):
            wishes = replace(wishes, ranks=(1,))
        fitted = _picture(module, tuple(first.shape), paths, leaves)
        if fitted is not None:
            return replace(wishes, shapes=(fitted,), sentence=f"{said} wants {module.in_channels} channels")
    if isinstance(finding, RankMismatch):
        wishes = replace(wishes, ranks=tuple(sorted((rank - finding.got for rank in finding.wanted), reverse=True)))
        return replace(wishes, sentence=f"{said} wants {finding.names}", shapes=_direct(module, first, made_of(first), leaves))
    if isinstance(finding, SizeMismatch):
        if _is_turned(module, first, finding, made_of(first), leaves):
            wishes = replace(wishes, own_fault=True)
        return _size(wishes, finding.got, finding.wanted, finding.wording, said)
    if isinstance(finding, TooSmall):
        return replace(wishes, too_small=True, sentence=f"{said} gets {finding.size}, its window is {finding.window}")
    return _of_others(module, given, made_of, said)


def _is_turned(
    module: nn.Module, given: torch.Tensor, finding: SizeMismatch, paths: Tuple[Path, ...], leaves: Dict[Path, torch.Tensor]
) -> bool:
    """Ids became features, and these stand at another axis than the convolution wants them: a longer text would only hide it."""
    ids = all(not leaves[path].is_floating_point() for path in paths)
    return ids and isinstance(module, nn.Conv1d) and given.dim() == 3 and given.shape[2] == finding.wanted


def _size(wishes: Refusal, got: int, wanted: int, wording: str, said: str) -> Refusal:
    sentence = f"{said} gets {got} {wording}, it wants {wanted}"
    return replace(wishes, wanted=(Wanted(got, wanted, wishes.leaves),), sentence=sentence)


def _of_table(
    module: Any, ids: torch.Tensor, paths: Tuple[Path, ...], leaves: Dict[Path, torch.Tensor], said: str
) -> Optional[Refusal]:
    size = int(module.num_embeddings)
    if ids.dtype not in (torch.int64, torch.int32):
        return Refusal(paths, dtypes=("int64",), sentence=f"{said} wants whole numbers below {size}")
    largest = _largest(ids)
    if largest is None or largest < size:
        return None
    sentence = f"{said} has {size} rows, it is asked for row {largest}"
    steps = int(ids.shape[-1]) if ids.dim() else 0
    # Positions are made of no values of an input, but of its length.
    around = paths or tuple(leaves)
    return Refusal(around, below=size, wanted=(Wanted(steps, size, around),) if steps > size else (), sentence=sentence)


def _of_bags(module: nn.Module, given: List[Any], made_of: Callable[[Any], Tuple[Path, ...]], said: str) -> Optional[Refusal]:
    """A flat row of ids beside the places where each bag begins."""
    if not isinstance(module, nn.EmbeddingBag) or len(given) < 2 or not isinstance(given[1], torch.Tensor):
        return None
    for each in given[:2]:
        if each.dim() != 1:
            return Refusal(made_of(each), ranks=(1 - each.dim(),), sentence=f"{said} wants one row of ids beside the offsets")
    return None


def _largest(ids: torch.Tensor) -> Optional[int]:
    try:
        return int(ids.max()) if ids.numel() else None
    except Exception:  # fake tensors have no values to look at, and each version of torch says so otherwise
        return None


def _of_dtype(module: nn.Module, given: torch.Tensor, paths: Tuple[Path, ...], said: str) -> Optional[Refusal]:
    deep = type(module).__name__.startswith("Transformer")
    weight = next((each for each in module.parameters(recurse=deep) if each.is_floating_point() or each.is_complex()), None)
    if weight is None or given.dtype == weight.dtype or not paths or any(autocast_modes().values()):
        return None
    if given.is_floating_point() and isinstance(module, (nn.LayerNorm, nn.GroupNorm)):
        return None  # mixed precision is allowed there
    return Refusal(paths, dtypes=(dtype_name(weight.dtype),), sentence=f"{said} wants {dtype_name(weight.dtype)}")


def _picture(
    module: Any, shape: Shape, paths: Tuple[Path, ...], leaves: Dict[Path, torch.Tensor]
) -> Optional[Tuple[Path, Shape, Optional[Shape]]]:
    """The input's own sizes when it reaches a convolution as it is, or with its axes in another order."""
    dims = len(module.kernel_size)
    usual = USUAL[dims][0]
    channels = int(module.in_channels)
    for path in paths:
        own = tuple(leaves[path].shape)
        if len(shape) != dims + 2:
            if shape == own and own:
                fitted = (BATCH, channels) + ((8, 32, 32) if dims == 3 else (usual,) * dims)
                return path, fitted, tuple(range(2, dims + 2))
            continue
        axes = [own.index(size) if own.count(size) == 1 else None for size in shape[1:]]
        if None in axes or len(set(axes)) != len(axes):
            continue
        sizes = dict.fromkeys([axis for axis in axes[1:] if axis is not None], usual if dims != 3 else 32)
        if sorted(shape) != sorted(own) and len(own) != len(shape) + 1:
            continue
        sizes[axes[0] or 0] = channels
        fitted = tuple(sizes.get(axis, size) for axis, size in enumerate(own))
        spatial = tuple(sorted(axis for axis in axes[1:] if axis is not None))
        if fitted != own:
            return path, fitted, spatial
    return None


def _direct(
    module: nn.Module, given: torch.Tensor, paths: Tuple[Path, ...], leaves: Dict[Path, torch.Tensor]
) -> Tuple[Tuple[Path, Shape, Optional[Shape]], ...]:
    """A whole shape for the input that reaches a pool or a norm as it is."""
    name = type(module).__name__
    if not name[-2:-1].isdigit() or len(paths) != 1 or tuple(leaves[paths[0]].shape) != tuple(given.shape):
        return ()
    dims = int(name[-2])
    channels = int(getattr(module, "num_features", 3))
    return ((paths[0], (BATCH, channels, *(USUAL[dims][0],) * dims), tuple(range(2, dims + 2))),)


def _of_state(module: nn.Module, given: List[Any], made_of: Callable[[Any], Tuple[Path, ...]], said: str) -> Optional[Refusal]:
    """The hidden state of a recurrent layer, when an input is used as it is."""
    if len(given) < 2 or not isinstance(module, (nn.RNNBase, nn.RNNCellBase)) or given[1] is None or given[0].dim() < 2:
        return None
    hidden, first = int(module.hidden_size), given[0]
    batch = tuple(first.shape[:-1])
    if isinstance(module, nn.RNNBase):
        if first.dim() == 3:
            batch = (int(first.shape[0 if module.batch_first else 1]),)
        batch = (module.num_layers * (2 if module.bidirectional else 1), *(batch if first.dim() == 3 else ()))
    wanted = (*batch, hidden)
    state = given[1]
    pair = isinstance(module, (nn.LSTM, nn.LSTMCell))
    sentence = f"{said} wants a state {list(wanted)}"
    if isinstance(state, torch.Tensor) and made_of(state):
        paths = made_of(state)
        if pair:
            return Refusal(paths, pairs=tuple((path, wanted) for path in paths), sentence=sentence)
        if tuple(state.shape) != wanted:
            return Refusal(paths, shapes=tuple((path, wanted, None) for path in paths), sentence=sentence)
    for part in state if isinstance(state, (tuple, list)) else ():
        if isinstance(part, torch.Tensor) and tuple(part.shape) != wanted and made_of(part):
            return Refusal(made_of(part), shapes=tuple((path, wanted, None) for path in made_of(part)), sentence=sentence)
    return None


def _of_others(module: nn.Module, given: List[Any], made_of: Callable[[Any], Tuple[Path, ...]], said: str) -> Optional[Refusal]:
    """The second and third input of layers that have some."""
    wanted: List[int] = []
    if isinstance(module, nn.Bilinear):
        wanted = [module.in2_features]
    if isinstance(module, nn.MultiheadAttention):
        wanted = [module.kdim, module.vdim]
    if isinstance(module, nn.Transformer):
        wanted = [module.d_model, module.d_model]
        given = [None, *given]
    for size, other in zip(wanted, given[1:]):
        if isinstance(other, torch.Tensor) and other.dim() and other.shape[-1] != size and made_of(other):
            return _size(Refusal(made_of(other)), int(other.shape[-1]), int(size), "features", said)
    for other in given[1:3] if isinstance(module, nn.Transformer) else ():
        if isinstance(other, torch.Tensor) and other.dim() < 3 and made_of(other):
            return Refusal(made_of(other), ranks=(1,), sentence=f"{said} wants batch, length, features")
    return None
