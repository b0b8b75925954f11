"""Runs in the user's Python: imports the target, constructs it, watches its forward pass, answers what is asked over the pipe.

Python 3.9 spelling, the standard library and torch; nothing of it is installed there, ``__main__.py`` is started by path.
"""
