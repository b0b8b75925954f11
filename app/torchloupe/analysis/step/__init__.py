"""What an instrumented training step means: why a weight did not move, and what is wrong with the step as a whole."""
