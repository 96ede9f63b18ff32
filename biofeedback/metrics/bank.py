"""All metrics of one session: fed with what the sensors send, read on the session's grid."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from biofeedback.common.plugins import PluginTables
from biofeedback.metrics.added import AddedMetrics
from biofeedback.metrics.base import Reading, samples
from biofeedback.metrics.beat_source import ORIGINS, BeatSource
from biofeedback.metrics.beat_trail import BeatTrail
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.breathing import BreathingRate
from biofeedback.metrics.coherence import Coherence
from biofeedback.metrics.eda_samples import EdaCoverage, EdaGate
from biofeedback.metrics.heart_rate import HeartRate
from biofeedback.metrics.history import History
from biofeedback.metrics.hrv_time import BeatMetrics, LnRmssd, Pnn50, Rmssd, Sd1, Sd2, Sdnn
from biofeedback.metrics.motion import Motion
from biofeedback.metrics.recent_beats import RecentBeats
from biofeedback.metrics.scl import Scl
from biofeedback.metrics.scr import Scr, ScrRate
from biofeedback.metrics.signal_sources import SignalSources
from biofeedback.metrics.skin_temperature import SkinTemperature
from biofeedback.metrics.stress_index import StressIndex
from biofeedback.metrics.windowed import Window, WindowedReadings, WindowResult
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap, Signal

__all__ = ["MetricBank", "MetricSettings"]


#: What skin conductance is worth while the hand moves all the time, or the skin is no skin that a
#: sensor has covered. Our own choice.
_SHAKEN_TRUST, _UNWORN_TRUST = 0.5, 0.7
_MOTION_WINDOW_S = 10.0
#: What variability is worth where a pulse wave gives the beats: pulse transit varies by itself, and
#: agreement with the ECG is lost under stress (Schaefer and Vagedes 2013,
#: doi 10.1016/j.ijcard.2012.03.119). The size is our own choice.
_PULSE_TRUST = 0.25
#: Beats that have left their windows are let go at a reading, or after so many without one.
_TIDY_BEATS = 64


class MetricSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Lengths of the windows; the defaults follow common practice for short recordings."""

    heart_rate_window_s: Annotated[float, Meta(ge=5.0, le=60.0)] = 10.0  #: of the heart rate
    #: of ln RMSSD, which control follows
    control_window_s: Annotated[float, Meta(ge=20.0, le=120.0)] = 30.0
    #: of RMSSD, SDNN, pNN50, SD1, SD2, stress index
    report_window_s: Annotated[float, Meta(ge=30.0, le=300.0)] = 60.0
    #: of breathing rate and coherence
    breathing_window_s: Annotated[float, Meta(ge=30.0, le=120.0)] = 64.0
    scl_window_s: Annotated[float, Meta(ge=4.0, le=60.0)] = 16.0  #: of the skin conductance level
    scr_window_s: Annotated[float, Meta(ge=30.0, le=300.0)] = 60.0  #: of the skin responses
    long_window_s: Annotated[float, Meta(ge=120.0, le=600.0)] = 300.0  #: of spectrum and skin parts
    #: how often those are computed
    long_window_every_s: Annotated[float, Meta(ge=5.0, le=120.0)] = 15.0
    #: silence after which another source counts
    source_patience_s: Annotated[float, Meta(ge=5.0, le=600.0)] = 30.0
    plugins: PluginTables | UnsetType = UNSET  #: metrics that packages add, and their settings


class _Trusts(NamedTuple):
    """What the sources of one moment are worth, each 0 to 1; `origin` is what gives the beats."""

    origin: Signal
    beats: float
    steps: float  #: the variability of the beats
    skin: float


