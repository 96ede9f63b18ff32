"""What a player was told, and its successor has to be told to join at the next bar."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator

from synth.events import Cancel, Note
from synth.params import MusicParams
from synth.player import protocol
from synth.tempo_map import TempoMap, TempoSegment

__all__ = ["PlayerMemory"]

_KEPT_NOTES = 4096
_BAR_BEATS = 4.0


class PlayerMemory:
    """Keeps the tempo, the latest notes, and colour and loudness once they were set.

    Attributes
    ----------
    params
        The colour; None while it was not set.
    volume
        The loudness, 0 to 1; None while it was not set.
    """

    def __init__(self) -> None:
        self.params: MusicParams | None = None
        self.volume: float | None = None
        self._tempo_map = TempoMap(())
        self._notes: deque[Note] = deque(maxlen=_KEPT_NOTES)

    def tempo(self, segment: TempoSegment) -> None:
        """Remember how the music moves from the segment's time on.

        Parameters
        ----------
        segment
            Takes the place of those from its time on.
        """
        self._tempo_map = self._tempo_map.replaced(segment)

    def notes(self, notes: Iterable[Note]) -> None:
        """Remember notes, the oldest forgotten first.

        Parameters
        ----------
        notes
            4096 of them at most.
        """
        self._notes.extend(notes)

    def cancel(self, from_beat: float) -> None:
        """Forget the notes that begin at a beat or later.

        Parameters
        ----------
        from_beat
            In beats of the session.
        """
        kept = [note for note in self._notes if note.beat < from_beat]
        self._notes = deque(kept, maxlen=_KEPT_NOTES)

    def panic(self) -> None:
        """Forget all notes."""
        self._notes.clear()

    def messages(self, now_s: float) -> Iterator[bytes]:
        """Yield what tells a new process all it needs to join at the next bar.

        Parameters
        ----------
        now_s
            Session time.

        Yields
        ------
        bytes
            In the order in which they are to be sent.
        """
        for segment in self._tempo_map.segments:
            yield protocol.tempo(segment)
        if self.params is not None:
            yield protocol.params(self.params)
        if self.volume is not None:
            yield protocol.volume(self.volume)
        if self._tempo_map.segments:
            beat = self._tempo_map.beat_at(now_s)
            next_bar = math.ceil(beat / _BAR_BEATS) * _BAR_BEATS
            yield protocol.cancel(Cancel(next_bar))  # what came while the output opened
            yield protocol.notes(note for note in self._notes if note.beat >= next_bar)
