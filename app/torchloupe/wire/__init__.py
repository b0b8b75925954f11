"""What crosses the pipe between the window (or the command line) and the worker: frozen plain data, codec, stream.

Standard library only, Python 3.9 spelling: these files also run in the user's interpreter.
"""
