"""Bytes to values, without a radio."""
