"""All metrics of one session: fed with what the sensors send, read on the session's grid."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

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
from biofeedback.metrics.skin_temperature import SkinTemperature
from biofeedback.metrics.stress_index import StressIndex
from biofeedback.metrics.windowed import Window, WindowedReadings, WindowResult
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap, Signal

__all__ = ["MetricBank", "MetricSettings", "SourceChoice"]


class SourceChoice:
    """Stays with the first source that delivers; another takes over after `patience_s` silence.

    Parameters
    ----------
    patience_s
        How long the source in use may be silent before another takes over.

    Attributes
    ----------
    source
        The source in use; None before the first sample.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.source: str | None = None
        self._last_s = 0.0

    def accepts(self, source: str, time_s: float) -> bool:
        """Say whether samples of `source` count; `time_s` is the time of the latest of them.

        Parameters
        ----------
        source
            Who sends.
        time_s
            Session time of the latest of its samples.

        Returns
        -------
        bool
            True when it is the source in use.
        """
        silent = time_s - self._last_s > self._patience_s
        if self.source is None or (source != self.source and silent):
            self.source = source
        if source != self.source:
            return False
        self._last_s = max(self._last_s, time_s)
        return True


#: What data are worth while the sensor itself reports no skin contact. Our own choice.
_NO_CONTACT_TRUST = 0.1
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
        patience_s = settings.source_patience_s
        self._choices: dict[Signal, SourceChoice] = {
            signal: SourceChoice(patience_s) for signal in Signal if signal is not Signal.RESP
        }
        self._added = AddedMetrics(settings.plugins or {})
        for signal in self._added.signals:
            self._choices.setdefault(signal, SourceChoice(patience_s))
        self._contact: dict[str, bool | None] = {}
        self._told_trust: dict[str, Mapping[str, float]] = {}
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
                choice = self._choices.get(item.signal)
                if choice is not None and item.source == choice.source:
                    self._added.feed(item.signal, (item,))
                    return self._break_off(item.signal)
            case SensorStatus():
                self._contact[item.source] = item.contact
                self._told_trust[item.source] = item.trust
            case WindowResult():
                self._windowed.feed(item)
        return ()

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
        for window in self._beat_windows:
            window.step(now_s)
        self._recent.step(now_s)
        origin = self._beats.active or Signal.RR
        heart_contact = min(self._contact_trust(origin), self._contact_trust(Signal.HR))
        beat_trust = self._trust(origin)
        steps_trust = beat_trust * (_PULSE_TRUST if self._beats.active is Signal.PPG else 1.0)
        skin_trust = self._trust(Signal.EDA)
        skin_trust *= 1.0 - (1.0 - _SHAKEN_TRUST) * self._motion.moving_share(now_s)
        skin_trust *= 1.0 if self._temperature.looks_worn() else _UNWORN_TRUST
        return (
            self._heart_rate.read(
                now_s,
                heart_contact * self._worth(origin),
                heart_contact * self._worth(Signal.HR),
            ),
            *self._steps.read(now_s, steps_trust),
            self._breathing.read(now_s, beat_trust),
            self._scl.read(now_s, skin_trust),
            self._scr.read(now_s, skin_trust),
            *self._windowed.read(now_s, beat_trust, skin_trust),
            *self._shapes.read(now_s, steps_trust),
            self._coherence.read(now_s, beat_trust),
            self._motion.read(now_s),
            self._temperature.read(now_s),
            *self._added.read(now_s, lambda s: beat_trust if s is Signal.RR else self._trust(s)),
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
        choice = self._choices.get(signal)
        if choice is None or not len(chunk.times_s):
            return ()
        before = choice.source
        if not choice.accepts(chunk.source, float(chunk.times_s[-1])):
            return ()
        events = () if before in (None, choice.source) else self._break_off(signal)
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

    def _trust(self, signal: Signal) -> float:
        return self._contact_trust(signal) * self._worth(signal)

    def _worth(self, signal: Signal) -> float:
        """Return what the source of a signal itself says that it is worth."""
        source = self._choices[signal].source
        told = self._told_trust.get(source) if source is not None else None
        return told.get(signal.value, 1.0) if told else 1.0

    def _contact_trust(self, signal: Signal) -> float:
        source = self._choices[signal].source
        lost = source is not None and self._contact.get(source) is False
        return _NO_CONTACT_TRUST if lost else 1.0
