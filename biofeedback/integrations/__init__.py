"""A running session, handed on to other programs."""
