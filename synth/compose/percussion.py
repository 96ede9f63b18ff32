"""A soft groove: strokes of percussion, taken up one by one as a bar grows denser."""

from __future__ import annotations

from synth.compose.context import BarContext, DraftNote
from synth.compose.rhythm import METRIC_WEIGHTS
from synth.params import Layer

__all__ = ["BACKBEAT", "KICK", "MARACAS", "PULSE", "SHAKER", "SIDE_STICK", "groove"]

KICK, SIDE_STICK, MARACAS, SHAKER = 36, 37, 70, 82  #: General MIDI percussion keys

# (sixteenth, key) in the order in which a denser groove takes them up.
PULSE = (
    (0, KICK), (8, KICK), (4, SHAKER), (12, SHAKER), (4, SIDE_STICK), (2, SHAKER), (10, SHAKER),
    (6, SHAKER), (14, SHAKER), (12, SIDE_STICK), (0, SHAKER), (8, SHAKER), (7, MARACAS),
    (15, MARACAS), (3, MARACAS), (11, MARACAS), (1, MARACAS), (5, MARACAS), (9, MARACAS),
    (13, MARACAS), (10, KICK), (6, KICK), (0, SIDE_STICK), (8, SIDE_STICK),
)  # fmt: skip
BACKBEAT = (
    (0, KICK), (4, SIDE_STICK), (12, SIDE_STICK), (10, KICK), (2, SHAKER), (6, SHAKER),
    (14, SHAKER), (8, SHAKER), (0, SHAKER), (4, SHAKER), (12, SHAKER), (10, SHAKER), (7, KICK),
    (15, MARACAS), (3, MARACAS), (11, MARACAS), (7, MARACAS), (13, MARACAS), (5, MARACAS),
    (9, MARACAS), (1, MARACAS), (8, KICK), (15, SIDE_STICK), (7, SIDE_STICK),
)  # fmt: skip
_FILL = ((14, SIDE_STICK), (15, SHAKER))


def groove(
    context: BarContext, *, onsets: int, pattern: tuple[tuple[int, int], ...] = PULSE
) -> list[DraftNote]:
    """Return the bar's strokes, the first `onsets` of a pattern of (sixteenth, key).

    A phrase's last bar ends with a small fill if there is room.

    Parameters
    ----------
    context
        The bar to fill.
    onsets
        How many notes may start in the bar.
    pattern
        (sixteenth, General MIDI key), in the order in which a denser groove takes them up.

    Returns
    -------
    list[DraftNote]
        In order of time, each a sixteenth long.
    """
    strokes = list(pattern[:onsets])
    if context.place.last and onsets >= 8:
        strokes[-2:] = _FILL
    return [
        DraftNote(cell / 4, 0.25, key, 0.25 + 0.45 * METRIC_WEIGHTS[cell], Layer.PERCUSSION)
        for cell, key in sorted(dict.fromkeys(strokes))
    ]
