"""Which of several state_dicts belongs to a model: those in one file, and those in the files of a folder."""

from collections import Counter
from dataclasses import dataclass, replace
from math import prod
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from ..wire.contents import CheckpointContents
from ..wire.errors import CheckpointError
from .containers import OPTIMIZER, PREFERRED, containers_of, keys_of_container
from .diff_rows import MISSING, UNEXPECTED, KeyEntry
from .explained import AS_IT_IS, CONVERSION, UNDER_ANOTHER, Explained, explained, percent_text
from .key_prefixes import overlap
from .state_dict_diff import state_dict_diff
from .wording import counted

WORTH_SOLVING = 0.3
"""Below this share of like shapes nothing is to be found by solving the mapping."""
LOOKED_AT = 5
"""The mapping of so many is solved, the likeliest first."""
_BELONGS = 0.99
_WORTH = {AS_IT_IS: 1.0, UNDER_ANOTHER: 0.99, CONVERSION: 0.9}
"""Of two that explain as much the one that needs less is the likelier."""
_SECOND, _MOSTLY = 0.02, 0.5


@dataclass(frozen=True)
class Fit:
    """A state_dict: in the file ``path`` the mapping ``container``, with so many ``tensors``.

    ``shapes`` is the share of the model's numbers for which there is a tensor of the same sizes, ``names`` that of its keys which are
    there in name and shape, as they are or under one prefix. ``told`` is what the whole mapping explains, ``missing`` and
    ``unexpected`` how many keys it leaves; None while it was not solved.
    """

    path: str
    container: str
    tensors: int
    shapes: float
    names: float
    told: Optional[Explained] = None
    missing: int = 0
    unexpected: int = 0

    @property
    def share(self) -> float:
        """How much of the model it explains, 0 to 1, as far as that is known."""
        if self.told is None:
            return max(self.names, self.shapes if self.shapes < 1 else 0.99) * 0.5
        return self.told.explained.numbers / max(1, self.told.whole.numbers)


def fits_of(contents: CheckpointContents, expected: Sequence[KeyEntry]) -> List[Fit]:
    """A first look at every mapping of a checkpoint but those of optimizers."""
    found = []
    for each in containers_of(contents):
        if each.kind != OPTIMIZER:
            keys = keys_of_container(contents, each.path)
            names = overlap(expected, keys) / max(1, len(expected))
            found.append(Fit(contents.path, each.path, each.tensor_count, shapes_alike(expected, keys), names))
    return found


def also_fitting(contents: CheckpointContents, container: str, expected: Sequence[KeyEntry]) -> List[str]:
    """Other mappings of the checkpoint whose keys fit as well as those of ``container``: averaged weights beside the last ones."""
    names = {fit.container: fit.names for fit in fits_of(contents, expected)}
    here = names.get(container, 0.0)
    return [each for each, share in names.items() if each != container and share >= max(here - _SECOND, _MOSTLY)]


def also_text(container: str, others: Sequence[str]) -> str:
    """``Compared with model; ema fits as well.``; empty where nothing else does."""
    if not others:
        return ""
    shown = ", ".join(each or "the top of the file" for each in others)
    return f"Compared with {container or 'the top of the file'}; {shown} {'fits' if len(others) == 1 else 'fit'} as well."


def shapes_alike(expected: Sequence[KeyEntry], found: Sequence[KeyEntry]) -> float:
    """The share of the expected numbers for which a tensor of the same sizes is there; each tensor serves once."""
    have = Counter(_sizes(entry) for entry in found)
    whole = alike = 0
    for entry in expected:
        sizes, numbers = _sizes(entry), prod(entry.shape)
        whole += numbers
        if have[sizes]:
            have[sizes] -= 1
            alike += numbers
    return alike / whole if whole else 0.0


def _sizes(entry: KeyEntry) -> Tuple[int, ...]:
    return tuple(sorted(size for size in entry.shape if size != 1))


def solved_fit(fit: Fit, contents: CheckpointContents, expected: Sequence[KeyEntry], unsaved: Sequence[KeyEntry] = ()) -> Fit:
    """The same after the whole mapping was solved."""
    diff = state_dict_diff(expected, keys_of_container(contents, fit.container), unsaved=unsaved)
    return replace(fit, told=explained(diff), missing=diff.counts[MISSING], unexpected=diff.counts[UNEXPECTED])


