"""Point at a model: which class or factory, which arguments."""
