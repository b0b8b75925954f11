"""Choose the Python that runs the model."""
