"""Which tensors of a checkpoint are written to a new file, and what each is called there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Tuple

from ..wire.contents import CheckpointContents, StoredTensor
from ..wire.errors import UsageError
from .containers import containers_of, model_container
from .wording import bytes_text, counted

_NAMED = 5


@dataclass(frozen=True)
class Renaming:
    """``exact`` maps old keys to new ones; of all others ``strip`` is taken away where they begin with it, then ``add`` is put before.

    ``strip`` and ``add`` are whole parts of a key; the dot at their end may be left out.
    """

    exact: Mapping[str, str] = field(default_factory=dict)
    strip: str = ""
    add: str = ""


@dataclass(frozen=True)
class PlannedExport:
    """The tensors of one mapping of the checkpoint, with their new keys, in file order."""

    container: str
    named: Tuple[Tuple[str, StoredTensor], ...]

    @property
    def renamed(self) -> Dict[str, str]:
        """Those that are called otherwise than before: old key to new key."""
        return {tensor.key: key for key, tensor in self.named if key != tensor.key}


def planned_export(
    contents: CheckpointContents, container: Optional[str] = None, renaming: Renaming = Renaming()
) -> PlannedExport:
    """What is to be written of ``container`` (None: the one that is the model's state_dict).

    Raises UsageError when there is nothing to write, when a key that is to be renamed is not there, when two get the same name.
    """
    path = _known_container(contents, container)
    tensors = [tensor for tensor in contents.tensors if tensor.container == path]
    _check_used(renaming, [tensor.key for tensor in tensors])
    named: Dict[str, StoredTensor] = {}
    for tensor in tensors:
        key = _renamed(tensor.key, renaming)
        if key in named:
            both = f"{named[key].key} and {tensor.key} would both be called {key}."
            raise UsageError(both, "Give one of them another name. What has to be joined is written by diff MODEL FILE --export.")
        named[key] = tensor
    return PlannedExport(path, tuple(named.items()))


def mapping_in(plain: Any) -> Dict[str, str]:
    """The renamed keys in a JSON value: ``{"old": "new"}``, or what ``torchloupe diff --json`` printed. An old key whose new one is null
    is to have none, which is "" here. Raises UsageError.
    """
    found = plain
    for name in ("state_dict", "mapping"):
        found = found.get(name, found) if isinstance(found, dict) and isinstance(found.get(name), dict) else found
    several = [old for old, new in found.items() if new and isinstance(new, list)] if isinstance(found, dict) else []
    if several:
        raise UsageError(
            f"{_some(several)} would become several tensors, and tensors are not cut here.",
            "Give it one new name. What has to be cut is written by diff MODEL FILE --export.",
        )
    found = {old: "" if new is None else new for old, new in found.items()} if isinstance(found, dict) else found
    if not isinstance(found, dict) or not all(isinstance(new, str) for new in found.values()):
        raise UsageError("This JSON maps no keys to keys.", 'Give {"old key": "new key", ...} or what diff --json printed.')
    return found


def export_lines(
    plan: PlannedExport, contents: CheckpointContents, path: str, total_bytes: int, shared: int = 0, repeated: int = 0
) -> List[str]:
    """What was written, what it is called now, what was left out: the first line says it in short."""
    of = f" of {plan.container}" if plan.container else ""
    lines = [f"Wrote {counted(len(plan.named), 'tensor')}{of}, {bytes_text(total_bytes)}, bit for bit as they were, to {path}."]
    if plan.renamed:
        old, new = next(iter(plan.renamed.items()))
        lines.append(f"{counted(len(plan.renamed), 'key')} renamed, such as {old} to {new}.")
    if shared:
        lines.append(f"Still in the memory of another one: {counted(shared, 'tensor')}.")
    if repeated:
        lines.append(f"No longer in the memory of another one, which safetensors does not have: {counted(repeated, 'tensor')}.")
    others = len(contents.tensors) - len(plan.named)
    if others or contents.values:
        what = [counted(others, "tensor")] if others else []
        what += [counted(len(contents.values), "other value")] if contents.values else []
        lines.append(f"Not in this state_dict and left out: {' and '.join(what)}.")
    return lines


def _known_container(contents: CheckpointContents, container: Optional[str]) -> str:
    paths = [each.path for each in containers_of(contents)]
    if not paths:
        raise UsageError("The checkpoint holds no tensors.", "Choose another one.")
    if container is None:
        return model_container(contents)
    if container not in paths:
        raise UsageError(f"There is no container {container!r} with tensors.", f"There are: {_some(paths)}.")
    return container


def _check_used(renaming: Renaming, keys: List[str]) -> None:
    held = set(keys)
    unknown = [key for key in renaming.exact if key not in held]
    if unknown:
        raise UsageError(f"There is no key {_some(unknown)} to rename.", f"The keys are: {_some(keys)}.")
    if renaming.strip and not any(key.startswith(_dotted(renaming.strip)) for key in keys):
        raise UsageError(f"No key begins with {_dotted(renaming.strip)}", f"The keys are: {_some(keys)}.")


def _renamed(key: str, renaming: Renaming) -> str:
    if key in renaming.exact:
        return renaming.exact[key]
    strip = _dotted(renaming.strip)
    rest = key[len(strip) :] if strip and key.startswith(strip) and len(key) > len(strip) else key
    return _dotted(renaming.add) + rest


def _dotted(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith(".") else prefix + "."


def _some(names: List[str]) -> str:
    shown = ", ".join(name[:200] or '""' for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
