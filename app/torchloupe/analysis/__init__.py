"""Pure answers: wire data in, dataclasses out. No files, no torch, no Qt, no clock.

Both skins and the worker share what is decided here, so it runs on Python 3.9.
"""
