"""Experiments on virtual listeners. They prove the controller, not a benefit."""
