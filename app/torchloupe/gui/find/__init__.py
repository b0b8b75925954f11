"""Everything that is open, searched at once."""
