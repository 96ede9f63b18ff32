"""When a body was last measured: the beats and samples that its numbers were made of."""

from __future__ import annotations

from biofeedback.group.settings import MARK, wearer_of
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.beats import Beat
from biofeedback.state.estimator import State
from sensors.signals import Chunk, Signal

__all__ = ["Evidence"]

_SKIN = frozenset({"scl", "scr_rate"})
_BY_DEVICE = "heart_rate"  #: the one reading that a device may compute itself
_TOGETHER = "synchrony"  #: made of two hearts at least
_NO_BEAT = frozenset({"extra", "implausible"})
#: Without beats for so long, a heart rate is the one that the device computes itself.
_BEATLESS_S = 7.0


class Evidence:
    """Remembers by wearer ("" for nobody's) when heart and skin were last measured.

    Metrics are read on a grid of their own, whether anything came or not, so that a reading's time
    says nothing of its age. A sample from the future, by a clock that is off, counts as of now.
    """

    def __init__(self) -> None:
        self._beats: dict[str, float] = {}
        self._rates: dict[str, float] = {}
        self._skin: dict[str, float] = {}
        self._arousal: dict[str, float] = {}

    def feed(self, event: Chunk | Beat | SubjectEvent | State, now_s: float) -> None:
        """Take in what tells of a body at `now_s`."""
        match event:
            case Beat():
                self._beat("", event, now_s)
            case SubjectEvent(item=Beat() as beat):
                self._beat(event.wearer, beat, now_s)
            case Chunk(signal=Signal.HR):
                self._rates[wearer_of(event.source)] = min(float(event.times_s[-1]), now_s)
            case Chunk(signal=Signal.EDA):
                self._skin[wearer_of(event.source)] = min(float(event.times_s[-1]), now_s)
            case State():
                self._estimate(event)
            case _:
                pass

    def measured_s(self, reading: str) -> float | None:
        """Return when the newest data of a reading were measured; None when there were none.

        A reading that is named without a wearer is made of all of them.
        """
        wearer, mark, name = reading.rpartition(MARK)
        whose = wearer if mark else None
        if name == "arousal":
            return _latest(self._arousal, whose)
        if name in _SKIN:
            return _latest(self._skin, whose)
        if name == _TOGETHER:
            return _second_latest(self._beats)
        beat_s, rate_s = _latest(self._beats, whose), _latest(self._rates, whose)
        if name != _BY_DEVICE:
            return beat_s
        if beat_s is None or (rate_s is not None and rate_s - beat_s > _BEATLESS_S):
            return rate_s
        return beat_s

    def _beat(self, wearer: str, beat: Beat, now_s: float) -> None:
        if beat.verdict not in _NO_BEAT:
            self._beats[wearer] = min(beat.time_s, now_s)

    def _estimate(self, state: State) -> None:
        """Arousal is as new as the newest reading that it was made of."""
        for name in state.contributions:
            measured_s = self.measured_s(name)
            if measured_s is not None:
                wearer = wearer_of(name)
                self._arousal[wearer] = max(measured_s, self._arousal.get(wearer, measured_s))


def _latest(times_s: dict[str, float], wearer: str | None) -> float | None:
    return max(times_s.values(), default=None) if wearer is None else times_s.get(wearer)


def _second_latest(times_s: dict[str, float]) -> float | None:
    return sorted(times_s.values())[-2] if len(times_s) > 1 else None
