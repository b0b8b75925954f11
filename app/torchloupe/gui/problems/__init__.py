"""The list of everything that is wrong."""
