"""What fails in a run, written to a folder of its own and tried in a fresh process."""
