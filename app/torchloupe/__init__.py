"""Torchloupe: a desktop inspector and debugger for PyTorch models."""

__version__ = "0.1.0"
