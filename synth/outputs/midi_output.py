"""What all outputs that speak MIDI say alike, whatever carries their messages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from synth.outputs.midi_map import Message, MidiMap
from synth.outputs.midi_messages import MidiMessages
from synth.params import MusicParams

__all__ = ["MidiOutput"]


class MidiOutput(ABC):
    """Sends what a map makes of the music's colour, volume and signals at once.

    Parameters
    ----------
    midi_map
        Which channels and controllers carry the layers; General MIDI when it is None.
    """

    def __init__(self, midi_map: MidiMap | None) -> None:
        self._messages = MidiMessages(midi_map or MidiMap())

    def set_params(self, params: MusicParams) -> None:
        """Send the controllers of each layer where they changed.

        Parameters
        ----------
        params
            The colour asked for.
        """
        self._send_all(self._messages.colours(params))

    def set_volume(self, gain: float) -> None:
        """Send controller 7 on every channel in the map.

        Parameters
        ----------
        gain
            0 silent to 1 full.
        """
        self._send_all(self._messages.volume(gain))

    def set_signals(self, values: Mapping[str, float]) -> None:
        """Send what the map routes of them.

        Parameters
        ----------
        values
            By name.
        """
        self._send_all(self._messages.signals(values))

    @abstractmethod
    def _send_all(self, messages: Iterable[Message]) -> None:
        """Send messages as soon as may be, in order."""
