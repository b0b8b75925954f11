"""Train against eval mode."""