def ranked(fits: Sequence[Fit]) -> List[Fit]:
    """The one that explains the most first; of equals the one that does so under its own names and leaves the least over."""
    return sorted(fits, key=_rank)


def _rank(fit: Fit) -> Tuple[object, ...]:
    ways = fit.told.ways if fit.told else {}
    plain = sum(share.numbers * _WORTH.get(way, 0.0) for way, share in ways.items()) / max(
        1, fit.told.whole.numbers if fit.told else 1
    )
    name = fit.container.rpartition(".")[2]
    usual = PREFERRED.index(name) if name in PREFERRED else len(PREFERRED)
    return -round(fit.share, 4), -round(plain, 4), -fit.names, fit.missing + fit.unexpected, usual, fit.path


def ranked_files(
    files: Sequence[str],
    read: Callable[[str], CheckpointContents],
    model: Tuple[Sequence[KeyEntry], Sequence[KeyEntry]],
    progress: Callable[[int, int, str], object],
) -> Tuple[List[Fit], List[str]]:
    """All state_dicts of some files in their rank, and a sentence for each file that ``read`` could not read. ``model`` are its keys,
    and those of the buffers that it does not save.
    """
    contents: Dict[str, CheckpointContents] = {}
    fits: List[Fit] = []
    notes: List[str] = []
    for number, file in enumerate(files):
        progress(number, len(files), file)
        try:
            contents[file] = read(file)
        except CheckpointError as error:
            notes.append(f"{file}: {error}")
        else:
            fits += [replace(fit, path=file) for fit in fits_of(contents[file], model[0])]
    solved = {}
    for fit in worth_solving(fits):
        progress(len(files), len(files), fit_name(fit))
        solved[fit.path, fit.container] = solved_fit(fit, contents[fit.path], *model)
    return ranked([solved.get((fit.path, fit.container), fit) for fit in fits]), notes


def worth_solving(fits: Sequence[Fit]) -> List[Fit]:
    """Those whose mapping may be worth the time, the likeliest first."""
    likely = [fit for fit in fits if max(fit.shapes, fit.names) >= WORTH_SOLVING]
    return sorted(likely, key=lambda fit: (-max(fit.shapes, fit.names), -fit.names))[:LOOKED_AT]


def fit_text(fit: Fit) -> str:
    """``100 % explained, 62 tensors as they are``; what is missing and left over, where something is."""
    if fit.told is None:
        return f"{percent_text(round(1000 * fit.shapes), 1000)} of the shapes"
    whole = fit.told.whole.numbers
    parts = [f"{percent_text(fit.told.explained.numbers, whole)} explained"]
    ways = {way: share.numbers for way, share in fit.told.ways.items() if share.numbers}
    parts += [f"{percent_text(numbers, whole)} {way}" for way, numbers in ways.items()] if list(ways) != [AS_IT_IS] else []
    parts += [f"{counted(fit.unexpected, 'key')} left over"] if fit.unexpected else []
    return ", ".join(parts)


def verdict(fits: Sequence[Fit], model: str) -> str:
    """Which one belongs to the model, in a sentence; ``fits`` are ranked."""
    if not fits or fits[0].share < WORTH_SOLVING:
        return f"None of them belongs to {model}."
    first = fits[0]
    if first.told is None or first.share < _BELONGS:
        return f"{fit_name(first)} fits {model} best, and not wholly."
    equal = [
        fit
        for fit in fits[1:]
        if fit.told is not None and first.share - fit.share < _SECOND and fit.names >= first.names - _SECOND
    ]
    if equal:
        others = f"{counted(len(equal), 'other fits', 'others fit')} as well, such as {fit_name(equal[0])}"
        return f"{fit_name(first)} belongs to {model}, and {others}."
    return f"{fit_name(first)} belongs to {model}."


def fit_name(fit: Fit) -> str:
    """``model of last.pt``, ``last.pt``."""
    name = fit.path.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return f"{fit.container} of {name}" if fit.container else name


def fit_object(fit: Fit) -> Dict[str, object]:
    """The same as plain JSON values."""
    told = {way: share.numbers for way, share in fit.told.ways.items()} if fit.told else None
    plain: Dict[str, object] = {"file": fit.path, "container": fit.container, "tensors": fit.tensors}
    plain.update({"shapes": round(fit.shapes, 4), "names": round(fit.names, 4)})
    if told is not None:
        plain.update({"explained": round(fit.share, 6), "ways": told, "missing": fit.missing, "unexpected": fit.unexpected})
    return plain
