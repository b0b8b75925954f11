"""What if the model were moved? ``.to()`` on a copy without data, and a look at what it did not reach."""

import copy
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import torch
from torch import nn

from ...wire.errors import UsageError
from ...wire.registration import MODULE, LeftBehind, MovedModel, MoveModel
from ..definitions import assignment_place
from ..module_tree import walk_modules
from ..tensor_facts import device_name, dtype_name
from ..torch_compat import is_lazy
from . import raw
from .hidden import Held, hidden_things

_GONE = "meta"


class _Place:
    """A tensor of the model: where it is, in which hidden part if any."""

    def __init__(self, path: str, owner: str, attribute: str, tensor: torch.Tensor, held: Optional[Held]) -> None:
        self.path = path
        self.owner = owner
        self.attribute = attribute
        self.tensor = tensor
        self.held = held


def move_model(model: nn.Module, request: MoveModel) -> MovedModel:
    """What would stay behind, and why. The model itself is not touched. Raises ``UsageError`` for a device or a dtype that is none."""
    device, dtype = _device(request.device), _dtype(request.dtype)
    if device is None and dtype is None:
        raise UsageError("It is not said where the model would go.", "Name a device, a dtype, or both: cuda,float16.")
    left: List[LeftBehind] = []
    moved = 0
    for place, after in _moved(model, dtype):
        wrong_device = device is not None and place.tensor.device != device and after.device.type != _GONE
        floats = place.tensor.is_floating_point() or place.tensor.is_complex()
        wrong_dtype = (
            dtype is not None and floats and after.dtype != dtype and not (place.tensor.is_complex() and dtype.is_floating_point)
        )
        if wrong_device or wrong_dtype:
            left.append(_left_behind(model, place, device, dtype if floats else None))
        else:
            moved += 1
    return MovedModel(tuple(left), moved)


def stays_behind(model: nn.Module) -> Set[str]:
    """Paths of the plain tensors that ``.to(device)`` leaves where they are, shown on a copy."""
    return {place.path for place, after in _moved(model, None) if place.held is not None and after.device.type != _GONE}


def _device(name: Optional[str]) -> Optional[torch.device]:
    try:
        return None if name is None else torch.device(name)
    except RuntimeError as error:
        raise UsageError(f"`{name}` is no device of this torch.", "Use cpu, cuda, cuda:1, mps ...") from error


def _dtype(name: Optional[str]) -> Optional[torch.dtype]:
    found = (
        None
        if name is None
        else getattr(torch, {"half": "float16", "double": "float64", "float": "float32"}.get(name, name), None)
    )
    if name is not None and not (isinstance(found, torch.dtype) and (found.is_floating_point or found.is_complex)):
        raise UsageError(f"A model cannot be moved to the dtype `{name}`.", "Use float16, bfloat16, float32 or float64.")
    return found


def _moved(model: nn.Module, dtype: Optional[torch.dtype]) -> List[Tuple[_Place, torch.Tensor]]:
    """Every tensor with what is in its place on a copy that was moved to the meta device, where nothing needs memory, and to ``dtype``.

    On the copy each tensor is a single element that claims the shape. Where the model cannot be copied or moved, torch's own rule
    stands for it: what is registered moves.
    """
    places = _places(model)
    try:
        twin = copy.deepcopy(model, _stand_ins(places))
        _refuse_own_parts(model, twin, places)
        twin.to(_GONE)
        if dtype is not None:
            twin.to(dtype)
        after = {place.path: place.tensor for place in _places(twin)}
    except Exception:
        after = {place.path: _as_if_moved(place.tensor, dtype) for place in places if place.held is None}
    unmoved = {place.path: place.tensor for place in places}
    return [
        (place, after.get(place.path, unmoved[place.path])) for place in places if place.path in after or place.held is not None
    ]


def _refuse_own_parts(model: nn.Module, twin: nn.Module, places: List[_Place]) -> None:
    """A part may copy itself by giving itself back, as shared teachers do: such a copy must not be moved. Raises ``ValueError``."""
    modules = {id(module) for module in _all_modules(model)}
    tensors = {id(place.tensor) for place in places}
    if any(id(module) in modules for module in _all_modules(twin)) or any(id(place.tensor) in tensors for place in _places(twin)):
        raise ValueError("The copy holds parts of the model itself.")


