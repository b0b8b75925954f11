"""Two runs beside each other: the first call that differs."""
