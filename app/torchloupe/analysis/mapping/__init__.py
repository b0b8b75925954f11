"""The whole mapping between two lists of keys that are called otherwise: units, their likeness, rounds of assignment, rules."""
