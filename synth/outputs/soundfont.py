"""A soundfont of the user's in place of our instruments, live or as fast as it goes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from synth.breath import gains
from synth.output import NoteOff, NoteOn
from synth.outputs.fluid import FluidSynth
from synth.outputs.midi_binding import MidiSender
from synth.outputs.midi_map import Message, MidiMap
from synth.outputs.midi_messages import MidiMessages
from synth.outputs.midi_port import MidiPortOutput
from synth.outputs.midi_system import jack_is_running
from synth.score import Score

__all__ = ["SoundfontOutput", "play"]


class SoundfontOutput(MidiPortOutput):
    """Plays the same messages that a port would be sent, programs and controllers included.

    Parameters
    ----------
    path
        A .sf2 or .sf3 file.
    device
        FluidSynth's name of an audio device, or "jack"; empty for JACK when it runs, else the
        default.
    midi_map
        Which channels and controllers carry the layers; General MIDI when it is None.
    """

    def __init__(self, path: str, *, device: str = "", midi_map: MidiMap | None = None) -> None:
        super().__init__(path, midi_map=midi_map)
        self._path = path
        self._device = device

    def open(self, t0_s: float) -> None:
        """Load the soundfont and start the sound: on JACK when it runs, else on the device.

        Parameters
        ----------
        t0_s
            Not needed: all is sent as it comes.

        Raises
        ------
        OutputUnavailable
            When library, soundfont or device is missing.
        """
        synth = FluidSynth(self._path)
        jack = self._device == "jack" or (not self._device and jack_is_running())
        try:
            synth.start("jack" if jack else "", self._device)
        except BaseException:
            synth.close()
            raise
        self._port = MidiSender(self._path, synth.send, synth.close, lambda: True)
        self._send_all(self._messages.presets())


_CHUNK_S = 2


def play(
    score: Score, rate_hz: int, end: int, path: str, midi_map: MidiMap
) -> Iterator[NDArray[np.float32]]:
    """Yield `end` samples of the piece in chunks of shape (n, 2), before gain and fades.

    Parameters
    ----------
    score
        A piece as it was played.
    rate_hz
        Samples a second.
    end
        In samples.
    path
        A .sf2 or .sf3 file.
    midi_map
        Which channels and programs carry the layers.

    Yields
    ------
    NDArray[np.float32]
        Left and right, 32-bit, full scale at 1.

    Raises
    ------
    OutputUnavailable
        When library or soundfont is missing.
    """
    synth = FluidSynth(path, rate_hz=rate_hz)
    try:
        events = _events(score, rate_hz, midi_map)
        done, place = 0, 0
        while done < end:
            stop = min(end, done + _CHUNK_S * rate_hz)
            pieces = []
            while place < len(events) and events[place][0] < stop:
                at, _, message = events[place]
                pieces.append(synth.render(at - done))
                done = at
                synth.send(message)
                place += 1
            pieces.append(synth.render(stop - done))
            done = stop
            yield np.concatenate(pieces)
    finally:
        synth.close()


def _events(score: Score, rate_hz: int, midi_map: MidiMap) -> list[tuple[int, int, Message]]:
    """Return (sample, rank, message) in order: settings, then ends of notes, then beginnings."""
    messages = MidiMessages(midi_map)
    settings = [*messages.presets(), *messages.volume(1.0)]
    found: list[tuple[int, int, Message]] = [(0, 0, message) for message in settings]
    changes = [(time_s, 0.0, params) for time_s, params in score.params]
    swells = [
        (time_s, loud, None) for time_s, loud in gains(score.tempo_map, score.params, score.end_s)
    ]
    for time_s, loud, changed in sorted([*changes, *swells], key=lambda c: c[0]):
        found += [
            (max(0, round(time_s * rate_hz)), 1, message)
            for message in (messages.breath(loud) if changed is None else messages.colours(changed))
        ]
    for note in score.notes:
        on = NoteOn(note.id, note.layer, note.pitch, note.velocity)
        off = NoteOff(note.id, note.layer, note.pitch)
        start_s = score.tempo_map.time_at(note.beat)
        end_s = score.tempo_map.time_at(note.beat + note.beats)
        found.append((max(0, round(start_s * rate_hz)), 3, messages.note(on)))
        found.append((max(0, round(end_s * rate_hz)), 2, messages.note(off)))
    found.sort(key=lambda event: event[:2])
    return found
