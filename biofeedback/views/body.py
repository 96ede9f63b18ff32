"""What is known of one body, or of a group's: its numbers, each with its moment."""

from __future__ import annotations

from biofeedback.group.settings import MARK
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.state.estimator import State
from biofeedback.views.evidence import Evidence
from biofeedback.views.picture import GONE_S, OLD_S, MeasureView, Trust, WearerView
from sensors.signals import Chunk

__all__ = ["MEASURES", "UNKNOWN", "BodyView"]

#: The metrics that screens show, with the decimals that a picture has of them.
MEASURES = {"heart_rate": 1, "rmssd": 1, "scl": 3, "scr_rate": 1, "breathing_rate": 1}
UNKNOWN = MeasureView()
_SYNCHRONY = "synchrony"
_KNOWN = 0.01  #: confidence below which arousal is not shown
_GOOD, _FAIR = 0.8, 0.5  #: quality of a reading from which it is called so


class BodyView:
    """Takes in what tells of bodies. A number keeps the moment that it had when it was made."""

    def __init__(self) -> None:
        self._evidence = Evidence()
        self._measures = dict.fromkeys(MEASURES, UNKNOWN)
        self._wearers: tuple[WearerView, ...] = ()
        self._together = UNKNOWN
        self._seen: list[tuple[float, float]] = []  # quality and moment of heart and skin
        self.state: State | None = None
        self.arousal_s: float | None = None  #: when arousal was measured

    def feed(self, event: Chunk | Beat | SubjectEvent, now_s: float) -> None:
        """Take in what numbers are made of."""
        self._evidence.feed(event, now_s)

    def estimate(self, state: State, now_s: float) -> None:
        """Take in an estimate."""
        self._evidence.feed(state, now_s)
        self.state, self.arousal_s = state, _rounded(self._evidence.measured_s("arousal"), 2)

    def read(self, readings: tuple[Reading, ...]) -> None:
        """Take in all readings of a moment."""
        named = {reading.name: reading for reading in readings}
        for name, digits in MEASURES.items():
            self._measures[name] = self._measure(named.get(name), digits)
        self._together = self._measure(named.get(_SYNCHRONY), 2)
        self._seen = [
            (named[name].quality, measure.measured_s)
            for name in ("heart_rate", "scl")
            if (measure := self._measures[name]).measured_s is not None
        ]
        self._wearers = tuple(
            self._wearer(name.partition(MARK)[0], reading, named)
            for name, reading in named.items()
            if name.endswith(f"{MARK}arousal")
        )

    def measures(self, now_s: float) -> dict[str, MeasureView]:
        """Return what is measured, by metric; what is too old is unknown."""
        return {name: _held(measure, now_s) for name, measure in self._measures.items()}

    def together(self, now_s: float) -> MeasureView:
        """Return how much a group moves together, beyond chance, 0 to 1."""
        return _held(self._together, now_s)

    def wearers(self, now_s: float) -> tuple[WearerView, ...]:
        """Return each of a group."""
        return tuple(_held_wearer(wearer, now_s) for wearer in self._wearers)

    def shows_arousal(self, now_s: float) -> bool:
        """Whether there is an arousal to be shown."""
        known = self.state is not None and self.state.confidence >= _KNOWN
        return known and _holds(self.arousal_s, now_s)

    def signal(self, now_s: float) -> str:
        """Return how good the best reading is that is not old; "measuring" before there is one."""
        if not self._seen:
            return "measuring"
        fresh = [quality for quality, measured_s in self._seen if now_s - measured_s <= OLD_S]
        return _trust(max(fresh, default=0.0))

    def _measure(self, reading: Reading | None, digits: int) -> MeasureView:
        if reading is None or reading.value is None or reading.quality <= 0.0:
            return UNKNOWN
        measured_s = self._evidence.measured_s(reading.name)
        if measured_s is None:
            return UNKNOWN
        return MeasureView(
            round(reading.value, digits), _trust(reading.quality), round(measured_s, 2)
        )

    def _wearer(self, name: str, arousal: Reading, named: dict[str, Reading]) -> WearerView:
        heart = self._measure(named.get(f"{name}{MARK}heart_rate"), 0)
        known = self._measure(arousal, 2) if arousal.quality >= _KNOWN else UNKNOWN
        return WearerView(
            name, known.value, heart.value, known.measured_s, heart.measured_s, heart.trust
        )


def _holds(measured_s: float | None, now_s: float) -> bool:
    return measured_s is not None and now_s - measured_s <= GONE_S


def _held(measure: MeasureView, now_s: float) -> MeasureView:
    return measure if _holds(measure.measured_s, now_s) else UNKNOWN


def _held_wearer(wearer: WearerView, now_s: float) -> WearerView:
    seen, beats = _holds(wearer.arousal_s, now_s), _holds(wearer.heart_rate_s, now_s)
    if seen and beats:
        return wearer
    return WearerView(
        wearer.name,
        wearer.arousal if seen else None,
        wearer.heart_rate if beats else None,
        wearer.arousal_s if seen else None,
        wearer.heart_rate_s if beats else None,
        wearer.heart_trust,
    )


def _trust(quality: float) -> Trust:
    return "good" if quality >= _GOOD else "fair" if quality >= _FAIR else "weak"


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
