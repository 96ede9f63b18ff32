"""The beats of a sliding window, and what their exact sums say."""

from __future__ import annotations

import math
from collections.abc import Iterator

from biofeedback.metrics.base import Reading, covered_share, freshness, graded
from biofeedback.metrics.beat_trail import TICKS_PER_MS, BeatTrail, TrailEntry
from biofeedback.metrics.beats import Beat

__all__ = ["STUCK_STEPS", "BeatWindow"]

#: Hearts vary: the most equal intervals in a row are 12 in 17 hours of a wristband that rounds to
#: 1/64 s (Stress-Predict). After so many the sensor is stuck, and says nothing.
STUCK_STEPS = 24


class BeatWindow:
    """The beats of the last `window_s` seconds: those that end after `now - window_s`.

    It looks at the end of a `trail` that others may share. Values describe the beats that were
    there at the latest `advance`, and those that came since.

    Parameters
    ----------
    window_s
        Length of the window; infinite for all beats there ever were.
    trail
        Whose end it looks at; None for one of its own, which `add` feeds.
    """

    def __init__(self, window_s: float, trail: BeatTrail | None = None) -> None:
        self.window_s = window_s
        self._trail = BeatTrail() if trail is None else trail
        self._before = self._trail.last  #: the latest beat that has left the window
        self._first: TrailEntry | None = None  #: the first NN of the window, once it is known
        self._graded_of: tuple[float, float, int, int] | None = (
            None  #: what coverage and trust hold for
        )
        self._graded = (0.0, 0.0)

    @property
    def has_seen_beats(self) -> bool:
        """Whether there ever was a beat."""
        return self._trail.last.beats > 0

    @property
    def changes(self) -> int:
        """A number that grows with every change of the content."""
        return self._trail.last.beats + self._before.beats

    def feed(self, beat: Beat) -> None:
        """Take in the next beat of a trail that belongs to this window alone.

        Parameters
        ----------
        beat
            Not before the last one.
        """
        self._trail.feed(beat)
        self.step(beat.time_s)

    def step(self, now_s: float) -> None:
        """Let go of the beats that have left the window.

        Parameters
        ----------
        now_s
            Session time at which the window ends.
        """
        before, oldest_s = self._before, now_s - self.window_s
        after = before.after
        if after is None or after.time_s > oldest_s:
            return
        while after is not None and after.time_s <= oldest_s:
            before, after = after, after.after
        self._before, self._first = before, None

    def keep_ends(self) -> None:
        """Let go of the beats between the first NN and the latest, which `nn_ms` alone needs.

        Of a window that nothing leaves, which would hold all beats there ever were.
        """
        first = self._first_nn()
        if first is not self._trail.last:
            self._before.after = first.after = None

    def mean_ms(self) -> float | None:
        """Return the mean NN interval, or None without any.

        Returns
        -------
        float | None
            In ms.
        """
        count = self._trail.last.nn - self._before.nn
        return (
            (self._trail.last.total - self._before.total) / (count * TICKS_PER_MS)
            if count
            else None
        )

    def sdnn_ms(self) -> float | None:
        """Return the sample standard deviation (n - 1) of NN, or None with fewer than two.

        Returns
        -------
        float | None
            In ms.

        References
        ----------
        Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
        """
        end, start = self._trail.last, self._before
        return _deviation_ms(
            end.nn - start.nn, end.total - start.total, end.squares - start.squares
        )

    def rmssd_ms(self) -> float | None:
        """Return the root mean square of steps between joined NN, or None without any.

        Returns
        -------
        float | None
            In ms.

        References
        ----------
        Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
        """
        end, start = self._trail.last, self._first_nn()
        steps = end.steps - start.steps
        if not steps:
            return None
        squares = end.step_squares - start.step_squares
        return math.sqrt(squares / (steps * TICKS_PER_MS * TICKS_PER_MS))

    def sd1_ms(self) -> float | None:
        """Return the spread of steps over sqrt(2), or None with fewer than two steps.

        Returns
        -------
        float | None
            In ms.

        References
        ----------
        Brennan et al. 2001, doi 10.1109/10.959330
        """
        end, start = self._trail.last, self._first_nn()
        squares = end.step_squares - start.step_squares
        return _deviation_ms(end.steps - start.steps, end.step_total - start.step_total, squares, 2)

    def sd2_ms(self) -> float | None:
        """Return the spread of sums of joined NN over sqrt(2), or None with fewer than two.

        Returns
        -------
        float | None
            In ms.

        References
        ----------
        Brennan et al. 2001, doi 10.1109/10.959330
        """
        end, start = self._trail.last, self._first_nn()
        squares = end.pair_squares - start.pair_squares
        return _deviation_ms(end.steps - start.steps, end.pair_total - start.pair_total, squares, 2)

    def pnn50_percent(self) -> float | None:
        """Return the share of steps above 50 ms, over steps + 1, or None without any step.

        Returns
        -------
        float | None
            0 to below 100.

        References
        ----------
        Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043
        """
        end, start = self._trail.last, self._first_nn()
        steps = end.steps - start.steps
        return 100.0 * (end.large - start.large) / (steps + 1) if steps else None

    def nn_ms(self) -> list[float]:
        """Return the NN intervals in order of time.

        Returns
        -------
        list[float]
            In ms; empty without any.
        """
        found, entry = [], self._before.after
        while entry is not None:
            if entry.is_nn:
                found.append(entry.rr / TICKS_PER_MS)
            entry = entry.after
        return found

    def reading(
        self, name: str, value: float | None, unit: str, now_s: float, contact: float
    ) -> Reading:
        """Return a value of these beats, graded by how they fill the window; worthless when stuck.

        Parameters
        ----------
        name
            Of the reading.
        value
            What the data in the window say; None for nothing.
        unit
            Of the value.
        now_s
            Session time at which the window ends.
        contact
            Trust in the contact with the skin, 0 to 1; scales the quality.

        Returns
        -------
        Reading
            Without a value where the window is covered by less than half.
        """
        of = now_s, contact, self._trail.last.beats, self._before.beats
        if of != self._graded_of:  # the same for all metrics that are read together
            silent_s = now_s - self._trail.last.time_s
            worth = 0.0 if self.still_s() else self._normal_share()
            trust = worth * freshness(silent_s, self.window_s) * contact
            self._graded_of, self._graded = of, (self.coverage(now_s), trust)
        return graded(name, value, unit, self.window_s, now_s, *self._graded)

    def coverage(self, now_s: float) -> float:
        """Return the share of the window that NN intervals fill, 0 to 1.

        Parameters
        ----------
        now_s
            Session time at which the window ends.

        Returns
        -------
        float
            0 without beats; what may still be on its way is not held against it.
        """
        return covered_share(self._covered_s(now_s), self.window_s, now_s - self._trail.last.time_s)

    def _covered_s(self, now_s: float) -> float:
        first, end = self._before.after, self._trail.last
        if first is None:
            return 0.0
        covered_s = (end.total - self._before.total) / (1000 * TICKS_PER_MS)
        if first.is_nn:
            start_s = first.time_s - first.rr / (1000 * TICKS_PER_MS)
            covered_s -= max(0.0, now_s - self.window_s - start_s)
        return covered_s

    def trust(self, now_s: float) -> float:
        """Return 0 to 1: the share of beats that needed no correction, fading with silence.

        Parameters
        ----------
        now_s
            Session time at which the window ends.

        Returns
        -------
        float
            0 without beats, and when intervals have long been exactly alike, as no heart's are.
        """
        return 0.0 if self.still_s() else self.rate_trust(now_s)

    def rate_trust(self, now_s: float) -> float:
        """Return what `trust` is, also when intervals are exactly alike.

        Parameters
        ----------
        now_s
            Session time at which the window ends.

        Returns
        -------
        float
            0 to 1.
        """
        return self._normal_share() * freshness(now_s - self._trail.last.time_s, self.window_s)

    def _normal_share(self) -> float:
        """Return the share of beats that needed no correction; 0 without any."""
        end, start = self._trail.last, self._before
        return 0.0 if end is start else (end.nn - start.nn) / (end.beats - start.beats)

    def still_s(self) -> float:
        """Return for how long intervals have been exactly alike; 0 unless for too long.

        Returns
        -------
        float
            In s; too long are `STUCK_STEPS` equal steps.
        """
        end = self._trail.last
        return end.still * end.rr / (1000 * TICKS_PER_MS) if end.still >= STUCK_STEPS else 0.0

    def _entries(self) -> Iterator[TrailEntry]:
        entry = self._before.after
        while entry is not None:
            yield entry
            entry = entry.after

    def _first_nn(self) -> TrailEntry:
        """Return the first NN of the window; the step to it started outside. Else the last beat."""
        if self._first is None:
            self._first = next((entry for entry in self._entries() if entry.is_nn), None)
        return self._trail.last if self._first is None else self._first


def _deviation_ms(n: int, total: int, squares: int, divisor: int = 1) -> float | None:
    """Return the sample standard deviation, its variance divided, from sums in ticks."""
    if n < 2:
        return None
    spread = n * squares - total * total
    return math.sqrt(spread / (divisor * n * (n - 1) * TICKS_PER_MS * TICKS_PER_MS))
