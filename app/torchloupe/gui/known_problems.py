"""What is known to be wrong, by where it came from, and all of it as one list."""

from collections.abc import Callable, Sequence

from torchloupe.analysis.diff_rows import StateDictDiff
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem

Problems = tuple[Problem, ...]


class KnownProblems:
    """Those of the model's construction, of the last run, of a closer look after it (``later``), of the diff with the checkpoint."""

    def __init__(self) -> None:
        self.model: Problems = ()
        self._run: Problems = ()
        self._weighed: Problems = ()
        self._keys: StateDictDiff | None = None
        self._tree: ModuleTree | None = None
        self.later: Problems = ()
        self.diff: Problems = ()
        self._opening: dict[str, Problems] = {}

    @property
    def run(self) -> Problems:
        """Those of the last run, with what the open checkpoint says of them."""
        return self._weighed

    @run.setter
    def run(self, problems: Problems) -> None:
        self._run = tuple(problems)
        self.weigh(self._keys, self._tree)

    def weigh(self, keys: StateDictDiff | None, tree: ModuleTree | None) -> None:
        """How the keys of the open checkpoint are those of the open model, of which this is the tree."""
        self._keys, self._tree = keys, tree
        self._weighed = _with_evidence(self._run, keys, tree) if self._run else ()

    def listed(self, of_step: Callable[[Sequence[Problem]], Sequence[Problem]]) -> Problems:
        """What could not be opened first, then those of the run; ``of_step`` says what a training step adds to what is found."""
        opening = tuple(problem for problems in self._opening.values() for problem in problems)
        found = self.run + self.model + self.later
        everything = (*opening, *found, *of_step(found), *self.diff)
        return _sharpest(everything) if everything else ()

    def found_later(self, problems: Sequence[Problem], listed: Problems) -> Problems:
        """What a closer look found and what is not ``listed`` already."""
        known = set(map(_about, listed))
        self.later = tuple(problem for problem in problems if _about(problem) not in known)
        return self.later

    def of_opening(self, origin: str, problems: Sequence[Problem]) -> bool:
        """What is wrong with opening ``origin``, a checkpoint or a target; whether that is news."""
        is_news = self._opening.get(origin, ()) != tuple(problems)
        self._opening[origin] = tuple(problems)
        return is_news


def _with_evidence(problems: Problems, keys: StateDictDiff | None, tree: ModuleTree | None) -> Problems:
    from torchloupe.analysis.weight_evidence import with_evidence  # after the first picture

    return with_evidence(problems, keys, tree)


def _sharpest(problems: Problems) -> Problems:
    from torchloupe.analysis.numerics import sharpest  # after the first picture

    return tuple(sharpest(problems))


def _about(problem: Problem) -> tuple[object, ...]:
    """The same for two problems that complain of one thing."""
    return problem.code, problem.module, problem.attribute or problem.parameter or problem.line
