"""What a person prefers, in one dialog."""
