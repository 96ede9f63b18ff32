"""All instruments, their common room and the limiter at the end, as one pyo graph.

The graph is built once and never changes: a pool of voices for each layer, a low-pass for each
layer that brightness opens, one reverb, then compressor, limiter and clip. Live and offline audio
use this same graph, so a session sounds afterwards as it did.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from synth.instruments import patches
from synth.instruments.patches import PLAIN, SOUNDS, MixPart
from synth.instruments.pool import VoicePool
from synth.instruments.shared import SharedTables
from synth.instruments.voices import (
    BellVoice,
    DrumVoice,
    StruckVoice,
    SustainedVoice,
    Voice,
)
from synth.params import Layer, MusicParams

__all__ = ["LATENCY_SAMPLES", "SWELL_AHEAD_S", "Orchestra"]

LATENCY_SAMPLES = 192  # compressor and limiter look ahead by half of it each: all sound is later
_GLIDE_S = 1.5
_VOLUME_S = 0.05
SWELL_AHEAD_S = 0.06  #: how long before its time a gain of the breath wants to come


class Orchestra:
    """The pools of all layers asked for; sample offsets count from the coming block.

    Parameters
    ----------
    pyo
        The library, with a server that is booted.
    rate_hz
        Samples a second of that server.
    layers
        Which to build; a note for another layer is not heard.
    sound
        One of `patches.SOUNDS`; a name that is not there stands for the plain one.

    Attributes
    ----------
    stereo
        The pyo object with the left and the right stream, after the limiter.
    """

    def __init__(
        self, pyo: ModuleType, rate_hz: float, layers: Iterable[Layer], sound: str = PLAIN
    ) -> None:
        self._pyo, self._rate_hz = pyo, rate_hz
        self._shared = SharedTables(pyo, rate_hz)
        self._sound = SOUNDS.get(sound, SOUNDS[PLAIN])
        self._pools: dict[Layer, VoicePool] = {}
        self._cutoffs: dict[Layer, Any] = {}
        self._keep: list[Any] = []
        dry, wet = [], []
        for layer in sorted(set(layers)):
            part = self._sound.parts[layer]
            voices = [_voice(self._shared, part, k) for k in range(part.voices)]
            self._pools[layer] = VoicePool(voices, rate_hz)
            cutoff = pyo.SigTo(_cutoff(part, 0.5), time=_GLIDE_S, init=part.dark_hz)
            mixed = pyo.Mix([voice.stereo for voice in voices], voices=2, mul=part.level)
            warm = pyo.ButLP(mixed, freq=cutoff)
            self._cutoffs[layer] = cutoff
            self._keep.append(mixed)
            dry.append(warm)
            wet.append(warm * part.send)
        self._keep += dry + wet
        self._master(dry, wet)

    def _master(self, dry: list[Any], wet: list[Any]) -> None:
        pyo = self._pyo
        ahead_ms = 1000.0 * (LATENCY_SAMPLES / 2 + 0.5) / self._rate_hz
        silence = pyo.Sig([0.0, 0.0])
        send = pyo.Mix([silence, *wet], voices=1)
        room = pyo.STRev(
            send,
            inpos=0.5,
            revtime=self._sound.room_s,
            cutoff=4200,
            bal=1.0,
            roomSize=1.1,
            firstRefGain=-9,
        )
        everything = pyo.Mix([silence, *dry, room], voices=2)
        centred = pyo.DCBlock(everything, mul=self._sound.gain)
        glued = pyo.Compress(
            centred,
            thresh=-20,
            ratio=2.0,
            risetime=0.02,
            falltime=0.25,
            lookahead=ahead_ms,  # 0 would mean pyo's longest, 25 ms
            knee=0.5,
        )
        limited = pyo.Compress(
            glued,
            thresh=-4,
            ratio=30,
            risetime=0.001,
            falltime=0.12,
            lookahead=ahead_ms,
        )
        self._gain, self._muted = 1.0, False
        self._volume = pyo.SigTo(1.0, time=_VOLUME_S, init=1.0)
        self._swell = pyo.SigTo(1.0, time=2.0 * SWELL_AHEAD_S, init=1.0)
        loudness = self._volume * self._swell
        self.stereo = pyo.Clip(limited, min=-0.84, max=0.84, mul=loudness)
        self._keep += [loudness, silence, send, room, everything, centred, glued, limited]

    def start(self, layer: Layer, note_id: int, pitch: int, velocity: int, at: int) -> None:
        """Begin a note `at` samples into the coming block.

        Parameters
        ----------
        layer
            Whose instrument plays; nothing happens for one that was not built.
        note_id
            By which it is stopped.
        pitch
            MIDI note number; 69 is 440 Hz.
        velocity
            1 to 127.
        at
            In samples from the start of the coming block.
        """
        pool = self._pools.get(layer)
        if pool is not None:
            if self._muted:
                self._mute(False)
            pool.start(note_id, 440.0 * 2.0 ** ((pitch - 69) / 12.0), (velocity / 127.0) ** 1.5, at)

    def stop(self, layer: Layer, note_id: int, at: int) -> None:
        """Release the note; nothing happens if its voice has gone to another.

        Parameters
        ----------
        layer
            Whose instrument plays; nothing happens for one that was not built.
        note_id
            That of its start.
        at
            In samples from the start of the coming block.
        """
        pool = self._pools.get(layer)
        if pool is not None:
            pool.stop(note_id, at)

    def advance(self, samples: int) -> None:
        """Tell that a block has been computed.

        Parameters
        ----------
        samples
            The length of the block.
        """
        for pool in self._pools.values():
            pool.advance(samples)

    def set_params(self, params: MusicParams) -> None:
        """Glide the colour of every layer to the brightness asked for.

        Parameters
        ----------
        params
            Only the brightness counts.
        """
        for layer, cutoff in self._cutoffs.items():
            cutoff.value = _cutoff(self._sound.parts[layer], params.brightness)

    def set_volume(self, gain: float) -> None:
        """Set the gain after the limiter, 0 to 1, within 50 ms.

        Parameters
        ----------
        gain
            0 silent to 1 full.
        """
        self._gain = min(1.0, max(0.0, gain))
        self._mute(self._muted)

    def set_swell(self, gain: float) -> None:
        """Glide to the loudness of the breath, room and all; half way there after 60 ms.

        Parameters
        ----------
        gain
            0 to 1.
        """
        self._swell.value = gain

    def panic(self) -> None:
        """Release every voice and be silent within 50 ms, room and all, until the next note."""
        for pool in self._pools.values():
            pool.panic()
        self._mute(True)

    def _mute(self, muted: bool) -> None:
        self._muted = muted
        self._volume.value = 0.0 if muted else self._gain


def _voice(shared: SharedTables, part: MixPart, index: int) -> Voice:
    """Return a voice of a part; neighbours stand far apart between left and right."""
    place = part.width * ((index * 5 % part.voices) / max(1, part.voices - 1) * 2.0 - 1.0)
    pan = ((1.0 - place) / 2.0) ** 0.5, ((1.0 + place) / 2.0) ** 0.5
    match part.timbre:
        case patches.SustainedPatch():
            return SustainedVoice(shared, part.timbre, pan)
        case patches.StruckPatch():
            return StruckVoice(shared, part.timbre, pan)
        case patches.BellPatch():
            return BellVoice(shared, part.timbre, pan)
        case patches.DrumPatch():
            return DrumVoice(shared, part.timbre, pan)


def _cutoff(part: MixPart, brightness: float) -> float:
    share = min(1.0, max(0.0, brightness))
    return part.dark_hz * math.exp(share * math.log(part.bright_hz / part.dark_hz))
