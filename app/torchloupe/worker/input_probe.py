"""One trial run on a candidate input: how far it comes, and what refused it - a layer, an operation, or a line of the model's own."""

import ast
import linecache
import re
import sys
from dataclasses import dataclass, field, replace
from types import CodeType, FrameType
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Optional, Set, Tuple

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..analysis.input_candidates import BATCH, LENGTH, Path, Refusal, Wanted
from ..analysis.refused_operations import Operand, Operation, refusal_of_operation
from .error_words import words_of
from .input_contracts import refusal_of_layer
from .module_tree import walk_modules
from .nested import tensors_in
from .operations import short_name
from .tensor_facts import dtype_name

_MARK, _SAME = "_torchloupe_made_of", "_torchloupe_values_of"
_KEEPS_VALUES = (
    *("__getitem__", "__iter__", "__get__", "view", "reshape", "flatten", "unsqueeze", "squeeze", "transpose", "permute", "t"),
    *("long", "to", "expand", "contiguous", "clone", "select", "unbind", "chunk", "split"),
)
"""Functions whose result holds values of their argument and no others."""
_TABLES = (nn.Embedding, nn.EmbeddingBag)
_SEQUENCES = (nn.RNNBase, nn.MultiheadAttention, nn.Transformer, nn.TransformerEncoderLayer)
_TORCH = ("/torch/", "\\torch\\")
_TOO_SHORT = re.compile(r"(smaller|less|shorter) than `?\w*(length|size|height|width)|too short")
"""A model says that a part of it does not go into what is given."""
_SHAPE = re.compile(r"[\[(](\d+(?:, ?\d+)*),?[\])]")


