"""Devices that need no code: what a profile may say, and how one is read."""
