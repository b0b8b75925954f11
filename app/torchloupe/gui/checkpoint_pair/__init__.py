"""Two checkpoints side by side: their keys, and which weights moved between them."""
