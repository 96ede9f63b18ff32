"""Which MIDI channel, program and controllers carry the layers of the music."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from synth.params import Layer, MusicParams

__all__ = ["MidiMap", "Voice"]

_BRIGHTNESS_CC = 74  # "sound controller 5, brightness" in General MIDI 2
_PERCUSSION_CHANNEL = 9  # channel 10 as musicians count, of General MIDI


@dataclass(frozen=True, slots=True)
class Voice:
    """Where a layer sounds: a channel (0 to 15) and a General MIDI program (0 to 127)."""

    channel: int
    program: int

    def __post_init__(self) -> None:
        if not 0 <= self.channel <= 15:
            raise ValueError(f"MIDI channel {self.channel} is not within 0 to 15")
        if not 0 <= self.program <= 127:
            raise ValueError(f"MIDI program {self.program} is not within 0 to 127")


_GENERAL_MIDI: Mapping[Layer, Voice] = MappingProxyType(
    {
        Layer.PAD: Voice(0, 89),  # warm pad
        Layer.BASS: Voice(1, 32),  # acoustic bass
        Layer.MELODY: Voice(2, 0),  # grand piano
        Layer.PLUCK: Voice(3, 46),  # harp
        Layer.BELLS: Voice(4, 14),  # tubular bells
        Layer.PERCUSSION: Voice(_PERCUSSION_CHANNEL, 0),
        Layer.DRONE: Voice(5, 95),  # sweep pad
    }
)


@dataclass(frozen=True, slots=True)
class MidiMap:
    """A voice for each layer; General MIDI unless told otherwise."""

    voices: Mapping[Layer, Voice] = field(default_factory=lambda: _GENERAL_MIDI)

    def __getitem__(self, layer: Layer) -> Voice:
        return self.voices.get(layer, _GENERAL_MIDI[layer])

    def brightness(self, layer: Layer, params: MusicParams) -> tuple[int, int, int]:
        """Return the control change (status, controller, value) that colours a layer."""
        value = round(20 + 107 * min(1.0, max(0.0, params.brightness)))
        return 0xB0 | self[layer].channel, _BRIGHTNESS_CC, value
