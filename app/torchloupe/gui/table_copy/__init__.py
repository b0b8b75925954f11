"""The dialog that copies a table or saves it."""
