"""The way of a gradient over the calls: which layers it comes back through, where it ends, which it never reaches."""

from collections.abc import Mapping

from torchloupe.gui.marks import Mark
from torchloupe.wire.problems import Problem

ARRIVES, ENDS, NEVER = Mark("←", "gradient", "matched"), Mark("✂", "ends here", "error"), Mark("–", "no gradient", "muted")
NO_MARKS: Mapping[str, Mark] = {}


def gradient_marks(problem: Problem | None) -> Mapping[str, Mark]:
    """By module path, for the problem that is selected; none for one without a way."""
    path = problem.data.get("gradient_path") if problem is not None else None
    if not isinstance(path, dict):
        return NO_MARKS
    marks = dict.fromkeys(map(str, path.get("unreached", ())), NEVER)
    marks.update(dict.fromkeys(map(str, path.get("arrives", ())), ARRIVES))
    return {**marks, str(path.get("layer", "")): ENDS}
