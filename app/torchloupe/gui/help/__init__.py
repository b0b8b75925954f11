"""What keys there are, and what this program is."""
