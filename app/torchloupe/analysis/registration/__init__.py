"""What a model holds unregistered, and what its construction and its forward pass show of that: facts in, problems out."""
