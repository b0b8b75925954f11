"""How the next run is made: gradients, autocast, statistics, seed, time limit."""
