"""An output that plays to nobody, for tests and for sessions without sound."""

from __future__ import annotations

from collections.abc import Mapping

from synth.output import NoteOff, NoteOn
from synth.params import MusicParams

__all__ = ["NullOutput"]


class NullOutput:
    """Remembers the last events that it was sent, the oldest forgotten first."""

    def __init__(self, *, lookahead_s: float = 0.0, remember: int = 10_000) -> None:
        self.lookahead_s = lookahead_s
        self.sent: list[tuple[float, NoteOn | NoteOff]] = []
        self.panics = 0
        self._remember = remember

    def open(self, t0_s: float) -> None:
        """Open nothing."""

    def send(self, event: NoteOn | NoteOff, due_s: float) -> None:
        """Remember the event."""
        self.sent.append((due_s, event))
        if len(self.sent) > 2 * self._remember:
            del self.sent[: self._remember]

    def set_params(self, params: MusicParams) -> None:
        """Ignore the colour."""

    def set_volume(self, gain: float) -> None:
        """Ignore the loudness."""

    def set_signals(self, values: Mapping[str, float]) -> None:
        """Ignore them: nothing here shows them."""

    def panic(self) -> None:
        """Count the call."""
        self.panics += 1

    def check(self) -> None:
        """Nothing can go away."""

    def close(self) -> None:
        """Close nothing."""

    def health(self) -> dict[str, float]:
        """Return no counters."""
        return {}
