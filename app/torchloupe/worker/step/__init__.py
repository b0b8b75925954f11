"""One training step, instrumented: run it, measure it, put everything back, and follow the gradient where it did not arrive."""
