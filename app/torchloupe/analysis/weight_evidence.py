"""The shapes of a checkpoint as evidence: where the code and what arrives do not meet, trained weights say which of them is right."""

from dataclasses import dataclass, replace
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ..wire.modules import ModuleTree
from ..wire.problems import ERROR, Fix, Problem
from .diff_rows import DTYPE, MATCHED, RENAMED, RESIZED, SHAPE, StateDictDiff
from .wording import shape_text

Shape = Tuple[int, ...]
_SAME_LAYOUT = {MATCHED, RENAMED, DTYPE, SHAPE, RESIZED}
AS_ARRIVES, AS_BUILT, NEITHER = "what arrives", "the layer", "neither"
FOR, AGAINST = "the checkpoint agrees", "the checkpoint disagrees"
_WEIGHT = {
    "Linear": {"in_features": 1, "out_features": 0},
    "Embedding": {"num_embeddings": 0, "embedding_dim": 1},
    "Conv": {"in_channels": 1, "out_channels": 0},
    "ConvTranspose": {"in_channels": 0, "out_channels": 1},
    "Norm": {"num_features": 0, "num_channels": 0, "normalized_shape": 0},
}
"""Which size of the weight an argument is, by a part of the class."""
_RECURRENT = {"input_size": ("weight_ih_l0", 1), "hidden_size": ("weight_hh_l0", 1)}


@dataclass(frozen=True)
class Stored:
    """A tensor of the checkpoint that belongs to a layer: its key there, its shape, and the size that stands for an argument."""

    key: str
    shape: Shape
    size: int


class StoredShapes:
    """What a checkpoint has for the layers of a model."""

    def __init__(self, diff: StateDictDiff, tree: ModuleTree) -> None:
        self._found: Dict[str, Tuple[str, Shape]] = {}
        for row in diff.rows:
            if row.expected is not None and row.found is not None and row.status in _SAME_LAYOUT:
                self._found[row.expected.key] = row.found.key, tuple(row.found.shape)
        self._modules = {module.path: module for module in tree.modules}

    def of(self, module: Optional[str], argument: Optional[str]) -> Optional[Stored]:
        """For an argument of the constructor of a layer; None where the checkpoint does not say."""
        entry = self._modules.get(module or "")
        if entry is None or not module or not argument:
            return None
        name, axis = _RECURRENT.get(argument, ("weight", _axis(entry.class_name, argument)))
        found = self._found.get(f"{module}.{name}")
        if found is None or axis is None or len(found[1]) <= axis or "groups=" in entry.settings:
            return None
        if argument == "normalized_shape" and len(found[1]) > 1:
            return None
        return Stored(*found, found[1][axis])

    def shape_of(self, key: str) -> Optional[Shape]:
        """The shape of a parameter there; None where it has none of that key."""
        return self._found.get(key, (key, None))[1]


def _axis(class_name: str, argument: str) -> Optional[int]:
    kinds: List[Mapping[str, int]] = [arguments for kind, arguments in _WEIGHT.items() if kind in class_name]
    known = [arguments[argument] for arguments in kinds if argument in arguments]
    return known[-1] if known else None


def with_evidence(problems: Sequence[Problem], diff: Optional[StateDictDiff], tree: Optional[ModuleTree]) -> Tuple[Problem, ...]:
    """The problems, each mismatch of which the checkpoint knows something with that, and with the fixes first that it speaks for."""
    if diff is None or tree is None or not any(_is_weighable(problem) for problem in problems):
        return tuple(problems)
    stored = StoredShapes(diff, tree)
    return tuple(_weighed(problem, stored) if _is_weighable(problem) else problem for problem in problems)


def _is_weighable(problem: Problem) -> bool:
    return problem.severity == ERROR and any(name in problem.data for name in ("argument", "shapes"))


def _weighed(problem: Problem, stored: StoredShapes) -> Problem:
    own = stored.of(problem.module, problem.data.get("argument"))
    says = _verdict(problem, own) if own is not None else None
    fixes = [replace(fix, evidence=_evidence(fix, says, stored)) for fix in problem.fixes]
    order = {FOR: 0, "": 1, AGAINST: 2}
    ranked = tuple(sorted(fixes, key=lambda fix: order[fix.evidence]))
    if own is None or says is None:
        return replace(problem, fixes=ranked) if any(fix.evidence for fix in fixes) else problem
    data = {**problem.data, "evidence": {"key": own.key, "shape": list(own.shape), "size": own.size, "speaks_for": says}}
    return replace(problem, fixes=ranked, hint=_hint(problem, own, says, ranked), data=data)


def _verdict(problem: Problem, own: Stored) -> Optional[str]:
    expected, got = problem.data.get("expected"), problem.data.get("got")
    if not isinstance(expected, int) or not isinstance(got, int):
        return None
    return AS_ARRIVES if own.size == got else AS_BUILT if own.size == expected else NEITHER


def _evidence(fix: Fix, says: Optional[str], stored: StoredShapes) -> str:
    """What the checkpoint says of one repair."""
    if fix.kind == "set_shape":
        shape = stored.shape_of(f"{fix.module}.{fix.argument}" if fix.module else str(fix.argument))
        return "" if shape is None else FOR if shape == tuple(fix.value) else AGAINST
    known = stored.of(fix.module, fix.argument)
    if fix.kind == "set_argument" and (known is not None or fix.argument not in _OF_NO_WEIGHT):
        return "" if known is None or not isinstance(fix.value, int) else FOR if known.size == fix.value else AGAINST
    return {AS_BUILT: FOR, AS_ARRIVES: AGAINST}.get(says or "", "") if fix.kind in (*_OF_THE_WAY, "set_argument") else ""


_OF_NO_WEIGHT = ("padding", "stride", "output_padding", "kernel_size")
_OF_THE_WAY = ("change_input", "permute_input", "permute", "edit_source")
"""Repairs that leave the layer as it is."""


def _hint(problem: Problem, own: Stored, says: str, ranked: Sequence[Fix]) -> str:
    expected, got = problem.data["expected"], problem.data["got"]
    has = f"The checkpoint has `{own.key}` as {shape_text(own.shape)}"
    if says == AS_ARRIVES:
        return f"{has}: trained for {got}, as it arrives. The code is wrong here. {_told(problem, ranked)}"
    if says == AS_BUILT:
        elsewhere = "What comes before it is wrong, or the input."
        return f"{has}: trained for {expected}, as the layer is built. {elsewhere} {_told(problem, ranked)}"
    return f"{has}: trained for {own.size}, which is neither what the layer is built for nor what arrives. {problem.hint}"


def _told(problem: Problem, ranked: Sequence[Fix]) -> str:
    """What to do: the first repair that the checkpoint speaks for."""
    first = next((fix.text for fix in ranked if fix.evidence == FOR), "")
    _, mark, rest = problem.hint.partition("With the fixes of these ")
    together = f" {mark}{rest}" if mark and ranked and ranked[0].text == problem.fixes[0].text else ""
    return (first or f"Let {problem.data['expected']} arrive.") + together