def _all_modules(model: nn.Module) -> Iterator[nn.Module]:
    """The registered ones, and those below what is hidden."""
    yield from (module for _, module in walk_modules(model))
    for held in hidden_things(model).held:
        if held.part.kind == MODULE:
            yield from (module for _, module in raw.modules_below(held.value))


def _as_if_moved(tensor: torch.Tensor, dtype: Optional[torch.dtype]) -> torch.Tensor:
    return torch.empty(0, device=_GONE, dtype=dtype if dtype is not None and tensor.is_floating_point() else tensor.dtype)


def _places(model: nn.Module) -> List[_Place]:
    """Registered tensors, then hidden ones, each once."""
    found: Dict[int, _Place] = {}
    for path, module in walk_modules(model):
        for name, tensor in _own_tensors(module):
            found.setdefault(id(tensor), _Place(f"{path}.{name}" if path else name, path, name, tensor, None))
    for held in hidden_things(model).held:
        part = held.part
        if part.kind != MODULE:
            found.setdefault(id(held.value), _Place(part.path, part.owner, part.attribute, held.value, held))
            continue
        for path, module in raw.modules_below(held.value):
            for name, tensor in _own_tensors(module):
                place = ".".join(each for each in (part.path, path, name) if each)
                found.setdefault(id(tensor), _Place(place, part.owner, part.attribute, tensor, held))
    return [place for place in found.values() if not is_lazy(place.tensor)]


def _own_tensors(module: nn.Module) -> List[Tuple[str, torch.Tensor]]:
    return [*raw.registered(module, "_parameters").items(), *raw.registered(module, "_buffers").items()]


def _stand_ins(places: List[_Place]) -> Dict[int, Any]:
    """What a copy takes in place of the tensors: no data is copied, and nothing of a graph."""
    return {id(place.tensor): _stand_in(place.tensor) for place in places}


def _stand_in(tensor: torch.Tensor) -> torch.Tensor:
    bare = torch.empty((1,) * tensor.dim(), dtype=tensor.dtype, device="cpu").expand(tensor.shape)
    return nn.Parameter(bare, requires_grad=tensor.requires_grad) if isinstance(tensor, nn.Parameter) else bare


def _left_behind(model: nn.Module, place: _Place, device: Optional[torch.device], dtype: Optional[torch.dtype]) -> LeftBehind:
    tensor, held = place.tensor, place.held
    expected = " ".join(str(each) for each in (device, dtype_name(dtype) if dtype is not None else None) if each is not None)
    spot = (held.part.file, held.part.line) if held is not None else None
    if spot is None:
        spot = assignment_place(type(dict(walk_modules(model))[place.owner]), place.attribute) or (None, None)
    return LeftBehind(
        path=place.path,
        owner=place.owner,
        shape=tuple(tensor.shape),
        dtype=dtype_name(tensor.dtype),
        device=device_name(tensor.device),
        expected=expected,
        reason=_reason(place),
        file=spot[0],
        line=spot[1],
    )


def _reason(place: _Place) -> str:
    """Why a move does not reach a tensor."""
    if place.held is None:
        return "It is registered, and its class keeps it where it is: it overrides `_apply` or `to`."
    part = place.held.part
    where = {
        "function": "a function's closure",
        "partial": "a functools.partial",
        "method": "a bound method",
        "class": "the class itself",
    }
    holder = where.get(part.held_by, f"a {part.held_by}") if part.held_by else "a plain attribute"
    if part.kind == MODULE:
        return f"It belongs to `{part.name}` ({part.class_name}), which is in {holder} and not registered."
    if part.from_parameter:
        return f"It is in {holder}: the result of an operation on a Parameter is a plain tensor."
    if part.kind == "parameter":
        return f"The Parameter is in {holder}, where it is not registered."
    return f"It is {holder}, no buffer." if not part.held_by else f"It is in {holder}, no buffer."
