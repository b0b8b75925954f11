"""How a module is made: the class that a script can import, and the arguments that its constructor was given."""

import io
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional, Tuple, Type

import torch
from torch import nn

from ...analysis.reproducer_script import Construction
from .failed_call import Given

MOST_BYTES = 64 << 20
"""Arguments that take more than that are not written."""
_INIT = "__init__"
_NO_NAME = ("__main__", "_torchloupe_target_")


@contextmanager
def watched_constructors(kind: Type[nn.Module]) -> Iterator[List[Tuple[nn.Module, Given]]]:
    """What the constructor of a class is given while it lasts, with the modules that were made."""
    made: List[Tuple[nn.Module, Given]] = []
    own, plain = _INIT in vars(kind), getattr(kind, _INIT)

    def watched(self: nn.Module, *args: Any, **kwargs: Any) -> None:
        if type(self) is kind and not any(each is self for each, _ in made):
            made.append((self, (args, kwargs)))
        plain(self, *args, **kwargs)

    setattr(kind, _INIT, watched)
    try:
        yield made
    finally:
        if own:
            setattr(kind, _INIT, plain)
        else:
            delattr(kind, "__init__")


def torch_layer(module: nn.Module) -> Optional[Construction]:
    """A layer of torch made anew by what it says of itself, when that is all of it."""
    kind, said = type(module), repr(module)
    if getattr(nn, kind.__name__, None) is not kind or "\n" in said or not said.startswith(f"{kind.__name__}("):
        return None
    try:
        again = eval(f"nn.{said}", {"nn": nn})
    except Exception:
        return None
    return Construction(f"nn.{said}", ("from torch import nn",)) if _alike(again, module) else None


def _alike(one: nn.Module, other: nn.Module) -> bool:
    shapes = [{key: tuple(tensor.shape) for key, tensor in each.state_dict().items()} for each in (one, other)]
    return shapes[0] == shapes[1] and repr(one) == repr(other)


def made_again(kind: Type[nn.Module], given: Given) -> Tuple[Optional[Construction], Optional[bytes]]:
    """A class with its arguments as a script has them, and those that only a file can hold; None where neither can be."""
    if "<locals>" in kind.__qualname__ or kind.__module__.startswith(_NO_NAME):
        return None, None
    name = kind.__qualname__.partition(".")[0]
    imports = (f"from {kind.__module__} import {name}",)
    text = arguments_text(given)
    if text is not None:
        more = ("from torch import nn",) if "nn." in text else ()
        return Construction(f"{kind.__qualname__}({text})", imports + more), None
    packed = packed_values(given)
    if packed is None:
        return None, None
    return Construction(f"{kind.__qualname__}(*made_of, **named)", imports, has_arguments=True), packed


def arguments_text(given: Given) -> Optional[str]:
    """Arguments as Python writes them; None where some have no such way."""
    args, kwargs = given
    parts = [*map(_literal, args), *(_named(name, _literal(value)) for name, value in kwargs.items())]
    return None if None in parts else ", ".join(str(part) for part in parts)


def _named(name: str, text: Optional[str]) -> Optional[str]:
    return None if text is None else f"{name}={text}"


def _literal(value: Any) -> Optional[str]:
    if value is None or type(value) in (bool, int, str) or (type(value) is float and value - value == 0):
        return repr(value)
    if type(value) in (tuple, list):
        inner = [_literal(each) for each in value]
        return None if None in inner else repr(value) if type(value) is list else f"({', '.join(map(str, inner))},)"
    if isinstance(value, torch.dtype):
        return str(value)
    name = value.__name__ if isinstance(value, type) else ""
    if name and getattr(nn, name, None) is value:
        return f"nn.{name}"
    if type(value) is dict and all(type(key) is str for key in value):
        pairs: Dict[str, Optional[str]] = {key: _literal(each) for key, each in value.items()}
        return None if None in pairs.values() else "{" + ", ".join(f"{key!r}: {text}" for key, text in pairs.items()) + "}"
    return None


def packed_values(value: Any) -> Optional[bytes]:
    """As ``torch.save`` writes it; None where it cannot, or it would be very large."""
    stream = io.BytesIO()
    try:
        torch.save(value, stream)
    except Exception:
        return None
    return stream.getvalue() if stream.tell() <= MOST_BYTES else None


def is_plain(packed: bytes) -> bool:
    """Is it read back without running code of anybody?"""
    try:
        torch.load(io.BytesIO(packed), weights_only=True)
    except Exception:
        return False
    return True
