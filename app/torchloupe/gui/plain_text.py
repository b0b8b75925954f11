"""Sentences for places that show no markup: analysis puts `code` between backticks, as in Markdown."""


def plain_text(text: str) -> str:
    """The sentence without its backticks."""
    return text.replace("`", "")
