"""Where the beats come from: a device's own RR intervals, its ECG, or its pulse wave.

Each origin has a cleaner of its own, and all are kept going. One of them feeds the metrics: the
one whose NN intervals cover most of the last half minute. A device's RR is preferred to an ECG
and that to a pulse wave as long as it covers nearly as much, and whoever feeds keeps a head start,
so that origins do not alternate. Intervals of two origins never overlap and are never subtracted.
"""

from __future__ import annotations

import math
from collections import deque

from msgspec.structs import replace

from biofeedback.metrics.base import samples
from biofeedback.metrics.beats import Beat, BeatCleaner
from biofeedback.metrics.pulse_train import PulseBeat, PulseTrain
from biofeedback.metrics.rhythm import Rhythm
from sensors.signals import Chunk, Signal

__all__ = ["ORIGINS", "BeatSource"]

#: In the order of how exactly they time a beat; the head start in coverage is our own choice.
_HEAD_START = {Signal.RR: 0.2, Signal.ECG: 0.15, Signal.PPG: 0.0}
ORIGINS = tuple(_HEAD_START)
_STAY, _SPAN_S = 0.1, 30.0
_LONGEST_RR_S = 3.0
#: An interval in which something almost as high as the beat was left out is no interval to trust.
_UNCLEAR_RIVAL = 0.6
#: A pulse reaches the wrist later than the heart beats; its intervals may overlap by this much.
_OVERLAP_S = 0.3


class _Origin:
    """One origin of beats with its cleaner; counts the seconds of NN in the last half minute."""

    def __init__(self, signal: Signal) -> None:
        self._train: PulseTrain | None = None
        if signal is not Signal.RR:
            self._train = PulseTrain("ecg" if signal is Signal.ECG else "ppg")
        self._cleaner = BeatCleaner()
        #: A pulse wave says nothing of a rhythm: movement makes intervals of it.
        self.rhythm = None if signal is Signal.PPG else Rhythm()
        self._last_pulse_s = math.nan
        self._covered: deque[tuple[float, float]] = deque()
        self.covered_s = 0.0

    def feed(self, chunk: Chunk, moving: bool) -> tuple[list[Beat], list[PulseBeat]]:
        """Return the judged beats, and the pulses of a waveform with their heights."""
        if self._train is None:
            beats: list[Beat] = []
            for time_s, rr_s in samples(chunk):
                if self.rhythm is not None:
                    self.rhythm.feed(time_s, rr_s * 1000.0)
                beats += self._cleaner.feed(time_s, rr_s * 1000.0)
            self._count(beats)
            return beats, []
        pulses = self._train.feed(chunk)
        if moving:
            return self.cut(), []
        beats = []
        for pulse in pulses:
            rr_s = pulse.time_s - self._last_pulse_s
            if pulse.rival > _UNCLEAR_RIVAL:
                beats += self._cleaner.cut()
                rr_s = math.nan
            self._last_pulse_s = pulse.time_s
            if rr_s <= _LONGEST_RR_S:
                if self.rhythm is not None:
                    self.rhythm.feed(pulse.time_s, rr_s * 1000.0)
                beats += self._cleaner.feed(pulse.time_s, rr_s * 1000.0)
        self._count(beats)
        return beats, pulses

    def cut(self) -> list[Beat]:
        """End a run of beats, as a gap or motion does; the waveform itself may go on."""
        self._last_pulse_s = math.nan
        if self.rhythm is not None:
            self.rhythm.cut()
        beats = self._cleaner.cut()
        self._count(beats)
        return beats

    def break_off(self) -> list[Beat]:
        """End the waveform as well."""
        if self._train is not None:
            self._train.cut()
        return self.cut()

    def step(self, now_s: float) -> None:
        """Let go of the beats that are half a minute old."""
        while self._covered and self._covered[0][0] <= now_s - _SPAN_S:
            self.covered_s -= self._covered.popleft()[1]

    def _count(self, beats: list[Beat]) -> None:
        for beat in beats:
            if beat.is_nn:
                rr_s = beat.rr_ms / 1000.0
                self._covered.append((beat.time_s, rr_s))
                self.covered_s += rr_s


class BeatSource:
    """Takes in RR, ECG and PPG, and gives the beats of the best of them, in order of time.

    Attributes
    ----------
    active
        The origin that gives the beats; None before the first one.
    """

    def __init__(self) -> None:
        self._origins: dict[Signal, _Origin] = {}
        self._shared_s = -math.inf
        self._joinable = False
        self.active: Signal | None = None

    def feed(self, chunk: Chunk, moving: bool = False) -> tuple[list[Beat], list[PulseBeat]]:
        """Return what the chunk completes: beats to use, and the pulses of an active waveform.

        Parameters
        ----------
        chunk
            RR in s at the ends of the intervals, or a waveform of ECG or PPG.
        moving
            Breaks a pulse wave off: its beats can't be trusted while the sensor is shaken.

        Returns
        -------
        tuple[list[Beat], list[PulseBeat]]
            In order of time; both empty unless the chunk's signal is the active one.
        """
        signal = chunk.signal
        origin = self._origins.get(signal)
        if origin is None:
            origin = self._origins[signal] = _Origin(signal)
        beats, pulses = origin.feed(chunk, moving and signal is Signal.PPG)
        self._choose(float(chunk.times_s[-1]))
        return (self._share(beats), pulses) if signal is self.active else ([], [])

    @property
    def rhythm(self) -> Rhythm | None:
        """That of the beats in use; None where a pulse wave gives them, or nothing yet."""
        return None if self.active is None else self._origins[self.active].rhythm

    def forget_rhythm(self, signal: Signal) -> None:
        """Say nothing more of the rhythm of a signal, as when another source gives it.

        Parameters
        ----------
        signal
            RR, ECG or PPG.
        """
        origin = self._origins.get(signal)
        if origin is not None and origin.rhythm is not None:
            origin.rhythm.forget()

    def break_off(self, signal: Signal) -> list[Beat]:
        """End a run, as a gap of its signal does; return the beat that was held back, if any.

        Parameters
        ----------
        signal
            RR, ECG or PPG.

        Returns
        -------
        list[Beat]
            One beat or none.
        """
        origin = self._origins.get(signal)
        if origin is None:
            return []
        beats = origin.break_off()
        return self._share(beats) if signal is self.active else []

    def _choose(self, now_s: float) -> None:
        if len(self._origins) == 1 and self.active is not None:
            self._origins[self.active].step(now_s)
            return
        best, most = self.active, -math.inf
        for signal, origin in self._origins.items():
            origin.step(now_s)
            share = origin.covered_s / _SPAN_S
            worth = share + (_HEAD_START[signal] if share > 0.0 else 0.0)
            worth += _STAY if signal is self.active else 0.0
            if worth > most:
                best, most = signal, worth
        if best is not self.active:
            self.active = best
            self._joinable = False

    def _share(self, beats: list[Beat]) -> list[Beat]:
        """Return the beats after those shared; the first NN of an origin has no neighbour."""
        if not beats:
            return beats
        if self._joinable:
            self._shared_s = beats[-1].time_s
            return beats
        shared = []
        for beat in beats:
            if self._joinable:
                shared.append(beat)
            elif beat.time_s - beat.rr_ms / 1000.0 >= self._shared_s - _OVERLAP_S:
                if beat.time_s < self._shared_s:
                    continue
                shared.append(replace(beat, joined=False))
                self._joinable = beat.is_nn
        if shared:
            self._shared_s = shared[-1].time_s
        return shared
