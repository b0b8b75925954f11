"""The sizes of the input that the model runs with."""
