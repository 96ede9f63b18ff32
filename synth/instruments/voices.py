"""One voice of each kind: sustained, struck, bell or drum, built once and played for ever.

A voice is a fixed set of pyo objects. What happens inside a block of samples is placed by `SDelay`:
the gate changes at the start of the block and is delayed by whole samples, so an onset is exact
however long the block. Frequencies change at the start of the block, while the voice is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from synth.instruments import patches
from synth.instruments.shared import Gate, SharedTables

__all__ = ["BellVoice", "DrumVoice", "StruckVoice", "SustainedVoice", "Voice"]


class Voice(Protocol):
    """What the orchestra needs of a voice."""

    stereo: Any  #: the pyo object with the left and the right stream
    parts: tuple[Any, ...]  #: what computes only while the voice is in use
    ring_s: float  #: from the note-off to inaudible, at most

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Begin a note `offset` samples into the coming block; `gain` is 0 to 1.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        frequency_hz
            Of the note.
        gain
            0 to 1.
        """
        ...

    def stop(self, offset: int) -> None:
        """Let go of the note.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        """
        ...


def _detuned(frequency_hz: float, cents: Sequence[float]) -> list[float]:
    return [frequency_hz * 2.0 ** (cent / 1200.0) for cent in cents]


def _half(pan: tuple[float, float]) -> list[float]:
    """Return the gains for the sum of a pair of oscillators."""
    return [0.5 * side for side in pan]


class SustainedVoice:
    """Detuned oscillators under a slow envelope: pads, bowed strings, choirs, basses, drones.

    Parameters
    ----------
    shared
        What all voices have in common.
    timbre
        The numbers of the instrument.
    pan
        Gains to the left and to the right.
    """

    def __init__(
        self, shared: SharedTables, timbre: patches.SustainedPatch, pan: tuple[float, float]
    ) -> None:
        pyo = shared.pyo
        self._cents = timbre.cents
        self._gate = Gate(pyo, shared.rate_hz)
        envelope = pyo.Port(self._gate.level, timbre.rise_s, timbre.fall_s)
        # No corner at the onset.
        smooth = pyo.Port(envelope, 0.25 * timbre.rise_s, 0.25 * timbre.fall_s)
        wavering = shared.vibrato(timbre.vibrato_cents, timbre.vibrato_hz)
        self._pitch = pyo.Sig([110.0] * len(self._cents), mul=wavering)
        source = pyo.Osc(shared.table(timbre.table), self._pitch, interp=2, mul=smooth)
        sources = [source]
        if timbre.air:
            sources.append(pyo.Sig(shared.air(timbre.air), mul=smooth))
        share = 1.5 / len(self._cents) if len(self._cents) > 1 else 1.0
        mono = pyo.Mix(sources, voices=1)
        self.stereo = pyo.Sig(mono, mul=[side * share for side in pan])
        self.parts = (*self._gate.parts, envelope, smooth, self._pitch, *sources, mono, self.stereo)
        self.ring_s = 8.0 * timbre.fall_s

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Swell at the offset.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        frequency_hz
            Of the note.
        gain
            0 to 1.
        """
        self._pitch.value = _detuned(frequency_hz, self._cents)
        self._gate.set(offset, gain)

    def stop(self, offset: int) -> None:
        """Fade at the offset.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        """
        self._gate.set(offset, 0.0)


class StruckVoice:
    """A string that is struck or plucked: a warm body, and a bright part that fades sooner.

    Parameters
    ----------
    shared
        What all voices have in common.
    timbre
        The numbers of the instrument.
    pan
        Gains to the left and to the right.
    """

    def __init__(
        self, shared: SharedTables, timbre: patches.StruckPatch, pan: tuple[float, float]
    ) -> None:
        pyo, decay, attack_s = shared.pyo, shared.decay, timbre.attack_s
        self._timbre = timbre
        self._gate = gate = Gate(pyo, shared.rate_hz)
        damper = pyo.Port(gate.level, attack_s, timbre.damping_s)
        self._long = pyo.TrigEnv(gate.trigger, decay, dur=1.0, mul=0.0)
        self._short = pyo.TrigEnv(gate.trigger, decay, dur=0.3, mul=0.0)
        body_level = pyo.Port(self._long, attack_s, 0.01, mul=damper)
        bright_level = pyo.Port(self._short, attack_s, 0.01, mul=damper)
        wavering = shared.vibrato(timbre.vibrato_cents, timbre.vibrato_hz)
        self._pitch = pyo.Sig([220.0, 220.0], mul=wavering)
        body = pyo.Osc(shared.table(timbre.body), self._pitch, interp=2, mul=body_level)
        bright = pyo.Osc(shared.table(timbre.bright), self._pitch, interp=2, mul=bright_level)
        mono = pyo.Mix([body, bright], voices=1)
        self.stereo = pyo.Sig(mono, mul=_half(pan))
        envelopes = (damper, self._long, self._short, body_level, bright_level)
        self.parts = (*gate.parts, *envelopes, self._pitch, body, bright, mono, self.stereo)
        self.ring_s = 8.0 * timbre.damping_s

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Strike; higher strings ring shorter, harder ones are brighter.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        frequency_hz
            Of the note.
        gain
            0 to 1.
        """
        timbre = self._timbre
        seconds = timbre.seconds * (261.6 / frequency_hz) ** 0.6
        self._long.dur, self._short.dur = seconds, timbre.bright_seconds * seconds
        self._long.mul, self._short.mul = gain, timbre.bright_share * gain**1.5
        self._pitch.value = _detuned(frequency_hz, (-1.6, 1.6))
        self._gate.set(offset, 1.0, strike=True)

    def stop(self, offset: int) -> None:
        """Let the damper fall.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        """
        self._gate.set(offset, 0.0)


