"""A checkpoint's values go into the open model: which goes where, and what became of each."""

from dataclasses import dataclass, field
from typing import Dict, Optional, Tuple

from .contents import CheckpointContents
from .modules import ModuleTree

LOADED = "loaded"
TIED = "tied"
MISSING = "missing"
UNEXPECTED = "unexpected"
UNSURE = "unsure"
REFUSED = "refused"
DIFFERS = "differs"


@dataclass(frozen=True)
class LoadedKey:
    """What became of one key.

    ``key`` is the model's (for ``unexpected`` the checkpoint's), ``found`` what the checkpoint calls it, empty for nothing.
    ``status`` is ``loaded``; ``tied`` (it is the same tensor as one that was loaded); ``missing`` and ``unexpected``; ``unsure``
    (more than one place fits); the status of a diff whose values do not fit as they are (``shape``, ``transposed``, ``fused`` ...);
    ``refused`` (the values cannot be read, or not be put there); ``differs`` (loaded, and then found to be others). ``reason`` is a
    few words; about one that was loaded only what was done to its values (``transposed``, ``joined``).

    ``stored`` is the dtype in the file where the model has another, and ``changed`` how many values that changed; ``lost`` of them became
    infinite, or zero.
    """

    key: str
    status: str
    found: str = ""
    reason: str = ""
    stored: str = ""
    changed: int = 0
    lost: int = 0


@dataclass(frozen=True)
class LoadCheckpoint:
    """Load stored tensors into the open model, in place, and compare every value afterwards. Answer: ``LoadedCheckpoint``.

    The worker reads the files itself, without executing anything. ``contents`` has only the tensors that are to be loaded, and
    ``keys`` the model's key of each, parallel to them; one that is to be transposed, cut out or joined has ``parts``, and ``how`` says so
    by key. ``left_out`` are the keys that are not to be touched, and why. Everything that is not loaded has the values that it was
    constructed with. ``contents`` without stamps was read on another machine: the worker reads its own file under that path, when its
    tensors lie in the same places.
    """

    contents: CheckpointContents
    keys: Tuple[str, ...]
    container: str = ""
    left_out: Tuple[LoadedKey, ...] = ()
    how: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoadedCheckpoint:
    """What was loaded, key by key: those of the model in its order, then the unexpected ones.

    ``verified`` says that after loading each loaded value was compared with the file's, bit for bit where the dtype is the same and
    otherwise with what the conversion gives. ``bytes`` is what was read for loading. ``tree`` is the model's when lazy parameters got
    a shape by it, or parameters without data got some.
    """

    path: str
    keys: Tuple[LoadedKey, ...]
    verified: bool
    container: str = ""
    bytes: int = 0
    seconds: float = 0.0
    tree: Optional[ModuleTree] = None
