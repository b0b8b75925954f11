"""Which program opens a line of the source."""
