"""What is said of a body beside its numbers, each in one plain sentence."""

from __future__ import annotations

from typing import Literal

__all__ = ["NOTE_WORDS", "Note"]

Note = Literal["skin_silent", "heart_silent"]

NOTE_WORDS: dict[Note, str] = {
    "skin_silent": "Your skin hardly answers here, so the heart leads where it is measured.",
    "heart_silent": "Your heart rate hardly changes here, so the skin leads where it is measured.",
}