class BellVoice:
    """Frequency modulation whose index dies away before the tone does.

    Parameters
    ----------
    shared
        What all voices have in common.
    timbre
        The numbers of the instrument.
    pan
        Gains to the left and to the right.
    """

    def __init__(
        self, shared: SharedTables, timbre: patches.BellPatch, pan: tuple[float, float]
    ) -> None:
        pyo, decay = shared.pyo, shared.decay
        self._timbre = timbre
        self._gate = gate = Gate(pyo, shared.rate_hz)
        damper = pyo.Port(gate.level, 0.003, 0.7)
        self._long = pyo.TrigEnv(gate.trigger, decay, dur=timbre.seconds, mul=0.0)
        self._index = pyo.TrigEnv(gate.trigger, decay, dur=0.3 * timbre.seconds, mul=0.0)
        level = pyo.Port(self._long, 0.003, 0.01, mul=damper)
        self._tone = pyo.FM([440.0, 440.0], ratio=timbre.ratio, index=self._index, mul=level)
        self._hum = pyo.Sine([440.0, 440.0], phase=0.25, mul=level)
        mono = pyo.Mix([self._tone, self._hum], voices=1)
        self.stereo = pyo.Sig(mono, mul=_half(pan))
        envelopes = (damper, self._long, self._index, level)
        self.parts = (*gate.parts, *envelopes, self._tone, self._hum, mono, self.stereo)
        self.ring_s = 4.0

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Strike; a harder blow sounds brighter.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        frequency_hz
            Of the note.
        gain
            0 to 1.
        """
        self._long.dur = self._timbre.seconds * (523.0 / frequency_hz) ** 0.5
        self._long.mul = gain
        self._index.mul = self._timbre.index * (0.33 + gain)
        pair = _detuned(frequency_hz, (-2.0, 2.0))
        self._tone.carrier = pair
        self._hum.freq = pair
        self._gate.set(offset, 1.0, strike=True)

    def stop(self, offset: int) -> None:
        """Damp slowly.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        """
        self._gate.set(offset, 0.0)


class DrumVoice:
    """A soft thump under 100 Hz, a brushed noise above; it ignores the note-off.

    Parameters
    ----------
    shared
        What all voices have in common.
    timbre
        The numbers of the instrument.
    pan
        Gains to the left and to the right.
    """

    def __init__(
        self, shared: SharedTables, timbre: patches.DrumPatch, pan: tuple[float, float]
    ) -> None:
        pyo, decay = shared.pyo, shared.decay
        self._brush_ratio = timbre.brush_ratio
        self._gate = gate = Gate(pyo, shared.rate_hz)
        self._low = pyo.TrigEnv(gate.trigger, decay, dur=timbre.thump_s, mul=0.0)
        self._high = pyo.TrigEnv(gate.trigger, decay, dur=timbre.brush_s, mul=0.0)
        drop = pyo.TrigEnv(gate.trigger, decay, dur=0.12, mul=90.0, add=48.0)
        skin = pyo.Port(self._low, 0.004, 0.01)
        wire = pyo.Port(self._high, 0.004, 0.01)
        self._thump = pyo.Sine(drop, mul=skin)
        self._brush = pyo.ButBP(shared.noise, freq=4000.0, q=1.2, mul=wire)
        mono = pyo.Mix([self._thump, self._brush], voices=1)
        self.stereo = pyo.Sig(mono, mul=list(pan))
        envelopes = (self._low, self._high, drop, skin, wire)
        self.parts = (*gate.parts, *envelopes, self._thump, self._brush, mono, self.stereo)
        self.ring_s = timbre.thump_s

    def start(self, offset: int, frequency_hz: float, gain: float) -> None:
        """Hit; the frequency chooses thump or brush.

        Parameters
        ----------
        offset
            In samples from the start of the coming block.
        frequency_hz
            Below 66 Hz it is a thump, else a brush around a multiple of it.
        gain
            0 to 1.
        """
        low = frequency_hz < 66.0  # up to General MIDI's bass drums, 35 and 36
        self._low.mul = gain if low else 0.0
        self._high.mul = 0.0 if low else gain
        self._brush.freq = min(9000.0, self._brush_ratio * frequency_hz)
        self._gate.set(offset, 1.0, strike=True)

    def stop(self, offset: int) -> None:
        """Let it ring out by itself.

        Parameters
        ----------
        offset
            Nothing happens there.
        """
