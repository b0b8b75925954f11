"""Components that wrapping a module puts into the keys of everything below it, at any depth: ``module``, ``_orig_mod``."""

from dataclasses import dataclass
from typing import Dict, Iterable, List, Tuple

from .diff_rows import KeyEntry
from .key_prefixes import Keys

MADE_BY = {
    "module": "DataParallel or DistributedDataParallel",
    "_orig_mod": "torch.compile",
    "_fsdp_wrapped_module": "FSDP",
    "_checkpoint_wrapped_module": "activation checkpointing",
    "base_layer": "PEFT",
}


@dataclass(frozen=True)
class WrapperRule:
    """The keys agree without these components: ``found`` are those in the checkpoint's keys, ``expected`` in the model's."""

    found: Tuple[str, ...]
    expected: Tuple[str, ...]

    @property
    def how(self) -> str:
        """The rule in a few words: ``without _orig_mod``."""
        return "without " + ", ".join(dict.fromkeys(self.found + self.expected))


def wrapper_rule(expected: Iterable[str], found: Iterable[str]) -> WrapperRule:
    """The rule for keys of both sides that agree without their wrappers."""
    return WrapperRule(_wrappers_in(found), _wrappers_in(expected))


def has_wrapper(key: str) -> bool:
    """Does the key go through a wrapper?"""
    return any(name in key for name in MADE_BY) and not MADE_BY.keys().isdisjoint(key.split("."))


def without_wrappers(key: str) -> str:
    """``a.module.b.weight`` gives ``a.b.weight``."""
    return ".".join(part for part in key.split(".") if part not in MADE_BY)


def unwrapped(keys: Keys) -> Dict[str, KeyEntry]:
    """The entries by their key without wrappers; keys that would become one are left out."""
    bare_keys: Dict[str, List[KeyEntry]] = {}
    for entry in keys.values():
        bare_keys.setdefault(without_wrappers(entry.key), []).append(entry)
    return {bare: entries[0] for bare, entries in bare_keys.items() if len(entries) == 1}


def makers_of(names: Iterable[str]) -> Tuple[str, ...]:
    """Who leaves such components behind, each once."""
    return tuple(dict.fromkeys(MADE_BY[name] for name in names if name in MADE_BY))


def _wrappers_in(keys: Iterable[str]) -> Tuple[str, ...]:
    parts = {part for key in keys for part in key.split(".")}
    return tuple(name for name in MADE_BY if name in parts)
