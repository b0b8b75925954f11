"""Everything about the one thing that is selected."""