class Refused(Exception):
    """A layer would refuse what it is about to get."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


@dataclass
class Trial:
    """How a candidate fared: ``progress`` counts the different places that it passed; ``error`` is None when it ran to its end.

    ``wish`` is what would be better though it ran: a batch where there is none, a batch that keeps its size.
    """

    progress: int = 0
    error: Optional[BaseException] = None
    refusal: Refusal = field(default_factory=Refusal)
    place: Any = None
    wish: Optional[Refusal] = None


class InputProbe(TorchFunctionMode):
    """Runs the model and remembers of each tensor which inputs it was made of."""

    def __init__(
        self, model: nn.Module, leaves: Dict[Path, torch.Tensor], settled: FrozenSet[Path], check: Callable[[], None]
    ) -> None:
        super().__init__()
        self._settled = settled
        self._wish: Optional[Refusal] = None
        self._taken_apart: Tuple[Path, ...] = ()
        self._model = model
        self._check = check
        self._passed: Set[Tuple[str, int, CodeType, int, str]] = set()
        self._open: List[str] = [""]
        self._calls: Dict[str, int] = {}
        self._looking = False
        self._failed: Optional[Tuple[BaseException, Operation]] = None
        self._bounds: Dict[Path, int] = {}
        self._leaves = leaves
        for path, tensor in leaves.items():
            setattr(tensor, _MARK, (path,))
            setattr(tensor, _SAME, path)

    def trial(self, run: Callable[[], Any]) -> Trial:
        """``run`` the model in here."""
        handles = self._attach()
        trial = Trial()
        try:
            with self:
                run()
        except (Exception, SystemExit) as error:
            trial.error = error
            trial.refusal = self._refusal(error)
            trial.place = (self._open[-1], len(self._passed))
        finally:
            for handle in handles:
                handle.remove()
        trial.progress = len(self._passed)
        trial.refusal = replace(trial.refusal, bounds=dict(self._bounds), taken_apart=self._taken_apart)
        trial.wish = self._wish
        return trial

    def _attach(self) -> List[Any]:
        handles: List[Any] = []
        for path, module in {id(module): (path, module) for path, module in walk_modules(self._model)}.values():
            try:
                handles.append(module.register_forward_pre_hook(self._before(path), with_kwargs=True))
                handles.append(module.register_forward_hook(self._after(path), with_kwargs=True))
            except RuntimeError:
                continue
        return handles

    def _before(self, path: str) -> Any:
        def before(module: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
            self._check()
            self._open.append(path)
            self._calls[path] = self._calls.get(path, 0) + 1
            self._looking = True
            try:
                look(module, args, kwargs)
            finally:
                self._looking = False

        def look(module: nn.Module, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
            if isinstance(module, _TABLES) and args and _values_of(args[0]):
                own = _values_of(args[0]) or ()
                self._bounds[own] = min(int(module.num_embeddings), self._bounds.get(own, sys.maxsize))
            refusal = refusal_of_layer(path, module, args, kwargs, _made_of, self._leaves, self._settled)
            if refusal is not None:
                raise Refused(refusal)
            if self._wish is None and isinstance(module, _SEQUENCES) and args and getattr(args[0], "ndim", 3) == 2:
                paths = tuple(path for each in args for path in _made_of(each))
                shapes = tuple(
                    (path, (BATCH, LENGTH, int(self._leaves[path].shape[-1])), None)
                    for path in paths
                    if self._leaves[path].dim() == 2
                )
                self._wish = Refusal(paths, shapes=shapes)

        return before

    def _after(self, path: str) -> Any:
        def after(_module: nn.Module, _args: Any, _kwargs: Any, _output: Any) -> None:
            while len(self._open) > 1 and self._open.pop() != path:
                pass

        return after

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Tuple[Any, ...] = (), kwargs: Optional[Dict[str, Any]] = None
    ) -> Any:
        kwargs = kwargs or {}
        if self._looking:
            return func(*args, **kwargs)
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            if self._failed is None or self._failed[0] is not error:
                self._failed = error, self._operation(func, args, kwargs)
            raise
        frame = sys._getframe(1)
        path = self._open[-1]
        # A second call of the same part is progress, the hundredth step of a loop is none.
        self._passed.add((path, min(self._calls.get(path, 0), 3), frame.f_code, frame.f_lasti, getattr(func, "__name__", "")))
        self._looking = True
        self._look(func, args, result)
        self._looking = False
        if isinstance(result, (torch.Tensor, tuple, list)):
            _mark(result, (args, kwargs))
            if getattr(func, "__name__", "") in _KEEPS_VALUES and args and hasattr(args[0], _SAME):
                for _, tensor in tensors_in(result):
                    setattr(tensor, _SAME, getattr(args[0], _SAME))
        return result

    def _look(self, func: Any, args: Tuple[Any, ...], result: Any) -> None:
        """Notice what says nothing of a failure, and yet of what the model expects."""
        name = getattr(func, "__name__", "")
        if name in ("__iter__", "unbind") and args and len(_made_of(args[0])) == 1:
            path = _made_of(args[0])[0]
            if self._leaves[path] is args[0] and path not in self._taken_apart:
                self._taken_apart += (path,)
        if name in ("view", "reshape") and args and isinstance(result, torch.Tensor) and result.dim() == 2 and args[0].dim() > 3:
            paths = _made_of(args[0]) if -1 in args[1:2] and result.shape[0] != args[0].shape[0] else ()
            if paths:
                self._wish = Refusal(paths, wanted=(Wanted(int(result.shape[0]), int(args[0].shape[0]), paths),))

    def _operation(self, func: Any, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Operation:
        found = [tensor for _, tensor in tensors_in((args, kwargs))]
        operands = [Operand(tuple(each.shape), dtype_name(each.dtype), _made_of(each)) for each in found]
        plain = [value for value in _flat((*args, *kwargs.values())) if isinstance(value, (int, float, str))]
        return Operation(short_name(func), tuple(operands), tuple(plain))

    def _refusal(self, error: BaseException) -> Refusal:
        if isinstance(error, Refused):
            return error.refusal
        refusal = Refusal(
            sentence=f"{type(error).__name__}: {words_of(error).strip().splitlines()[0] if words_of(error).strip() else ''}"
        )
        if self._failed is not None and self._failed[0] is error:
            refusal = refusal_of_operation(self._failed[1], words_of(error), refusal)
        return self._with_line(refusal, error)

    def _with_line(self, refusal: Refusal, error: BaseException) -> Refusal:
        """What stands on the line that failed: numbers, dtypes, tensors, and names that are None."""
        text = words_of(error)
        frame, line = _own_frame(error)
        values = dict(_names_on(frame, line)) if frame is not None else {}
        seen = [value for value in values.values() if isinstance(value, torch.Tensor)]
        leaves = [path for tensor in seen for path in _made_of(tensor)]
        numbers = [value for value in values.values() if isinstance(value, int) and not isinstance(value, bool)]
        stated = [int(word) for word in re.findall(r"(?<![\w.\[(,])-?\d+(?![\w.])", text)] if len(text) < 2000 else []
        dtypes = [dtype_name(value) for value in values.values() if isinstance(value, torch.dtype)]
        own = isinstance(error, (AssertionError, ValueError, RuntimeError, AttributeError, TypeError, KeyError, IndexError))
        absent = re.findall(r"[A-Za-z_]\w+", text) if own else []  # "either input_ids or inputs_embeds": in this order
        absent += [name.rpartition(".")[2] for name, value in values.items() if value is None]
        keys = (error.args[0],) if isinstance(error, KeyError) and error.args and isinstance(error.args[0], str) else ()
        unpacked = re.search(r"not enough values to unpack \(expected (\d+)", text) or re.search(r"len\(dims\) = (\d+)", text)
        ranks = (int(unpacked.group(1)),) if unpacked else ()
        shapes = [tuple(int(size) for size in re.findall(r"\d+", found)) for found in _SHAPE.findall(text)]
        around = list(dict.fromkeys([*refusal.leaves, *leaves]))
        return replace(
            refusal,
            leaves=tuple(around),
            stated=tuple(_stated(seen, numbers)),
            shapes=refusal.shapes
            + tuple((path, shape, None) for shape in shapes[:2] for path in around[::-1] if len(shape) < 6 and 0 not in shape),
            numbers=tuple(dict.fromkeys([*ranks, *refusal.numbers, *numbers, *stated])),
            dtypes=refusal.dtypes + tuple(dtypes),
            absent=tuple(dict.fromkeys(absent)),
            keys=refusal.keys + keys,
            positive="greater than 0" in text,
            too_small=refusal.too_small or bool(_TOO_SHORT.search(text)),
            plain=isinstance(error, TypeError),
        )


def _stated(tensors: List[torch.Tensor], numbers: List[int]) -> Iterator[Wanted]:
    """Sizes of the tensors on a line against the numbers that stand there."""
    for tensor in tensors:
        for size in tensor.shape:
            yield from (Wanted(int(size), number, _made_of(tensor)) for number in numbers if 1 < number != size)


def _values_of(tensor: Any) -> Optional[Path]:
    """The input whose very values these are."""
    path: Optional[Path] = getattr(tensor, _SAME, None)
    return path


def _made_of(tensor: Any) -> Tuple[Path, ...]:
    return tuple(getattr(tensor, _MARK, ()))


def _mark(result: Any, given: Any) -> None:
    paths = tuple(dict.fromkeys(path for _, tensor in tensors_in(given) for path in _made_of(tensor)))
    if not paths:
        return
    for _, tensor in tensors_in(result):
        if not isinstance(tensor, nn.Parameter):
            try:
                setattr(tensor, _MARK, paths if not _made_of(tensor) else tuple(dict.fromkeys((*_made_of(tensor), *paths))))
            except AttributeError:
                continue


def _flat(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        else:
            yield value


def _own_frame(error: BaseException) -> Tuple[Optional[FrameType], int]:
    """The innermost frame that is not torch's or ours, and the line it stands at."""
    traceback, found, line = error.__traceback__, None, 0
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if not any(part in name for part in _TORCH) and not name.endswith(("input_probe.py", "worked_out_input.py")):
            found, line = traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
    return found, line


