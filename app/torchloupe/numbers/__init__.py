"""What stored values look like: decoded, summed up, sliced, compared. Imports numpy, so the skins import it when it is first needed."""
