"""The source of what is selected."""
