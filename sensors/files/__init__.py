"""Recordings: read from any known format, and played as if live."""

from sensors.files.open import read
from sensors.files.recording import Recording

__all__ = ["Recording", "read"]
