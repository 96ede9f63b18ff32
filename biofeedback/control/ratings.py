"""What a person says about how they feel: a scale's name and a number on it."""

from __future__ import annotations

from biofeedback.common.errors import CommandError

__all__ = ["SCALES", "parse_rating"]

#: scale -> its ends. Arousal and valence are those of the self-assessment manikin, of nine steps
#: (Bradley and Lang 1994): 1 calm or unpleasant, 9 excited or pleasant. The others are our own.
SCALES = {"relaxation": (0, 10), "distress": (0, 10), "arousal": (1, 9), "valence": (1, 9)}


def parse_rating(text: str) -> tuple[str, float]:
    """Return scale and value of "relaxation=7" or "valence=2"; raise `CommandError`."""
    scale, _, value = (part.strip() for part in text.partition("="))
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    low, high = SCALES.get(scale, (1, 0))
    if not low <= number <= high:
        known = ", ".join(f"{name} {low} to {high}" for name, (low, high) in SCALES.items())
        raise CommandError(
            f"rating {text!r} is not understood",
            hint=f"A scale and a number on it ({known}): relaxation=7.",
        )
    return scale, number
