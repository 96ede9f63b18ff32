"""How the sensors are worn: links that drop out, and hands that move. Sizes are ours."""

from __future__ import annotations

from random import Random

import numpy as np

from biofeedback.simulation.model.listener_types import ListenerType
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap, Signal

__all__ = ["ArtefactModel"]

SOURCE = "virtual listener"
_DROPOUT_S = (5.0, 90.0)
_MOTION_S = (10.0, 60.0)
_ACC_HZ = 8.0
_MISREAD = 0.3  #: share of the beats that a moving electrode misses or invents


class ArtefactModel:
    """Passes a body's samples on as a bad link and a moving hand let them through."""

    def __init__(self, kind: ListenerType, seed: int) -> None:
        self._rng = Random(f"{seed}/wearing")
        self._kind = kind
        self._lost_s: float | None = None
        self._back_s = 0.0
        self._moves_until_s = 0.0
        self._jump_us = 0.0

    def pass_on(
        self, chunks: list[Chunk], now_s: float, step_s: float
    ) -> list[Chunk | Gap | SensorStatus]:
        """Return what arrives of the samples of the step that ends at `now_s`."""
        kind, rng = self._kind, self._rng
        if self._lost_s is None and rng.random() < kind.dropouts_per_hour * step_s / 3600.0:
            self._lost_s = now_s - step_s
            self._back_s = now_s + rng.uniform(*_DROPOUT_S)
            return [SensorStatus(SOURCE, now_s, "lost")]
        if self._lost_s is not None:
            return self._come_back(chunks, now_s, step_s)
        if kind.motions_per_hour:
            return self._move(chunks, now_s, step_s)
        return list(chunks)

    def _come_back(
        self, chunks: list[Chunk], now_s: float, step_s: float
    ) -> list[Chunk | Gap | SensorStatus]:
        if now_s < self._back_s or self._lost_s is None:
            return []
        gaps = [
            Gap(signal, SOURCE, self._lost_s, now_s - step_s, "link")
            for signal in (Signal.RR, Signal.EDA)
        ]
        self._lost_s = None
        return [SensorStatus(SOURCE, now_s, "streaming", contact=True), *gaps, *chunks]

    def _move(
        self, chunks: list[Chunk], now_s: float, step_s: float
    ) -> list[Chunk | Gap | SensorStatus]:
        rng = self._rng
        if rng.random() < self._kind.motions_per_hour * step_s / 3600.0:
            self._moves_until_s = now_s + rng.uniform(*_MOTION_S)
            self._jump_us = rng.gauss(0.0, 1.0)
        moving = now_s < self._moves_until_s
        shake = 0.4 if moving else 0.004
        values = [
            (rng.gauss(0.0, shake), rng.gauss(0.0, shake), 1.0 + rng.gauss(0.0, shake))
            for _ in range(round(step_s * _ACC_HZ))
        ]
        moved = Chunk.regular(Signal.ACC, SOURCE, now_s - step_s, _ACC_HZ, values)
        if moving:
            chunks = [self._shaken(chunk) for chunk in chunks]
        return [moved, *chunks]

    def _shaken(self, chunk: Chunk) -> Chunk:
        rng = self._rng
        if chunk.signal is Signal.EDA:
            values = chunk.values + self._jump_us + rng.gauss(0.0, 0.3)
            return Chunk.regular(
                Signal.EDA, chunk.source, float(chunk.times_s[0]), 4.0, np.maximum(values, 0.05)
            )
        wrong = [rng.uniform(0.5, 1.6) if rng.random() < _MISREAD else 1.0 for _ in chunk.times_s]
        values = np.clip(chunk.values[:, 0] * wrong, 0.3, 2.0)
        return Chunk.events(Signal.RR, chunk.source, chunk.times_s, values)
