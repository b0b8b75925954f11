"""The numbers of a run over its depth."""
