"""What somebody asked for on a command line, so that it can be handed to a window that is open already."""

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from torchloupe.analysis.target_source import split_target
from torchloupe.analysis.tensor_place import tensor_place


@dataclass(frozen=True)
class Wish:
    """``paths`` are files and targets; ``goto`` a module, parameter or tensor, ``index`` a part of that tensor. ``compare``: the files are
    put beside each other, or one beside the open one. ``token`` lets the window rise on Wayland."""

    paths: tuple[str, ...] = ()
    goto: str = ""
    index: str = ""
    compare: bool = False
    new_window: bool = False
    python: str = ""
    theme: str = ""
    token: str = ""

    @property
    def is_beside(self) -> bool:
        """What is named, or still to be chosen, goes beside what is open."""
        return self.compare and len(self.paths) < 2

    def as_text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


def wish_of_text(text: str) -> Wish:
    """What ``as_text`` wrote; what it does not know is left out. Raises ``ValueError``."""
    plain = json.loads(text)
    if not isinstance(plain, dict):
        raise ValueError("A wish is a JSON object.")
    known = {field.name: plain[field.name] for field in fields(Wish) if field.name in plain}
    paths = known.pop("paths", ())
    wrong = [name for name, value in known.items() if not isinstance(value, type(getattr(Wish(), name)))]
    if wrong or not isinstance(paths, list) or not all(isinstance(path, str) for path in paths):
        raise ValueError(f"{', '.join(wrong) or 'paths'}: not what a wish holds.")
    return replace(Wish(tuple(paths)), **known)


def wish_of_words(words: list[str], folder: Path, **more: Any) -> Wish:
    """The wish behind files and targets that were named in a folder: ``file.pt::key[0,:]`` names a tensor, too."""
    wish = Wish(**more)
    paths = []
    for word in words:
        place = tensor_place(word)
        if place.key and not os.path.exists(folder / word):
            word = place.file
            wish = replace(wish, goto=wish.goto or place.key, index=wish.index or place.index)
        paths.append(_absolute(word, folder))
    return replace(wish, paths=tuple(paths))


def _absolute(word: str, folder: Path) -> str:
    """A file with its folder; a target by its import path as it is."""
    place, name = split_target(word)
    for part, rest in ((word, ""), (place, f":{name}" if name else "")):
        if os.path.exists(folder / part):
            return os.path.abspath(folder / part) + rest
    return word


def is_imported(word: str) -> bool:
    """A target by its import path: which module that is depends on the folder in which it was said."""
    return not os.path.isabs(word)
