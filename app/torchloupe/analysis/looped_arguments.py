"""Arguments that come out of a list: ``[nn.Linear(a, b) for a, b in sizes]``, where a layer is changed by one number of ``sizes``."""

import ast
from typing import Iterator, List, NamedTuple, Optional, Sequence, Tuple


class Looped(NamedTuple):
    """What a comprehension goes over, and where in each element of it a name stands: ``(0,)`` for ``a`` in ``a, b``."""

    listed: ast.expr
    within: Tuple[int, ...]


def looped_over(function: ast.AST, call: ast.AST, name: str) -> Optional[Looped]:
    """The comprehension of a function that makes ``call``, where it takes ``name`` from a list and reads it once; else None."""
    for node in ast.walk(function):
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and len(node.generators) == 1 and call in ast.walk(node.elt):
            loop = node.generators[0]
            read = sum(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node.elt))
            within = next(_places(loop.target, name), None)
            if not loop.ifs and read == 1 and within is not None:
                return _counted(loop.iter, within)
    return None


def _places(target: ast.expr, name: str) -> Iterator[Tuple[int, ...]]:
    if isinstance(target, ast.Name) and target.id == name:
        yield ()
    for at, part in enumerate(target.elts if isinstance(target, (ast.Tuple, ast.List)) else ()):
        yield from ((at, *below) for below in _places(part, name))


def _counted(listed: ast.expr, within: Tuple[int, ...]) -> Optional[Looped]:
    """``enumerate(sizes)`` goes over ``sizes``."""
    if not (isinstance(listed, ast.Call) and isinstance(listed.func, ast.Name) and listed.func.id == "enumerate"):
        return Looped(listed, within)
    return Looped(listed.args[0], within[1:]) if within[:1] == (1,) and listed.args else None


def element_of(listed: ast.expr, places: Sequence[int]) -> Optional[ast.expr]:
    """The element of a list that is written out, and so on into it; None where it is not written there."""
    for place in places:
        parts: List[ast.expr] = listed.elts if isinstance(listed, (ast.List, ast.Tuple)) else []
        if place >= len(parts) or any(isinstance(part, ast.Starred) for part in parts):
            return None
        listed = parts[place]
    return listed if isinstance(listed, ast.Constant) else None
