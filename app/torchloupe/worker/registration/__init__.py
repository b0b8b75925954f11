"""What is registered and what is not: the facts, by walking instances, by watching the constructor, and by running forward."""
