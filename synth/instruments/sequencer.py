"""Timed events find their sample in the stream of blocks."""

from __future__ import annotations

import heapq
from typing import NamedTuple

from synth.instruments.orchestra import Orchestra
from synth.output import NoteOff, NoteOn
from synth.params import MusicParams

__all__ = ["Sequencer", "Swell"]


class Swell(NamedTuple):
    """How loud all is, by the breath."""

    gain: float  #: 0 to 1


_RANK = {NoteOff: 0, MusicParams: 1, Swell: 1, NoteOn: 2}  # among equals in time


class Sequencer:
    """Hands each event to the orchestra in the block that holds its sample.

    Parameters
    ----------
    orchestra
        What plays the events.
    """

    def __init__(self, orchestra: Orchestra) -> None:
        self._orchestra = orchestra
        self._events: list[tuple[int, int, int, NoteOn | NoteOff | MusicParams | Swell]] = []
        self._count = 0
        self.now = 0  #: the first sample of the coming block

    def add(self, sample: int, event: NoteOn | NoteOff | MusicParams | Swell) -> None:
        """Place an event; one that is late happens at the start of the coming block.

        Parameters
        ----------
        sample
            Counted as `now` is.
        event
            Of those of one sample, ends go first, then colour, then beginnings.
        """
        self._count += 1
        heapq.heappush(self._events, (sample, _RANK[type(event)], self._count, event))

    def block(self, samples: int) -> None:
        """Do what falls into the coming block.

        A note ends one block after it began at the earliest, since a voice changes once a block.

        Parameters
        ----------
        samples
            Its length.
        """
        end = self.now + samples
        begun: set[int] = set()
        while self._events and self._events[0][0] < end:
            sample, _, _, event = heapq.heappop(self._events)
            at = max(0, sample - self.now)
            if isinstance(event, NoteOn):
                begun.add(event.note_id)
                self._orchestra.start(event.layer, event.note_id, event.pitch, event.velocity, at)
            elif isinstance(event, MusicParams):
                self._orchestra.set_params(event)
            elif isinstance(event, Swell):
                self._orchestra.set_swell(event.gain)
            elif event.note_id in begun:
                self.add(end, event)
            else:
                self._orchestra.stop(event.layer, event.note_id, at)
        self._orchestra.advance(samples)
        self.now = end

    def clear(self) -> None:
        """Forget all that has not happened yet."""
        self._events.clear()
