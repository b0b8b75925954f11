"""What the worker, the user's code and the app said."""
