"""The tree of modules with their parameters and buffers."""
