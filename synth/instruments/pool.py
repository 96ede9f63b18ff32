"""A fixed number of voices, lent to notes."""

from __future__ import annotations

from collections.abc import Sequence

from synth.instruments.voices import Voice

__all__ = ["VoicePool"]

_FREE = -1


class VoicePool:
    """Lends the voice that has been silent longest; with none silent, the one fading longest.

    When all voices hold notes, the oldest note gives way. A silent voice computes nothing.

    Parameters
    ----------
    voices
        All of one kind, one at least; they are put to sleep.
    rate_hz
        Samples a second.
    """

    def __init__(self, voices: Sequence[Voice], rate_hz: float) -> None:
        self._voices = voices
        self._notes = [_FREE] * len(voices)
        self._changed = [k - len(voices) for k in range(len(voices))]  # samples; order at first
        self._ring = [round(voice.ring_s * rate_hz) for voice in voices]
        self._awake: set[int] = set()
        self._now = 0
        for voice in voices:
            _sleep(voice)

    def start(self, note_id: int, frequency_hz: float, gain: float, at: int) -> None:
        """Begin a note `at` samples into the coming block.

        Parameters
        ----------
        note_id
            By which it is stopped.
        frequency_hz
            Of the note.
        gain
            0 to 1.
        at
            In samples from the start of the coming block.
        """
        index = min(range(len(self._voices)), key=self._reluctance)
        self._notes[index] = note_id
        self._changed[index] = self._now + at
        if index not in self._awake:
            self._awake.add(index)
            for part in self._voices[index].parts:
                part.play()
        self._voices[index].start(at, frequency_hz, gain)

    def _reluctance(self, index: int) -> tuple[int, int]:
        held = self._notes[index] != _FREE
        return 2 * held + (index in self._awake), self._changed[index]

    def stop(self, note_id: int, at: int) -> None:
        """Release the voice that plays a note; an unknown or displaced note is ignored.

        Parameters
        ----------
        note_id
            That of its start.
        at
            In samples from the start of the coming block.
        """
        if note_id in self._notes:
            index = self._notes.index(note_id)
            self._notes[index] = _FREE
            self._changed[index] = self._now + at
            self._voices[index].stop(at)

    def advance(self, samples: int) -> None:
        """Move on by a block; voices that have faded fall asleep.

        Parameters
        ----------
        samples
            The length of the block.
        """
        self._now += samples
        for index in tuple(self._awake):
            faded = self._now - self._changed[index] > self._ring[index]
            if faded and self._notes[index] == _FREE:
                self._awake.remove(index)
                _sleep(self._voices[index])

    def panic(self) -> None:
        """Release all voices."""
        for index in self._awake:
            self._notes[index] = _FREE
            self._changed[index] = self._now
            self._voices[index].stop(0)


def _sleep(voice: Voice) -> None:
    for part in voice.parts:
        part.stop()
