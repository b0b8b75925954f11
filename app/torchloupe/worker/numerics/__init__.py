"""One pass in which the values are watched, and the same input in both modes."""
