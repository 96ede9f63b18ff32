"""A parametric body: beats and skin conductance that follow a course of arousal.

A model for tests, demonstrations and simulations, not of any person. The shapes follow the
literature where a source is named; the sizes of the effects of arousal are our own guesses, within
what healthy adults show.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from sensors.errors import SettingsError
from sensors.signals import Chunk, Signal

__all__ = [
    "EDA_RATE_HZ",
    "PROFILES",
    "BodySettings",
    "Course",
    "SimulatedBody",
    "arousal_at",
    "shared_rhythm",
]

#: (time_s, arousal 0..1), in order of time; linear between, constant outside.
Course = tuple[tuple[float, float], ...]

PROFILES: dict[str, Course] = {
    "calm": ((0.0, 0.2),),
    "default": ((0.0, 0.45), (60.0, 0.45), (180.0, 0.75), (300.0, 0.5), (480.0, 0.25)),
    "settling": ((0.0, 0.85), (60.0, 0.8), (360.0, 0.2)),
    "stress": ((0.0, 0.3), (120.0, 0.3), (180.0, 0.9), (480.0, 0.85), (600.0, 0.5)),
}
EDA_RATE_HZ = 4.0

_REST = 0.3  #: the arousal at which the settings' values hold
_HEART_BPM_PER_AROUSAL = 35.0
_BREATHS_PER_AROUSAL = 6.0
_RSA_FALL = 1.6  #: exponents: vagal withdrawal, sweat gland drive
_SCL_RISE = 0.9
_SCR_RISE = 2.2
_HEART_LAG_S = 6.0
_SKIN_LAG_S = 30.0
_MAYER_HZ = 0.1  #: the slow wave of blood pressure that the heart follows (Task Force 1996)
_SCR_RISE_S = 0.75  #: time constants of one response (Bach et al. 2010)
_SCR_DECAY_S = 4.0
_SCR_ENDS_S = 30.0
_SCR_MEDIAN_USIEMENS = 0.25
#: Height of the difference of the two exponentials, so that an amplitude is a peak.
_PEAK_S = math.log(_SCR_DECAY_S / _SCR_RISE_S) / (1 / _SCR_RISE_S - 1 / _SCR_DECAY_S)
_PEAK = math.exp(-_PEAK_S / _SCR_DECAY_S) - math.exp(-_PEAK_S / _SCR_RISE_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class BodySettings:
    """One body at rest, what arousal it goes through, and how often a beat is misdetected.

    `rsa_ms` is the swing of the RR interval with breathing, from peak to trough.
    `artefact_share` (0..1) of the beats is missed, or split by a false one. With `own_waves` the
    slow wave has a time and a speed of its own, as between people; `together` is how hard
    breathing is drawn to a rhythm that all such bodies share, in cycles a second, 0 for not at all.
    """

    heart_rate_bpm: float = 70.0  #: at rest
    rsa_ms: float = 40.0
    breaths_per_minute: float = 14.0  #: at rest
    scl_usiemens: float = 4.0  #: level of skin conductance at rest
    scr_per_minute: float = 4.0  #: skin responses at rest
    artefact_share: float = 0.0
    own_waves: bool = False
    together: float = 0.0
    profile: str | Course = "default"  #: a name in `PROFILES`, or a course of its own
    seed: int = 1  #: of all chance

    def __post_init__(self) -> None:
        ranges = {
            "heart_rate_bpm": (25.0, 240.0),
            "rsa_ms": (0.0, 300.0),
            "breaths_per_minute": (2.0, 40.0),
            "scl_usiemens": (0.1, 50.0),
            "scr_per_minute": (0.0, 30.0),
            "artefact_share": (0.0, 1.0),
            "together": (0.0, 0.3),
        }
        for key, (low, high) in ranges.items():
            if not low <= getattr(self, key) <= high:
                raise SettingsError(
                    f"{key} of {getattr(self, key)} is not possible", hint=f"{low:g} to {high:g}."
                )
        if isinstance(self.profile, str) and self.profile not in PROFILES:
            raise SettingsError(
                f"there is no simulated body {self.profile!r}",
                hint=f"Choose one of: {', '.join(sorted(PROFILES))}.",
            )

    @property
    def course(self) -> Course:
        """Return the arousal that the profile stands for."""
        return PROFILES[self.profile] if isinstance(self.profile, str) else self.profile


def arousal_at(course: Course, time_s: float) -> float:
    """Return the arousal of a course at a time; 0.3, that of rest, for an empty one.

    Parameters
    ----------
    course
        In order of time.
    time_s
        In the course's own time.

    Returns
    -------
    float
        0 to 1.
    """
    if not course:
        return _REST
    if time_s <= course[0][0]:
        return course[0][1]
    for (before_s, low), (after_s, high) in pairwise(course):
        if time_s < after_s:
            return low + (high - low) * (time_s - before_s) / (after_s - before_s)
    return course[-1][1]


def shared_rhythm(time_s: float) -> float:
    """Return the phase, in cycles, of a breathing rhythm that several bodies may share.

    About 14 a minute, never quite the same: its speed wanders by a third over a minute or two.

    Parameters
    ----------
    time_s
        In seconds from 0.

    Returns
    -------
    float
        Whole numbers are the same phase.
    """
    wander = sum(
        0.6 * math.sin(2 * math.pi * (hz * time_s + phase))
        for hz, phase in ((0.0071, 0.1), (0.0113, 0.7), (0.0197, 0.3), (0.0331, 0.9))
    )
    return 14.0 / 60.0 * time_s + wander


class SimulatedBody:
    """The state of one body; `advance` lets time pass and returns what its sensors saw.

    Beats stand on a grid of 1/1024 s, as straps report them. Equal settings give equal samples,
    in whatever steps time advances (as long as the arousal is that of the profile).

    Parameters
    ----------
    settings
        The body, and the seed of all its chance.
    source
        The sensor's name, which its chunks bear.
    start_s
        Session time at which its course begins.

    References
    ----------
    Bach et al. 2010, for the shape of a skin response
    Task Force of ESC and NASPE 1996, doi 10.1161/01.CIR.93.5.1043, for the slow wave
    """

    def __init__(self, settings: BodySettings, source: str, start_s: float = 0.0) -> None:
        self._settings, self._source, self._start_s = settings, source, start_s
        self._heart = _Heart(settings)
        self._skin = _Skin(settings)

    def step(self, to_s: float, arousal: float | None = None) -> list[Chunk]:
        """Return the RR and EDA samples before `to_s` that were not returned yet, if any.

        Parameters
        ----------
        to_s
            Session time; one that was passed already gives nothing.
        arousal
            0 to 1, in place of the profile's during this step; None for the profile's.

        Returns
        -------
        list[Chunk]
            RR in s, then EDA in uS at 4 Hz; each left out when empty.
        """
        until_s = to_s - self._start_s
        beats_1024, rr_1024 = self._heart.until(until_s, arousal)
        first, eda = self._skin.until(until_s, arousal)
        chunks = []
        if rr_1024:
            times_s = [self._start_s + beat / 1024 for beat in beats_1024]
            rr_s = [rr / 1024 for rr in rr_1024]
            chunks.append(Chunk.events(Signal.RR, self._source, times_s, rr_s))
        if eda:
            t0_s = self._start_s + first / EDA_RATE_HZ
            chunks.append(Chunk.regular(Signal.EDA, self._source, t0_s, EDA_RATE_HZ, eda))
        return chunks


class _Heart:
    def __init__(self, settings: BodySettings) -> None:
        self._settings = settings
        self._rng = Random(f"{settings.seed}/heart")
        self._faults = Random(f"{settings.seed}/artefacts")
        self._arousal = arousal_at(settings.course, 0.0)
        self._breath = self._rng.random()  #: phase in cycles
        self._wander_s = 0.0
        wave = Random(f"{settings.seed}/wave")
        self._wave, self._wave_hz = 0.0, _MAYER_HZ
        if settings.own_waves:
            self._wave, self._wave_hz = wave.random(), _MAYER_HZ * wave.uniform(0.8, 1.2)
        self._last_1024 = 0
        self._missed_1024 = 0
        self._next_1024 = self._interval(None)

    def until(self, until_s: float, arousal: float | None) -> tuple[list[int], list[int]]:
        """Return the times of new beats and the intervals before them, in 1/1024 s."""
        times: list[int] = []
        intervals: list[int] = []
        while self._last_1024 + self._next_1024 < until_s * 1024:
            start, rr = self._last_1024, self._next_1024
            self._last_1024 += rr
            for part in self._report(rr):
                start = self._last_1024 if part >= rr else start + part
                times.append(start)
                intervals.append(part)
            self._next_1024 = self._interval(arousal)
        return times, intervals

    def _report(self, rr_1024: int) -> list[int]:
        """Return the intervals that a detector sees: now and then it misses or invents a beat."""
        whole = rr_1024 + self._missed_1024
        self._missed_1024 = 0
        if self._faults.random() >= self._settings.artefact_share:
            return [whole]
        if self._faults.random() < 0.5:
            self._missed_1024 = whole
            return []
        first = int(whole * 0.4)
        return [first, whole - first]

    def _interval(self, arousal: float | None) -> int:
        now_s = self._last_1024 / 1024
        target = arousal_at(self._settings.course, now_s) if arousal is None else arousal
        step_s = self._next_1024 / 1024 if self._last_1024 else 0.8
        self._arousal += (target - self._arousal) * (1.0 - math.exp(-step_s / _HEART_LAG_S))
        above = self._arousal - _REST
        bpm = self._settings.heart_rate_bpm + _HEART_BPM_PER_AROUSAL * above
        breaths = self._settings.breaths_per_minute + _BREATHS_PER_AROUSAL * above
        breaths *= 1.0 + self._rng.gauss(0.0, 0.05)
        drawn = 0.0
        if self._settings.together:
            apart = shared_rhythm(now_s) - self._breath
            drawn = self._settings.together * math.sin(2 * math.pi * apart)
        self._breath += (max(2.0, breaths) / 60.0 + drawn) * step_s
        swing_s = self._settings.rsa_ms / 2000.0 * math.exp(-_RSA_FALL * above)
        self._wander_s = 0.97 * self._wander_s + self._rng.gauss(0.0, 0.004)
        rr_s = (
            60.0 / max(25.0, bpm)
            + swing_s * math.sin(2 * math.pi * self._breath)
            + 0.6 * swing_s * math.sin(2 * math.pi * (self._wave_hz * now_s + self._wave))
            + self._wander_s
        )
        return round(1024 * min(2.5, max(0.24, rr_s)))


class _Skin:
    def __init__(self, settings: BodySettings) -> None:
        self._settings = settings
        self._rng = Random(f"{settings.seed}/skin")
        self._arousal = arousal_at(settings.course, 0.0)
        self._drift = 0.0
        self._responses: deque[tuple[float, float]] = deque()  #: (onset_s, peak in uS)
        self._count = 0

    def until(self, until_s: float, arousal: float | None) -> tuple[int, list[float]]:
        """Return the index of the first new sample, and the new samples in microsiemens."""
        first, samples = self._count, []
        while self._count / EDA_RATE_HZ < until_s:
            samples.append(self._sample(self._count / EDA_RATE_HZ, arousal))
            self._count += 1
        return first, samples

    def _sample(self, now_s: float, arousal: float | None) -> float:
        target = arousal_at(self._settings.course, now_s) if arousal is None else arousal
        self._arousal += (target - self._arousal) * (
            1.0 - math.exp(-1.0 / EDA_RATE_HZ / _SKIN_LAG_S)
        )
        # Sweat bursts follow the nerve at once, the level follows the skin that they wet.
        per_s = self._settings.scr_per_minute / 60.0 * math.exp(_SCR_RISE * (target - _REST))
        if self._rng.random() < per_s / EDA_RATE_HZ:
            peak = _SCR_MEDIAN_USIEMENS * self._rng.lognormvariate(0.0, 0.5)
            self._responses.append((now_s, peak))
        while self._responses and now_s - self._responses[0][0] > _SCR_ENDS_S:
            self._responses.popleft()
        self._drift = 0.999 * self._drift + self._rng.gauss(0.0, 0.002)
        level = self._settings.scl_usiemens * math.exp(_SCL_RISE * (self._arousal - _REST))
        bursts = sum(peak * _response(now_s - onset_s) for onset_s, peak in self._responses)
        noise = self._rng.gauss(0.0, 0.002)
        return max(0.05, level * (1.0 + self._drift) + bursts + noise)


def _response(since_s: float) -> float:
    return (math.exp(-since_s / _SCR_DECAY_S) - math.exp(-since_s / _SCR_RISE_S)) / _PEAK
