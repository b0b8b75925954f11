"""What a checkpoint knows about the constructor arguments of its model, and how well those that were worked out fit, in words."""

import ast
import json
import re
from dataclasses import replace
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

from ..wire.arguments import SolvedArgument, SolvedArguments, WantedTensor
from ..wire.contents import CheckpointContents, StoredValue
from .containers import keys_of_container
from .wording import count_text, counted

SOURCE_WORDS = {
    "given": "given",
    "stored": "from the checkpoint",
    "shapes": "from shapes",
    "default": "default",
    "guess": "guess",
}
"""How each source is said, the surest first."""

_OF_TRAINING = re.compile(r"optim|sched|scaler|callback|^loops?$|rng|random|^_metadata$", re.IGNORECASE)
_TEXT_TYPES = ("list", "tuple", "dict", "set", "array", "collections.OrderedDict")
_PARTS = ("shapes", "guess", "stored", "given", "default")


def stored_arguments(contents: CheckpointContents, beside: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
    """The values of a checkpoint as a nested mapping, without those of the optimizer and of the training loop.

    ``beside`` is a configuration that lies beside the file; what is in the checkpoint itself wins over it.
    """
    tree: Dict[str, Any] = {}
    for value in contents.values:
        path = value.path.split(".")
        if not _OF_TRAINING.search(path[0]):
            _put(tree, path, value)
    plain = {name: _listed(inner) for name, inner in tree.items()}
    return {**{name: value for name, value in (beside or {}).items() if name not in plain}, **plain}


def wanted_tensors(contents: CheckpointContents, container: str) -> Tuple[WantedTensor, ...]:
    """The keys and shapes that the model has to have: those of one mapping of the checkpoint."""
    return tuple(WantedTensor(entry.key, entry.shape) for entry in keys_of_container(contents, container))


def solution_verdict(solved: SolvedArguments) -> str:
    """How sure it is, in one sentence: ``Exact: 44 of 44 keys and shapes, built 31 times.``"""
    share = f"{count_text(solved.matched)} of {count_text(solved.wanted)}"
    if solved.exact:
        return f"Exact: {share} keys and shapes, built {counted(solved.builds, 'time')}."
    more = f", and the model has {counted(solved.unexpected, 'more key')}" if solved.unexpected else ""
    return f"{share} keys fit{more}: the closest arguments found, built {counted(solved.builds, 'time')}."


def solved_lines(solved: SolvedArguments) -> List[str]:
    """One line for each argument: ``width = 64  from fc1.weight [64, 3]``"""
    return [f"{name} = {json.dumps(each.value)}  {source_text(each)}" for name, each in argument_sources(solved).items()]


def source_text(each: SolvedArgument) -> str:
    """``from fc1.weight [64, 3]``, or the word for its source."""
    if each.source == "shapes" and each.reason:
        return each.reason[:1].lower() + each.reason[1:].rstrip(".")
    word = SOURCE_WORDS.get(each.source, each.source)
    return f"{word}: {each.reason}" if each.source == "guess" and each.reason else word


def argument_sources(solved: SolvedArguments) -> Dict[str, SolvedArgument]:
    """Where each argument is from, by its dotted name; the items of a list together."""
    found: Dict[str, List[SolvedArgument]] = {}
    for each in solved.values:
        found.setdefault(each.name.partition("[")[0], []).append(each)
    return {name: _together(name, parts, solved.arguments) for name, parts in found.items()}


def _together(name: str, parts: List[SolvedArgument], arguments: Mapping[str, Any]) -> SolvedArgument:
    """The items of one argument as one; a guess among them is said."""
    first = min(parts, key=lambda each: _PARTS.index(each.source))
    value = _at(arguments, name.split("."))
    guessed = [each.name for each in parts if each.source == "guess"]
    note = f" A guess: {', '.join(guessed)}." if guessed and first.source != "guess" else ""
    return replace(first, name=name, value=first.value if value is None else value, reason=first.reason + note)


def _at(tree: Any, path: Iterable[str]) -> Any:
    for step in path:
        tree = tree.get(step) if isinstance(tree, Mapping) else None
    return tree


def _put(tree: Dict[str, Any], path: List[str], value: StoredValue) -> None:
    """A value at its place. What has parts of its own is not also a text."""
    is_known, plain = _plain(value)
    for step in path[:-1]:
        inner = tree.get(step)
        if not isinstance(inner, dict):
            inner = tree[step] = {}
        tree = inner
    if is_known and not isinstance(tree.get(path[-1]), dict):
        tree[path[-1]] = plain


def _plain(value: StoredValue) -> Tuple[bool, Any]:
    """The value behind the text that is shown of it; False when the text does not say it."""
    if not isinstance(value.value, str):
        return True, value.value
    text = value.value
    if value.type in _TEXT_TYPES and text[:1] in ("[", "(", "{"):
        try:
            return True, _as_json(ast.literal_eval(text))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return False, None
    if value.type == "str" and text[:1] == "{":
        try:
            return True, json.loads(text)
        except (ValueError, RecursionError):
            return True, text
    return value.type in ("str", "choice") or value.type.startswith("numpy."), text


def _as_json(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_as_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ValueError("no JSON value")


def _listed(tree: Any) -> Any:
    """Mappings whose keys are 0, 1, 2 ... were lists."""
    if not isinstance(tree, dict):
        return tree
    inner = {name: _listed(value) for name, value in tree.items()}
    return list(inner.values()) if inner and list(inner) == [str(number) for number in range(len(inner))] else inner
