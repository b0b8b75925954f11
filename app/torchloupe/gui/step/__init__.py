"""The Step tab: what the last training step did to each parameter."""
