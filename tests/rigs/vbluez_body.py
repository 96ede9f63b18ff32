"""A heart and a skin that run on the monotonic clock, whether or not anyone listens."""

from __future__ import annotations

import collections
import itertools
import math
import random


class Heart:
    """Beats on the monotonic clock; independent of any connection."""

    def __init__(self, cfg: dict, rng: random.Random, t0: float, log):
        self.rng, self.t0, self.log = rng, t0, log
        hr = cfg.get("hr", 65)
        self.profile = (
            [(float(a), float(b)) for a, b in hr] if isinstance(hr, list) else [(0.0, float(hr))]
        )
        self.rsa, self.resp, self.noise = (
            cfg.get("rsa_ms", 30),
            cfg.get("resp_hz", 0.1),
            cfg.get("noise_ms", 5),
        )
        self.rr_list = itertools.cycle(cfg["rr_ms"]) if cfg.get("rr_ms") else None
        self.last, self.i, self.beats = t0, 0, collections.deque(maxlen=64)  # (index, t, rr_s)

    def bpm(self, t: float) -> float:
        x, pts = t - self.t0, self.profile
        for (a, ya), (b, yb) in itertools.pairwise(pts):
            if x < b:
                return ya if x <= a else ya + (yb - ya) * (x - a) / (b - a)
        return pts[-1][1]

    def next_rr(self) -> float:
        if self.rr_list:
            return next(self.rr_list) / 1000
        rr = 60 / self.bpm(self.last) + self.rsa / 1000 * math.sin(
            2 * math.pi * self.resp * (self.last - self.t0)
        )
        return max(0.25, rr + self.rng.gauss(0, self.noise / 1000))

    def until(self, t: float) -> list[tuple[int, float, float]]:
        new = []
        if not hasattr(self, "pending"):
            self.pending = self.next_rr()
        while self.last + self.pending <= t:
            self.last += self.pending
            beat = (self.i, self.last, self.pending)
            self.beats.append(beat), new.append(beat)
            self.log("beat", i=self.i, t=round(self.last, 6), rr_ms=round(self.pending * 1000, 3))
            self.i, self.pending = self.i + 1, self.next_rr()
        return new

    def rate(self) -> float:
        rr = [b[2] for b in list(self.beats)[-5:]]
        return 60 / (sum(rr) / len(rr)) if rr else self.bpm(self.last)

    def ecg(self, t: float) -> float:  # microvolt; P-Q-R-S-T gaussians around each beat
        v = 20 * math.sin(2 * math.pi * 0.2 * t)
        for _, tb, _ in self.beats:
            d = t - tb
            if -0.3 < d < 0.5:
                for amp, mu, sg in (
                    (80, -0.17, 0.02),
                    (-90, -0.027, 0.01),
                    (1000, 0, 0.011),
                    (-180, 0.028, 0.011),
                    (220, 0.25, 0.04),
                ):
                    v += amp * math.exp(-((d - mu) ** 2) / (2 * sg * sg))
        return v


class Skin:
    """Tonic level plus skin-conductance responses, in microsiemens."""

    def __init__(self, cfg: dict, rng: random.Random, t0: float):
        self.base, self.amp, self.rng, self.t0 = (
            cfg.get("base_us", 4.0),
            cfg.get("scr_us", 0.6),
            rng,
            t0,
        )
        every = cfg.get("scr_every", 12)
        self.onsets = [(t0 + k * every, self.amp) for k in range(1, 2000)] if every else []

    def at(self, t: float) -> float:
        v = self.base + 0.3 * math.sin(2 * math.pi * (t - self.t0) / 90)
        for onset, amp in self.onsets:
            d = t - onset
            if 0 <= d < 30:
                v += amp * 2.2 * (math.exp(-d / 4.0) - math.exp(-d / 0.9))
        return max(0.0, v)
