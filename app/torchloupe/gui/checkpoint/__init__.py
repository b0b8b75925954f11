"""Everything that lies in a checkpoint."""
