"""What would stay behind if the model were moved."""
