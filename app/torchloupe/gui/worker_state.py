"""The states of the worker in words and as a glyph, the same wherever they are shown."""

STATE_GLYPHS = {"stopped": "○", "starting": "◌", "ready": "●", "busy": "◐", "died": "✖"}
_WORDS = {"stopped": "not started", "starting": "starting …", "ready": "ready", "busy": "busy", "died": "ended"}


def state_text(state: str) -> str:
    """A state in words."""
    return _WORDS.get(state, state)


def seconds_text(seconds: float) -> str:
    """How long something has lasted, in the largest two units: ``12 s``, ``3 min 5 s``, ``2 h 10 min``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
