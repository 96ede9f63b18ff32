"""All instruments, their common room and the limiter at the end, as one pyo graph.

The graph is built once and never changes: a pool of voices for each layer, a low-pass for each
layer that brightness opens, one reverb, then compressor, limiter and clip. Live and offline audio
use this same graph, so a session sounds afterwards as it did.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any

from synth.instruments.pool import Pool
from synth.instruments.voices import Bell, Drum, Struck, Sustained, Voice
from synth.params import Layer, MusicParams

__all__ = ["LATENCY_SAMPLES", "Orchestra"]

LATENCY_SAMPLES = 192  # compressor and limiter look ahead by half of it each: all sound is later
_GLIDE_S = 1.5
_REVERB_S = 3.2
_MIX_GAIN = 1.2  # brings the styles near -17 LUFS at neutral dynamics


@dataclass(frozen=True, slots=True)
class _Part:
    """How a layer sits in the mix; these are our own choices, made by ear and by spectrum."""

    voices: int
    level: float
    send: float  #: share that goes to the reverb
    dark_hz: float  #: cutoff at brightness 0
    bright_hz: float
    width: float  #: how far from the centre its voices stand, 0 to 1


_PARTS: Mapping[Layer, _Part] = MappingProxyType(
    {
        Layer.PAD: _Part(8, 0.36, 0.35, 420.0, 4200.0, 0.35),
        Layer.BASS: _Part(3, 0.75, 0.04, 260.0, 1300.0, 0.0),
        Layer.MELODY: _Part(8, 1.15, 0.30, 1400.0, 9000.0, 0.15),
        Layer.PLUCK: _Part(8, 1.30, 0.30, 1200.0, 8000.0, 0.5),
        Layer.BELLS: _Part(6, 0.56, 0.50, 2500.0, 12000.0, 0.6),
        Layer.PERCUSSION: _Part(4, 1.60, 0.12, 2500.0, 12000.0, 0.25),
        Layer.DRONE: _Part(4, 0.70, 0.25, 300.0, 2400.0, 0.2),
    }
)


class Orchestra:
    """The pools of all layers asked for; sample offsets count from the coming block."""

    def __init__(self, pyo: ModuleType, rate_hz: float, layers: Iterable[Layer]) -> None:
        """Build the graph in a booted server; a note for another layer is not heard."""
        self._pyo, self._rate_hz = pyo, rate_hz
        self._build = _Builder(pyo, rate_hz)
        self._pools: dict[Layer, Pool] = {}
        self._cutoffs: dict[Layer, Any] = {}
        self._keep: list[Any] = []
        dry, wet = [], []
        for layer in sorted(set(layers)):
            part = _PARTS[layer]
            voices = [self._build.voice(layer, *self._pan(part, k)) for k in range(part.voices)]
            self._pools[layer] = Pool(voices, rate_hz)
            cutoff = pyo.SigTo(self._cutoff(part, 0.5), time=_GLIDE_S, init=part.dark_hz)
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
            send, inpos=0.5, revtime=_REVERB_S, cutoff=4200, bal=1.0, roomSize=1.1, firstRefGain=-9
        )
        everything = pyo.Mix([silence, *dry, room], voices=2)
        centred = pyo.DCBlock(everything, mul=_MIX_GAIN)
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
        self._volume = pyo.SigTo(1.0, time=0.05, init=1.0)
        self.stereo = pyo.Clip(limited, min=-0.84, max=0.84, mul=self._volume)
        self._keep += [silence, send, room, everything, centred, glued, limited]

    @staticmethod
    def _pan(part: _Part, index: int) -> tuple[float, float]:
        """Return the gains left and right of a voice; neighbours stand far apart."""
        place = part.width * ((index * 5 % part.voices) / max(1, part.voices - 1) * 2.0 - 1.0)
        return ((1.0 - place) / 2.0) ** 0.5, ((1.0 + place) / 2.0) ** 0.5

    @staticmethod
    def _cutoff(part: _Part, brightness: float) -> float:
        share = min(1.0, max(0.0, brightness))
        return part.dark_hz * math.exp(share * math.log(part.bright_hz / part.dark_hz))

    def start(self, layer: Layer, note_id: int, pitch: int, velocity: int, at: int) -> None:
        """Begin a note `at` samples into the coming block."""
        pool = self._pools.get(layer)
        if pool is not None:
            pool.start(note_id, 440.0 * 2.0 ** ((pitch - 69) / 12.0), (velocity / 127.0) ** 1.5, at)

    def stop(self, layer: Layer, note_id: int, at: int) -> None:
        """Release the note; nothing happens if its voice has gone to another."""
        pool = self._pools.get(layer)
        if pool is not None:
            pool.stop(note_id, at)

    def advance(self, samples: int) -> None:
        """Tell that a block has been computed."""
        for pool in self._pools.values():
            pool.advance(samples)

    def set_params(self, params: MusicParams) -> None:
        """Glide the colour of every layer to the brightness asked for."""
        for layer, cutoff in self._cutoffs.items():
            cutoff.value = self._cutoff(_PARTS[layer], params.brightness)

    def set_volume(self, gain: float) -> None:
        """Set the gain after the limiter, 0 to 1, within 50 ms."""
        self._volume.value = min(1.0, max(0.0, gain))

    def panic(self) -> None:
        """Release every voice at once."""
        for pool in self._pools.values():
            pool.panic()


class _Builder:
    """Makes voices that share wave tables."""

    def __init__(self, pyo: ModuleType, rate_hz: float) -> None:
        self._pyo, self._rate_hz = pyo, rate_hz
        self._saw = pyo.HarmTable([1 / n**1.15 for n in range(1, 13)], size=4096)
        self._round = pyo.HarmTable([1.0, 0.42, 0.16, 0.07, 0.03], size=4096)
        self._organ = pyo.HarmTable([1.0, 0.5, 0.33, 0.12, 0.1, 0.05], size=4096)
        self._felt = pyo.HarmTable([1.0, 0.32, 0.12, 0.06], size=4096)
        self._wire = pyo.HarmTable([0.2, 0.5, 0.45, 0.35, 0.28, 0.18, 0.12, 0.07], size=4096)
        self._nylon = pyo.HarmTable([1.0, 0.2, 0.3, 0.08, 0.06], size=4096)
        self._decay = pyo.ExpTable([(0, 1.0), (8191, 0.0)], exp=5, size=8192)
        self._noise = pyo.Noise(0.5)

    def voice(self, layer: Layer, left: float, right: float) -> Voice:
        pyo, rate, pan = self._pyo, self._rate_hz, (left, right)
        makers: dict[Layer, Callable[[], Voice]] = {
            Layer.PAD: lambda: Sustained(
                pyo, rate, self._saw, cents=(-7, 6, 3, -2), rise_s=0.22, fall_s=0.45, pan=pan
            ),
            Layer.BASS: lambda: Sustained(
                pyo, rate, self._round, cents=(0,), rise_s=0.012, fall_s=0.09, pan=pan
            ),
            Layer.DRONE: lambda: Sustained(
                pyo, rate, self._organ, cents=(-4, 4, 2, -1), rise_s=1.2, fall_s=1.5, pan=pan
            ),
            Layer.MELODY: lambda: self._struck(self._felt, 3.6, 0.5, 0.0035, 0.16, pan),
            Layer.PLUCK: lambda: self._struck(self._nylon, 1.8, 0.35, 0.002, 0.35, pan),
            Layer.BELLS: lambda: Bell(pyo, rate, self._decay, pan=pan),
            Layer.PERCUSSION: lambda: Drum(pyo, rate, self._noise, self._decay, pan=pan),
        }
        return makers[layer]()

    def _struck(
        self,
        body: Any,
        seconds: float,
        bright: float,
        attack_s: float,
        damping_s: float,
        pan: tuple[float, float],
    ) -> Struck:
        return Struck(
            self._pyo,
            self._rate_hz,
            body,
            self._wire,
            self._decay,
            seconds_at_c4=seconds,
            bright_share=bright,
            attack_s=attack_s,
            damping_s=damping_s,
            pan=pan,
        )
