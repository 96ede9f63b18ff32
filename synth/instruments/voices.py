"""One voice of each kind: sustained, struck, bell or drum, built once and played for ever.

A voice is a fixed set of pyo objects. What happens inside a block of samples is placed by `SDelay`:
the gate changes at the start of the block and is delayed by whole samples, so an onset is exact
however long the block. Frequencies change at the start of the block, while the voice is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any, Protocol

__all__ = ["Bell", "Drum", "Struck", "Sustained", "Voice"]

_LONGEST_BLOCK_S = 0.2


class Voice(Protocol):
    """What the orchestra needs of a voice."""

    stereo: Any  #: the pyo object with the left and the right stream
    parts: tuple[Any, ...]  #: what computes only while the voice is in use
    ring_s: float  #: from the note-off to inaudible, at most

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Begin a note `offset` samples into the coming block; `gain` is 0 to 1."""
        ...

    def stop(self, offset: int) -> None:
        """Let go of the note."""
        ...


class _Gate:
    """A gate and a trigger that act at a sample inside the coming block."""

    def __init__(self, pyo: ModuleType, sample_rate_hz: float) -> None:
        self._rate = sample_rate_hz
        self._level = pyo.Sig(0.0)
        self._trigger = pyo.Trig()
        self._trigger.stop()
        self._placed = pyo.SDelay(
            [self._level, self._trigger], delay=0.0, maxdelay=_LONGEST_BLOCK_S
        )
        self.level = self._placed[0]
        self.trigger = self._placed[1]
        self.parts = (self._level, self._placed)

    def set(self, offset: int, level: float, *, strike: bool = False) -> None:
        self._placed.delay = (offset + 0.5) / self._rate  # pyo truncates to whole samples
        self._level.value = level
        if strike:
            self._trigger.play()


def _detuned(frequency_hz: float, cents: Sequence[float]) -> list[float]:
    return [frequency_hz * 2.0 ** (cent / 1200.0) for cent in cents]


def _half(pan: tuple[float, float]) -> list[float]:
    """Return the gains for the sum of a pair of oscillators."""
    return [0.5 * side for side in pan]


class Sustained:
    """Detuned oscillators under a slow envelope: pad, bass and drone."""

    def __init__(
        self,
        pyo: ModuleType,
        rate_hz: float,
        table: Any,
        *,
        cents: Sequence[float],
        rise_s: float,
        fall_s: float,
        pan: tuple[float, float],
    ) -> None:
        """`cents` holds the detuning of each oscillator; times are exponential constants."""
        self._cents = cents
        self._gate = _Gate(pyo, rate_hz)
        envelope = pyo.Port(self._gate.level, rise_s, fall_s)
        smooth = pyo.Port(envelope, 0.25 * rise_s, 0.25 * fall_s)  # no corner at the onset
        self._source = pyo.Osc(table, [110.0] * len(cents), interp=2, mul=smooth)
        share = 1.5 / len(cents) if len(cents) > 1 else 1.0
        mono = pyo.Mix(self._source, voices=1)
        self.stereo = pyo.Sig(mono, mul=[side * share for side in pan])
        self.parts = (*self._gate.parts, envelope, smooth, self._source, mono, self.stereo)
        self.ring_s = 8.0 * fall_s

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Swell at the offset."""
        self._source.freq = _detuned(frequency_hz, self._cents)
        self._gate.set(offset, gain)

    def stop(self, offset: int) -> None:
        """Fade at the offset."""
        self._gate.set(offset, 0.0)


class Struck:
    """A string that is struck or plucked: a warm body, and a bright part that fades sooner."""

    def __init__(
        self,
        pyo: ModuleType,
        rate_hz: float,
        body: Any,
        bright: Any,
        decay: Any,
        *,
        seconds_at_c4: float,
        bright_share: float,
        attack_s: float,
        damping_s: float,
        pan: tuple[float, float],
    ) -> None:
        self._seconds_at_c4 = seconds_at_c4
        self._bright_share = bright_share
        self._gate = gate = _Gate(pyo, rate_hz)
        damper = pyo.Port(gate.level, attack_s, damping_s)
        self._long = pyo.TrigEnv(gate.trigger, decay, dur=1.0, mul=0.0)
        self._short = pyo.TrigEnv(gate.trigger, decay, dur=0.3, mul=0.0)
        body_level = pyo.Port(self._long, attack_s, 0.01, mul=damper)
        bright_level = pyo.Port(self._short, attack_s, 0.01, mul=damper)
        self._body = pyo.Osc(body, [220.0, 220.0], interp=2, mul=body_level)
        self._bright = pyo.Osc(bright, [220.0, 220.0], interp=2, mul=bright_level)
        mono = pyo.Mix([self._body, self._bright], voices=1)
        self.stereo = pyo.Sig(mono, mul=_half(pan))
        envelopes = (damper, self._long, self._short, body_level, bright_level)
        self.parts = (*gate.parts, *envelopes, self._body, self._bright, mono, self.stereo)
        self.ring_s = 8.0 * damping_s

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Strike; higher strings ring shorter."""
        seconds = self._seconds_at_c4 * (261.6 / frequency_hz) ** 0.6
        self._long.dur, self._short.dur = seconds, 0.3 * seconds
        self._long.mul, self._short.mul = gain, self._bright_share * gain**1.5
        pair = _detuned(frequency_hz, (-1.6, 1.6))
        self._body.freq = pair
        self._bright.freq = pair
        self._gate.set(offset, 1.0, strike=True)

    def stop(self, offset: int) -> None:
        """Let the damper fall."""
        self._gate.set(offset, 0.0)


