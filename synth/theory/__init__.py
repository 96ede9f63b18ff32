"""Pitches, scales, keys and chords; all of it immutable."""
