"""Recordings of other programs and devices."""
