"""What a person says about how they feel: a scale's name and a number from 0 to 10."""

from __future__ import annotations

from biofeedback.errors import CommandError

__all__ = ["SCALES", "parse_rating"]

SCALES = ("relaxation", "distress")


def parse_rating(text: str) -> tuple[str, float]:
    """Return scale and value of "relaxation=7" or "distress=2"; raise `CommandError`."""
    scale, _, value = (part.strip() for part in text.partition("="))
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if scale not in SCALES or not 0.0 <= number <= 10.0:
        raise CommandError(
            f"rating {text!r} is not understood",
            hint=f"A scale ({' or '.join(SCALES)}) and a number from 0 to 10: relaxation=7.",
        )
    return scale, number
