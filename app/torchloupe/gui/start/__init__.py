"""The start page: open something, try the example, go on with a recent file."""
