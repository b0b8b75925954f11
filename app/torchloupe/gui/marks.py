"""How a state is said without colour: a glyph and a word. The colour comes from ``theme``, by the role beside them."""

from dataclasses import dataclass

from torchloupe.wire.problems import ERROR, INFO, WARNING


@dataclass(frozen=True)
class Mark:
    """``glyph`` and ``word`` are shown together, ``role`` names the colour."""

    glyph: str
    word: str
    role: str

    @property
    def text(self) -> str:
        """What a cell shows."""
        return f"{self.glyph} {self.word}"


SEVERITY_MARKS = {
    ERROR: Mark("✖", "error", "error"),
    WARNING: Mark("▲", "warning", "warning"),
    INFO: Mark("●", "info", "info"),
}

REPAIRED = Mark("✓", "repaired", "matched")
"""Of a problem that a trial did away with."""

VERDICT_MARKS = {
    "dangerous": Mark("✖", "dangerous", "error"),
    "unknown": Mark("?", "unknown", "warning"),
    "harmless": Mark("✓", "harmless", "matched"),
}

CALL_MARKS = {
    "done": Mark("✓", "done", ""),
    "failed": Mark("✖", "failed", "error"),
    "unfinished": Mark("◌", "unfinished", "muted"),
    "assumed": Mark("◌", "assumed", "muted"),
}

DIFF_MARKS = {
    "matched": Mark("=", "matched", "matched"),
    "missing": Mark("−", "missing", "missing"),
    "unexpected": Mark("+", "unexpected", "unexpected"),
    "shape": Mark("≠", "shape", "shape"),
    "dtype": Mark("≠", "dtype", "warning"),
    "renamed": Mark("→", "renamed", "accent"),
    "transposed": Mark("⇄", "transposed", "accent"),
    "reshaped": Mark("⇄", "reshaped", "accent"),
    "resized": Mark("↕", "resized", "accent"),
    "tied": Mark("∞", "tied", "muted"),
    "buffer": Mark("+", "buffer", "muted"),
    "fused": Mark("⊕", "fused", "accent"),
    "split": Mark("⊘", "split", "accent"),
}
