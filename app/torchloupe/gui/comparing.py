"""The checkpoint against the model, or against another checkpoint: which of its mappings is meant, and how the keys differ.

Apart from the workbench, because the analysis behind it is imported when something is open, not before the window's first picture.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from torchloupe.analysis.containers import keys_of_container, keys_of_tree, model_container, unsaved_keys
from torchloupe.analysis.explained import Explained, explained
from torchloupe.analysis.fitting import also_fitting, also_text
from torchloupe.analysis.mapping_edits import still_there
from torchloupe.analysis.optimizer_fit import optimizer_problems
from torchloupe.analysis.state_dict_diff import StateDictDiff, diff_problems, state_dict_diff
from torchloupe.analysis.value_pairs import value_pairs
from torchloupe.gui.jobs import Progress
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import OpenedTarget

AT_ONCE_KEYS = 400
"""Up to so many keys on both sides together the comparison takes less than a blink, also when the mapping is solved, and needs no
thread."""


@dataclass(frozen=True)
class Comparison:
    """What a comparison gave: the mapping of the checkpoint that is the model's state_dict, how its keys differ, what is wrong, how
    much of the model is explained, and which other mappings fit as well."""

    contents: CheckpointContents
    model: OpenedTarget | None
    container: str
    diff: StateDictDiff | None = None
    problems: tuple[Problem, ...] = ()
    explained: Explained | None = None
    also: str = ""


@dataclass(frozen=True)
class CompareKeys:
    """Job: compare a checkpoint with a model (if there is one). ``container`` None: find out which mapping is meant. ``locked`` is what
    a person has decided, see ``MappingEdits``."""

    contents: CheckpointContents
    model: OpenedTarget | None
    container: str | None = None
    locked: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, _progress: Progress | None = None) -> Comparison:
        expected = keys_of_tree(self.model.tree) if self.model else ()
        container = model_container(self.contents, expected) if self.container is None else self.container
        if self.model is None:
            return Comparison(self.contents, None, container)
        found = keys_of_container(self.contents, container)
        diff = state_dict_diff(expected, found, still_there(self.locked, expected, found), unsaved_keys(self.model.tree))
        also = also_text(container, also_fitting(self.contents, container, expected))
        problems = (*diff_problems(diff), *optimizer_problems(self.contents, self.model.tree))
        return Comparison(self.contents, self.model, container, diff, problems, explained(diff), also)

    @property
    def is_large(self) -> bool:
        """It takes long enough to be done on a thread."""
        return len(self.contents.tensors) + (len(self.model.tree.parameters) if self.model else 0) > AT_ONCE_KEYS

    @property
    def first_guess(self) -> str:
        """The mapping with the most tensors, until the answer is there."""
        counts = Counter(map(attrgetter("container"), self.contents.tensors))
        return self.container if self.container is not None else max(counts, key=counts.__getitem__, default="")


@dataclass(frozen=True, eq=False)
class CheckpointPair:
    """Two checkpoints side by side: ``expected`` is the open one, ``found`` the other, each with the mapping that is compared.

    ``pairs`` are the tensors whose values can be compared.
    """

    expected: CheckpointContents
    container: str
    found: CheckpointContents
    found_container: str
    diff: StateDictDiff
    pairs: tuple[tuple[StoredTensor, StoredTensor], ...]

    def is_of(self, expected: CheckpointContents | None, container: str, found: CheckpointContents | None) -> bool:
        """It is about these and no others."""
        return self.expected is expected and self.container == container and self.found is found


@dataclass(frozen=True)
class PairKeys:
    """Job: compare the keys of two checkpoints. Of the other one the mapping is taken that is most like ``container``."""

    expected: CheckpointContents
    container: str
    found: CheckpointContents

    def __call__(self, _progress: Progress | None = None) -> CheckpointPair:
        wanted = keys_of_container(self.expected, self.container)
        found_container = model_container(self.found, wanted)
        diff = state_dict_diff(wanted, keys_of_container(self.found, found_container))
        pairs = value_pairs(diff, self.expected, self.container, self.found, found_container)
        return CheckpointPair(self.expected, self.container, self.found, found_container, diff, tuple(pairs))

    @property
    def is_large(self) -> bool:
        """It takes long enough to be done on a thread."""
        return len(self.expected.tensors) + len(self.found.tensors) > AT_ONCE_KEYS
