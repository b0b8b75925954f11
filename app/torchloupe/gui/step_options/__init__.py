"""How the next training step is made: loss, target, optimizer, number of steps."""
