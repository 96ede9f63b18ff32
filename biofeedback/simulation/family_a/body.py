"""The body of family A: a heart that breathing and a baroreflex resonance swing, and sweating skin.

The heart integrates its rate until a beat is due. Breathing swings it directly and through a
resonator at the frequency of the baroreflex, 0.055 to 0.11 Hz (Vaschillo et al. 2002), which
noise keeps moving too. Skin conductance is a slow level and bursts with two exponential flanks
(Bach et al. 2010). How far each signal follows arousal differs between people; the averages are
those to which the estimator's pooled spreads at rest correspond.
"""

from __future__ import annotations

import math
from random import Random

from sensors.signals import Chunk, Signal

__all__ = ["BodyA"]

SOURCE = "virtual listener"
_EDA_HZ = 4.0
_SUBSTEP_S = 0.125
_HEART_LAG_S, _SKIN_LAG_S = 6.0, 25.0
_RISE_S, _DECAY_S = 0.75, 4.0
_PEAK_S = math.log(_DECAY_S / _RISE_S) / (1 / _RISE_S - 1 / _DECAY_S)
_PEAK = math.exp(-_PEAK_S / _DECAY_S) - math.exp(-_PEAK_S / _RISE_S)


class BodyA:
    """One body; `advance` takes half a second's deviation of arousal and the breath's phase."""

    def __init__(self, seed: int) -> None:
        rng = self._rng = Random(f"{seed}/body-a")
        self._bpm = rng.uniform(58.0, 82.0)
        self._bpm_per_sd = rng.uniform(3.2, 5.4)
        self._swing_s = rng.uniform(0.02, 0.05)  #: half of peak to trough, at rest
        self._swing_fall = rng.uniform(0.1, 0.25)
        self.resonance_hz = rng.uniform(0.055, 0.11)
        self._spring = (2.0 * math.pi * self.resonance_hz) ** 2
        self._brake = 2.0 * 0.2 * 2.0 * math.pi * self.resonance_hz
        self._scl_us = rng.uniform(1.5, 8.0)
        self._scl_per_sd = rng.uniform(0.08, 0.2)
        self._bursts_log = math.log1p(rng.uniform(1.0, 5.0))  #: ln(1 + a minute) at rest
        self._bursts_per_sd = rng.uniform(0.2, 0.45)
        self._time_s = 0.0
        self._place = rng.random()  #: within the beat, 0 to 1
        self._last_1024 = 0
        self._heart_sd: float | None = None
        self._skin_sd = 0.0
        self._wave = self._wave_speed = self._wander_s = 0.0
        self._decaying = self._rising = self._drift = 0.0
        self._samples = 0

    def step(self, deviation: float, phase: float, rate_hz: float) -> list[Chunk]:
        """Let half a second pass; return the RR intervals and skin samples in it.

        `phase` is that of the breath at its end, in cycles.
        """
        if self._heart_sd is None:
            self._heart_sd = self._skin_sd = deviation
        self._heart_sd += (deviation - self._heart_sd) * 0.5 / _HEART_LAG_S
        self._skin_sd += (deviation - self._skin_sd) * 0.5 / _SKIN_LAG_S
        beats = self._beat(self._heart_sd, phase, rate_hz)
        skin = [self._sweat(deviation), self._sweat(deviation)]
        chunks = []
        if beats:
            times, intervals = zip(*beats, strict=True)
            chunks.append(Chunk.events(Signal.RR, SOURCE, times, intervals))
        t0_s = self._samples / _EDA_HZ
        self._samples += len(skin)
        chunks.append(Chunk.regular(Signal.EDA, SOURCE, t0_s, _EDA_HZ, skin))
        return chunks

    def _beat(self, deviation: float, phase: float, rate_hz: float) -> list[tuple[float, float]]:
        gauss = self._rng.gauss
        mean_s = 60.0 / max(35.0, self._bpm + self._bpm_per_sd * deviation)
        swing_s = self._swing_s * math.exp(-self._swing_fall * max(-3.0, deviation))
        found = []
        for substep in range(4):
            cycle = phase - rate_hz * _SUBSTEP_S * (3 - substep)
            breath = math.sin(2.0 * math.pi * cycle)
            kick = 0.35 * breath + gauss(0.0, 0.9)
            self._wave_speed += _SUBSTEP_S * (
                self._spring * (kick - self._wave) - self._brake * self._wave_speed
            )
            self._wave += _SUBSTEP_S * self._wave_speed
            self._wander_s = 0.998 * self._wander_s + gauss(0.0, 0.0011)
            rr_s = mean_s + swing_s * (breath + self._wave) + self._wander_s
            step = _SUBSTEP_S / min(2.0, max(0.33, rr_s))
            if self._place + step >= 1.0:
                beat_s = self._time_s + _SUBSTEP_S * (1.0 - self._place) / step
                tick = round(1024 * beat_s)
                if self._last_1024:
                    found.append((tick / 1024, (tick - self._last_1024) / 1024))
                self._last_1024 = tick
                self._place -= 1.0
            self._place += step
            self._time_s += _SUBSTEP_S
        return found

    def _sweat(self, deviation: float) -> float:
        rng = self._rng
        per_minute = math.expm1(max(0.0, self._bursts_log + self._bursts_per_sd * deviation))
        fall, rise = math.exp(-0.25 / _DECAY_S), math.exp(-0.25 / _RISE_S)
        self._decaying *= fall
        self._rising *= rise
        if rng.random() < per_minute / 60.0 / _EDA_HZ:
            peak_us = 0.2 * rng.lognormvariate(0.0, 0.5)
            self._decaying += peak_us / _PEAK
            self._rising += peak_us / _PEAK
        self._drift = 0.9995 * self._drift + rng.gauss(0.0, 0.001)
        level = self._scl_us * math.exp(self._scl_per_sd * self._skin_sd + self._drift)
        return max(0.05, level + self._decaying - self._rising + rng.gauss(0.0, 0.002))
