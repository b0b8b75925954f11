"""Notes and bookmarks on what is open, in one list."""