class Bell:
    """Frequency modulation whose index dies away before the tone does."""

    def __init__(
        self, pyo: ModuleType, rate_hz: float, decay: Any, *, pan: tuple[float, float]
    ) -> None:
        self._gate = gate = _Gate(pyo, rate_hz)
        damper = pyo.Port(gate.level, 0.003, 0.7)
        self._long = pyo.TrigEnv(gate.trigger, decay, dur=4.0, mul=0.0)
        self._index = pyo.TrigEnv(gate.trigger, decay, dur=1.2, mul=0.0)
        level = pyo.Port(self._long, 0.003, 0.01, mul=damper)
        self._tone = pyo.FM([440.0, 440.0], ratio=3.5, index=self._index, mul=level)
        self._hum = pyo.Sine([440.0, 440.0], mul=level)
        mono = pyo.Mix([self._tone, self._hum], voices=1)
        self.stereo = pyo.Sig(mono, mul=_half(pan))
        envelopes = (damper, self._long, self._index, level)
        self.parts = (*gate.parts, *envelopes, self._tone, self._hum, mono, self.stereo)
        self.ring_s = 4.0

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Strike; a harder blow sounds brighter."""
        self._long.dur = 4.0 * (523.0 / frequency_hz) ** 0.5
        self._long.mul, self._index.mul = gain, 0.4 + 1.2 * gain
        pair = _detuned(frequency_hz, (-2.0, 2.0))
        self._tone.carrier = pair
        self._hum.freq = pair
        self._gate.set(offset, 1.0, strike=True)

    def stop(self, offset: int) -> None:
        """Damp slowly."""
        self._gate.set(offset, 0.0)


class Drum:
    """A soft thump under 100 Hz, a brushed noise above; it ignores the note-off."""

    def __init__(
        self, pyo: ModuleType, rate_hz: float, noise: Any, decay: Any, *, pan: tuple[float, float]
    ) -> None:
        self._gate = gate = _Gate(pyo, rate_hz)
        self._low = pyo.TrigEnv(gate.trigger, decay, dur=0.5, mul=0.0)
        self._high = pyo.TrigEnv(gate.trigger, decay, dur=0.14, mul=0.0)
        drop = pyo.TrigEnv(gate.trigger, decay, dur=0.12, mul=90.0, add=48.0)
        skin = pyo.Port(self._low, 0.004, 0.01)
        wire = pyo.Port(self._high, 0.004, 0.01)
        self._thump = pyo.Sine(drop, mul=skin)
        self._brush = pyo.ButBP(noise, freq=4000.0, q=1.2, mul=wire)
        mono = pyo.Mix([self._thump, self._brush], voices=1)
        self.stereo = pyo.Sig(mono, mul=list(pan))
        envelopes = (self._low, self._high, drop, skin, wire)
        self.parts = (*gate.parts, *envelopes, self._thump, self._brush, mono, self.stereo)
        self.ring_s = 0.5

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Hit; the frequency chooses thump or brush."""
        low = frequency_hz < 66.0  # up to General MIDI's bass drums, 35 and 36
        self._low.mul = gain if low else 0.0
        self._high.mul = 0.0 if low else gain
        self._brush.freq = min(9000.0, 40.0 * frequency_hz)
        self._gate.set(offset, 1.0, strike=True)

    def stop(self, offset: int) -> None:
        """Let it ring out by itself."""
