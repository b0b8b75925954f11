"""torchinfo's table of the open model."""