def _names_on(frame: FrameType, number: int) -> Iterator[Tuple[str, Any]]:
    """Names and numbers on the failing line (and on the condition above a ``raise``) with their values."""
    file = frame.f_code.co_filename
    for line in (number, number - 1) if "raise" in linecache.getline(file, number) else (number,):
        text = linecache.getline(file, line).strip()
        for node in ast.walk(_parsed(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
                yield str(node.value), node.value
            elif isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                name = ast.unparse(node) if hasattr(ast, "unparse") else ""
                value = _value_of(node, frame)
                if isinstance(value, (int, torch.Tensor, torch.dtype)) or (value is None and name in frame.f_locals):
                    yield name, value


def _parsed(text: str) -> ast.AST:
    for trial in (text, f"{text} pass", f"{text[2:]} pass", text.rstrip(","), text + ")"):
        try:
            return ast.parse(trial)
        except (SyntaxError, ValueError):
            continue
    return ast.Module([], [])


def _value_of(node: ast.AST, frame: FrameType) -> Any:
    """What a dotted name stands for, without calling anything."""
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id))
    if isinstance(node, ast.Attribute):
        owner = _value_of(node.value, frame)
        if isinstance(owner, nn.Module):
            return vars(owner).get(node.attr)
        return getattr(owner, node.attr, None) if owner is torch else None
    return None
