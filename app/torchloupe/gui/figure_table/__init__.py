"""The table that says the same as a plot."""
