"""Histogram and statistics of one tensor."""