class MetricBank:
    """Cleans beats and skin conductance once and shares them among the metrics.

    Beats come from RR, an ECG or a pulse wave, as `beat_source` says; of each signal, from the
    first source that delivers it. A heart rate that a device computed itself serves only while
    there are too few beats. Motion breaks a pulse wave off, and halves the trust in skin.

    Parameters
    ----------
    settings
        Lengths of the windows.
    """

    def __init__(self, settings: MetricSettings) -> None:
        self._sources = SignalSources(settings.source_patience_s)
        self._added = AddedMetrics(settings.plugins or {})
        for signal in Signal:
            if signal is not Signal.RESP or signal in self._added.signals:
                self._sources.add(signal)
        self._beats = BeatSource()
        self._motion = Motion(_MOTION_WINDOW_S)
        self._temperature = SkinTemperature(_MOTION_WINDOW_S)
        self._trail = trail = BeatTrail()
        fast = BeatWindow(settings.heart_rate_window_s, trail)
        control = BeatWindow(settings.control_window_s, trail)
        report = BeatWindow(settings.report_window_s, trail)
        self._beat_windows = (fast, control, report)
        self._heart_rate = HeartRate(fast)
        self._steps = BeatMetrics(LnRmssd(control), Rmssd(report), Sdnn(report), Pnn50(report))
        self._shapes = BeatMetrics(Sd1(report), Sd2(report), StressIndex(report))
        self._recent = RecentBeats(settings.breathing_window_s)
        self._breathing = BreathingRate(self._recent)
        self._coherence = Coherence(self._recent)
        self._gate = EdaGate()
        self._skin = EdaCoverage(max(settings.scl_window_s, settings.scr_window_s))
        self._scl = Scl(settings.scl_window_s, self._skin)
        self._scr = ScrRate(settings.scr_window_s, self._skin)
        self._history = History(settings.long_window_s)
        self._windowed = WindowedReadings(settings.long_window_s, 2 * settings.long_window_every_s)
        self._every_s = settings.long_window_every_s
        self._windows_cut = 0

    def feed(self, item: Chunk | Gap | SensorStatus | WindowResult) -> tuple[Beat | Scr, ...]:
        """Take in what a sensor sent, or what the worker made of a window.

        Parameters
        ----------
        item
            A chunk in the unit of its signal, a gap, a status or a result.

        Returns
        -------
        tuple[Beat | Scr, ...]
            The beats and skin responses that are complete by it, in order of time; often none.
            Verdicts on beats come one beat late.
        """
        match item:
            case Chunk():
                return self._feed_chunk(item)
            case Gap():
                choice = self._sources.of(item.signal)
                if choice is not None and item.source == choice.source:
                    self._added.feed(item.signal, (item,))
                    return self._break_off(item.signal)
            case SensorStatus():
                self._sources.feed(item)
            case WindowResult():
                self._windowed.feed(item)
        return ()

    @property
    def irregular(self) -> bool:
        """Whether a strap or an ECG shows a heart that beats irregularly, without a pattern.

        A device that also measures skin or a pulse wave is worn on a wrist or a finger, and its
        intervals are those of a pulse.
        """
        rhythm = self._beats.rhythm
        if rhythm is None or not rhythm.irregular:
            return False
        return not self._sources.is_alike(self._beats.active or Signal.RR, (Signal.EDA, Signal.PPG))

    def read(self, now_s: float) -> tuple[Reading, ...]:
        """Return every metric's value at `now_s`, always all of them in the same order.

        Parameters
        ----------
        now_s
            Session time, not before that of the last call.

        Returns
        -------
        tuple[Reading, ...]
            One for each metric, also for those that know nothing: their value is None.
        """
        trust = self._trusts(now_s)
        return (
            self._read_heart_rate(now_s, trust),
            *self._steps.read(now_s, trust.steps),
            *self._read_rhythm_and_skin(now_s, trust),
            *self._windowed.read(now_s, trust.beats, trust.skin),
            *self._shapes.read(now_s, trust.steps),
            *self._read_others(now_s, trust),
        )

    def read_momentary(self, now_s: float) -> tuple[Reading, ...]:
        """Return only those metrics that say something of their own at each moment.

        A stretch of time is described by the mean of their values; the others are computed from
        all beats of a stretch, or once for a whole window.

        Parameters
        ----------
        now_s
            Session time, not before that of the last call.

        Returns
        -------
        tuple[Reading, ...]
            The same readings as those of `read`, in the same order.
        """
        trust = self._trusts(now_s)
        return (
            self._read_heart_rate(now_s, trust),
            *self._read_rhythm_and_skin(now_s, trust),
            *self._read_others(now_s, trust),
        )

    def _trusts(self, now_s: float) -> _Trusts:
        """Let go of the beats that have left their windows, and return what sources are worth."""
        for window in self._beat_windows:
            window.step(now_s)
        self._recent.step(now_s)
        if self._beats.rhythm is not None:
            self._beats.rhythm.step(now_s)
        origin = self._beats.active or Signal.RR
        beats = self._sources.trust(origin)
        skin = self._sources.trust(Signal.EDA)
        skin *= 1.0 - (1.0 - _SHAKEN_TRUST) * self._motion.moving_share(now_s)
        skin *= 1.0 if self._temperature.looks_worn() else _UNWORN_TRUST
        if self.irregular:  # its rate stands, all else of it says nothing
            beats = 0.0
        steps = beats * (_PULSE_TRUST if self._beats.active is Signal.PPG else 1.0)
        return _Trusts(origin, beats, steps, skin)

    def _read_heart_rate(self, now_s: float, trust: _Trusts) -> Reading:
        contact = min(
            self._sources.contact_trust(trust.origin), self._sources.contact_trust(Signal.HR)
        )
        rhythm = self._beats.rhythm
        return self._heart_rate.read(
            now_s,
            contact * self._sources.worth(trust.origin),
            contact * self._sources.worth(Signal.HR),
            None if rhythm is None else rhythm.grouped_bpm(now_s),
            rhythm.irregular_bpm(now_s) if rhythm is not None and self.irregular else None,
        )

    def _read_rhythm_and_skin(self, now_s: float, trust: _Trusts) -> tuple[Reading, ...]:
        return (
            self._breathing.read(now_s, trust.beats),
            self._scl.read(now_s, trust.skin),
            self._scr.read(now_s, trust.skin),
        )

    def _read_others(self, now_s: float, trust: _Trusts) -> tuple[Reading, ...]:
        return (
            self._coherence.read(now_s, trust.beats),
            self._motion.read(now_s),
            self._temperature.read(now_s),
            *self._added.read(
                now_s, lambda s: trust.beats if s is Signal.RR else self._sources.trust(s)
            ),
        )

    def window(self, now_s: float) -> Window | None:
        """Return the data for the worker when a window has ended on the grid since the last call.

        The window ends on the grid, not at `now_s`.

        Parameters
        ----------
        now_s
            Session time.

        Returns
        -------
        Window | None
            The last `long_window_s` seconds; None when no window has ended, or with less than a
            minute of data.
        """
        due = math.floor(now_s / self._every_s)
        if due <= self._windows_cut:
            return None
        self._windows_cut = due
        return self._history.window(due * self._every_s)

    def _feed_chunk(self, chunk: Chunk) -> tuple[Beat | Scr, ...]:
        signal = chunk.signal
        choice = self._sources.of(signal)
        if choice is None or not len(chunk.times_s):
            return ()
        before = choice.source
        if not choice.accepts(chunk.source, float(chunk.times_s[-1])):
            return ()
        events: tuple[Beat, ...] = ()
        if before not in (None, choice.source):
            events = self._break_off(signal)
            self._beats.forget_rhythm(signal)
        if signal is not Signal.RR:  # whose beats come one by one, as those of other signals do
            self._added.feed(signal, (chunk,))
        if signal in ORIGINS:
            return events + self._feed_beats(chunk)
        match signal:
            case Signal.EDA:
                return events + self._feed_eda(chunk)
            case Signal.ACC:
                self._motion.feed(chunk)
            case Signal.TEMP:
                self._temperature.feed(chunk)
            case Signal.HR:
                for time_s, bpm in samples(chunk):
                    self._heart_rate.feed_device(time_s, bpm)
        return events

    def _feed_beats(self, chunk: Chunk) -> tuple[Beat, ...]:
        beats, pulses = self._beats.feed(chunk, self._motion.is_moving())
        if pulses and self._beats.active is Signal.ECG:
            for pulse in pulses:
                self._recent.feed_pulse(pulse)
        if beats:
            self._share(beats)
        return tuple(beats)

    def _share(self, beats: list[Beat]) -> None:
        self._added.feed(Signal.RR, beats)
        for beat in beats:
            self._trail.feed(beat)
            self._recent.feed(beat)
            self._history.feed_beat(beat)
        if self._trail.last.beats % _TIDY_BEATS < len(beats):
            for window in self._beat_windows:
                window.step(beats[-1].time_s)
            self._recent.step(beats[-1].time_s)

    def _feed_eda(self, chunk: Chunk) -> tuple[Scr, ...]:
        passed = self._gate.feed(chunk)
        self._skin.feed(passed)
        self._scl.feed(passed)
        if chunk.rate_hz is not None:
            self._history.feed_eda(passed)
        return tuple(self._scr.feed(passed))

    def _break_off(self, signal: Signal) -> tuple[Beat, ...]:
        if signal is Signal.EDA:
            self._gate.cut()
        if signal not in ORIGINS:
            return ()
        beats = self._beats.break_off(signal)
        if beats:
            self._share(beats)
        return tuple(beats)
