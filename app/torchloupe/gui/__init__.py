"""The window: a skin over ``checkpoints``, ``analysis`` and ``session``. Never imports torch; plots are imported on first use."""
