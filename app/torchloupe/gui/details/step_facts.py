"""What the last step did to a parameter, and why to one that did not move."""

from torchloupe.analysis.step.motion_series import state_of
from torchloupe.analysis.step.wording import BUFFER, group_text, moved_text, percent_text, why_text
from torchloupe.analysis.wording import number_text
from torchloupe.gui.details.model import Fact, Section
from torchloupe.gui.motion_columns import MARKS, ROLES
from torchloupe.gui.source_places import SourcePlace, place
from torchloupe.wire.steps import ParameterMotion


def step_sentences(motion: ParameterMotion | None) -> tuple[str, ...]:
    """The cause, and what came of taking it away."""
    return tuple(text for text in (why_text(motion), motion.proof) if text) if motion is not None else ()


def step_sections(motion: ParameterMotion | None) -> list[Section]:
    """How far it moved, with the norms behind that; nothing before a step."""
    if motion is None:
        return []
    state = state_of(motion)
    norms = (("Weight norm", motion.weight_norm), ("Update norm", motion.update_norm), ("Gradient norm", motion.grad_norm))
    facts = [Fact("Moved", MARKS[state] + moved_text(motion), ROLES[state] or "")]
    facts += [Fact(name, number_text(value)) for name, value in norms if value is not None]
    facts += [Fact("Changed", percent_text(motion.changed_fraction))] if motion.changed_fraction is not None else []
    facts += [Fact("Group", group_text(motion))] if motion.reason != BUFFER else []
    return [Section("In the last step", tuple(facts))]


def cause_place(motion: ParameterMotion | None) -> tuple[SourcePlace, ...]:
    """The line of the cause."""
    return place("The cause", motion.file, motion.line) if motion is not None and motion.line else ()
