"""The calls of a forward pass, as they stream in."""
