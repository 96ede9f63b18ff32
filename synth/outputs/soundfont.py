"""A soundfont of the user's, live on an audio device: real instruments in place of ours."""

from __future__ import annotations

from synth.outputs.fluid import FluidSynth
from synth.outputs.midi_map import MidiMap
from synth.outputs.midi_port import MidiPortOutput
from synth.outputs.rtmidi_binding import MidiSender, jack_is_running

__all__ = ["SoundfontOutput"]


class SoundfontOutput(MidiPortOutput):
    """Plays the same messages that a port would be sent, programs and controllers included."""

    def __init__(self, path: str, *, device: str = "", midi_map: MidiMap | None = None) -> None:
        super().__init__(path, midi_map=midi_map)
        self._path = path
        self._device = device

    def open(self, t0_s: float) -> None:
        """Load the soundfont and start the sound: on JACK when it runs, else on the device."""
        synth = FluidSynth(self._path)
        jack = self._device == "jack" or (not self._device and jack_is_running())
        try:
            synth.start("jack" if jack else "", self._device)
        except BaseException:
            synth.close()
            raise
        self._port = MidiSender(self._path, synth.send, synth.close, lambda: True)
        self._send_all(self._messages.presets())
