"""Which checkpoint of a folder belongs to the open model."""
