"""From a pace to breathe at to the beats of a breath, so that the tempo stays a calm one.

A breath of eight beats at 12 a minute would be music of 96; one of four is 48. As the pace slows,
the tempo falls with it until it would leave its range; then a breath gets more beats, and goes on.
"""

from __future__ import annotations

__all__ = ["FASTEST_BPM", "SLOWEST_BPM", "BreathBeats"]

SLOWEST_BPM, FASTEST_BPM = 40.0, 80.0  #: of music to breathe with
_BEATS = (2, 3, 4, 6, 8, 12)
_THERE = 0.05  #: breaths a minute from the pace, at which the music has come to it


class BreathBeats:
    """Chooses how many beats a breath has, and keeps to them while the tempo stays calm.

    At first they are those whose tempo is nearest below the one of the music.
    """

    def __init__(self) -> None:
        self.beats = 8  #: of a breath
        self.paces = False
        self.there = False  #: whether the music has come to the pace, and may swell

    def stop(self) -> None:
        """Forget the pace; the next one chooses anew.

        A breath keeps its beats until then, so that a swell that ebbs away never quickens.
        """
        self.paces = self.there = False

    def choose(self, pace_per_minute: float, tempo_bpm: float) -> bool:
        """Choose for a pace; return whether the beats of a breath that goes on have changed."""
        calm = [n for n in _BEATS if SLOWEST_BPM <= n * pace_per_minute <= FASTEST_BPM]
        before = self.beats
        if not self.paces:
            below = [n for n in calm if n * pace_per_minute <= tempo_bpm]
            self.beats = below[-1] if below else (calm or [before])[0]
            self.paces = True
            return False
        if calm and self.beats not in calm:
            self.beats = calm[0] if calm[0] > before else calm[-1]
        return self.there and self.beats != before

    def arrive(self, tempo_bpm: float, pace_per_minute: float) -> None:
        """Take in how fast the music is; once it is at the pace, it stays with it."""
        if abs(tempo_bpm / self.beats - pace_per_minute) <= _THERE:
            self.there = True
