"""An output that plays to nobody, for tests and for sessions without sound."""

from __future__ import annotations

from collections.abc import Mapping

from synth.output import NoteOff, NoteOn
from synth.params import MusicParams

__all__ = ["NullOutput"]


class NullOutput:
    """Remembers the last events that it was sent, the oldest forgotten first.

    Parameters
    ----------
    lookahead_s
        How long before its time an event is wanted.
    remember
        So many events at least; at most twice as many.

    Attributes
    ----------
    sent
        (due time in s, event) in order of sending.
    panics
        How often silence was asked for.
    """

    def __init__(self, *, lookahead_s: float = 0.0, remember: int = 10_000) -> None:
        self.lookahead_s = lookahead_s
        self.sent: list[tuple[float, NoteOn | NoteOff]] = []
        self.panics = 0
        self._remember = remember

    def open(self, t0_s: float) -> None:
        """Open nothing.

        Parameters
        ----------
        t0_s
            The monotonic clock at session time 0, in s.
        """

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Remember the event.

        Parameters
        ----------
        event
            A note's beginning or end.
        due_s
            When it is to happen, in session time.
        """
        self.sent.append((due_s, event))
        if len(self.sent) > 2 * self._remember:
            del self.sent[: self._remember]

    def set_params(self, params: MusicParams) -> None:
        """Ignore the colour.

        Parameters
        ----------
        params
            The colour asked for.
        """

    def set_volume(self, gain: float) -> None:
        """Ignore the loudness.

        Parameters
        ----------
        gain
            0 silent to 1 full.
        """

    def set_signals(self, values: Mapping[str, float]) -> None:
        """Ignore them: nothing here shows them.

        Parameters
        ----------
        values
            By name.
        """

    def panic(self) -> None:
        """Count the call."""
        self.panics += 1

    def check(self) -> None:
        """Nothing can go away."""

    def close(self) -> None:
        """Close nothing."""

    def health(self) -> dict[str, float]:
        """Return no counters.

        Returns
        -------
        dict[str, float]
            Empty.
        """
        return {}
