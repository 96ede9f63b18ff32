"""Stop rules: when the music must stop leading, go to neutral, then fall silent, and say why."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from biofeedback.control.base import ControlInput
from biofeedback.control.paradox_detector import REST, ParadoxDetector, arousal_of, heart_deviation

__all__ = ["RETURNING", "GroupSafety", "Rule", "Safety", "SafetySettings", "SafetyStop"]


Rate = Annotated[float, Meta(ge=20.0, le=250.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=3600.0)]
Rule = Literal["heart_rate", "distress", "rising", "paradox"]
#: Rules whose stop may end by itself.
RETURNING: tuple[Rule, ...] = ("rising", "paradox")

#: How hard it is to end a stop: by itself, with a lower rating, only by a person who resumes.
_GRAVITY: dict[Rule, int] = {"rising": 0, "paradox": 0, "distress": 1, "heart_rate": 2}
_CONFIDENT = 0.35
_INSIDE_AGAIN_S = _GONE_S = 60.0
_MEAN_S = 60


class SafetySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When to stop. No rule replaces a clinician; see docs/safety.md.

    The upper limit is where guidelines for tachycardia begin to look for a cause other than
    effort or worry (American Heart Association 2020, about 150 a minute); the lower one is ours,
    below the 50 of the same guidelines since trained hearts rest there. All else is ours; how much
    of a rise and for how long was chosen on people who hear nothing (docs/science.md).
    """

    heart_rate_high_bpm: Rate = 150.0
    heart_rate_low_bpm: Rate = 40.0
    heart_rate_for_s: Seconds = 20.0  #: so long without a break
    distress: Annotated[float, Meta(ge=1.0, le=10.0)] = 8.0  #: a rating this high stops
    #: of arousal, as the heart shows it, above the calmest minute of leading, or above rest
    rise: Annotated[float, Meta(ge=0.05, le=1.0)] = 0.25
    turn_minutes: Annotated[float, Meta(ge=1.0, le=60.0)] = 8.0  #: for the music to turn a rise
    paradox: bool = True  #: stop leading a listener whom calmer music stirs up
    neutral_s: Seconds = 90.0  #: at neutral before the music falls silent

    def __post_init__(self) -> None:
        if self.heart_rate_low_bpm >= self.heart_rate_high_bpm:
            raise ValueError("heart_rate_low_bpm is not below heart_rate_high_bpm")


@dataclass(frozen=True, slots=True)
class SafetyStop:
    """What a stop rule wants: neutral music, or silence; `calmer` never lets the level rise."""

    rule: Rule
    why: str
    silent: bool
    calmer: bool


class Safety:
    """Watches the body, the ratings and what the music does to arousal.

    A stop by `rising` or `paradox` is over, once a session, when its reason has been gone for a
    minute in which the heart was seen; one by distress with a lower rating; any of them, and one by
    heart rate not otherwise, when a person asks to go on.
    """

    def __init__(self, settings: SafetySettings) -> None:
        self._settings = settings
        self._rise = ParadoxDetector()
        self._outside_s = self._inside_s = self._risen_s = self._gone_s = 0.0
        self._recent: deque[float] = deque(maxlen=2 * _MEAN_S)
        self._lowest: float | None = None
        self._rule: Rule | None = None
        self._said = ""
        self._stopped_s = 0.0
        self._silent = False
        self._at_stop = self._calm_at = 0.0
        self._returned = False  # a stop has ended by itself in this session

    def resume(self) -> None:
        """Forget what led to a stop; a person wants to go on."""
        self._rule = None
        self._outside_s = self._risen_s = 0.0
        self._lowest = None
        self._rise = ParadoxDetector()

    def step(self, moment: ControlInput, level: float, *, leads: bool) -> SafetyStop | None:
        """Take in a moment; `level` is the music's, `leads` whether it means to calm."""
        self._watch_heart(moment)
        self._watch_ratings(moment)
        witness = heart_deviation(moment.state)
        seen = moment.state.confidence >= _CONFIDENT and moment.state.phase == "tracking"
        if seen and witness is not None:
            self._recent.append(arousal_of(witness))
            if self._rule is not None:
                self._watch_return(moment.dt_s)
            elif leads:
                self._watch_arousal(moment, level)
        if self._rule is None:
            self._silent = False
            return None
        self._stopped_s += moment.dt_s
        if self._stopped_s >= self._settings.neutral_s and self._persists():
            self._silent = True  # until the stop is over, whatever else happens meanwhile
        then = "it is silent now" if self._silent else "it goes to neutral"
        return SafetyStop(
            self._rule,
            f"{self._said}; {then}.",
            self._silent,
            self._rule not in RETURNING or moment.state.confidence < _CONFIDENT,
        )

    def _watch_heart(self, moment: ControlInput) -> None:
        settings, bpm = self._settings, moment.trusted("heart_rate", 0.5)
        if bpm is None:
            return
        low, high = settings.heart_rate_low_bpm, settings.heart_rate_high_bpm
        inside = low <= bpm <= high
        self._outside_s = 0.0 if inside else self._outside_s + moment.dt_s
        self._inside_s = self._inside_s + moment.dt_s if inside else 0.0
        if self._outside_s > settings.heart_rate_for_s:
            said = (
                f"Heart rate {bpm:.0f} is outside {low:g} to {high:g}: check the sensor, and rest. "
                "The music no longer leads"
            )
            self._stop("heart_rate", said)
        elif self._rule == "heart_rate" and self._inside_s >= _INSIDE_AGAIN_S:
            self._said = (
                f"Heart rate {bpm:.0f} is back within {low:g} to {high:g}. The music does not lead "
                "until you resume"
            )

    def _watch_ratings(self, moment: ControlInput) -> None:
        distress = moment.rated.get("distress")
        if distress is None:
            return
        if distress >= self._settings.distress:
            said = f"You rated your distress {distress:g} of 10. The music no longer leads"
            self._stop("distress", said)
        elif self._rule == "distress":
            self.resume()

    def _watch_arousal(self, moment: ControlInput, level: float) -> None:
        settings = self._settings
        self._rise.step(moment.state, level, moment.dt_s)
        if len(self._recent) == 2 * _MEAN_S:
            self._lowest = min(self._mean(), self._lowest or 1.0)
        # At rest nobody is stirred up, however calm they were before.
        calm = max(REST, self._lowest or 0.0)
        if settings.paradox and self._rise.found:
            said = "Your arousal rises as the music calms. The music no longer leads"
            self._stop("paradox", said, calm)
            return
        risen = self._lowest is not None and self._mean() > calm + settings.rise
        self._risen_s = self._risen_s + moment.dt_s if risen else 0.0
        if self._risen_s >= 60.0 * settings.turn_minutes:
            minutes = f"{settings.turn_minutes:g} minutes"
            said = f"Your arousal rose, and the music did not turn it within {minutes}. It stops"
            self._stop("rising", said + " leading", calm + settings.rise / 2.0)

    def _watch_return(self, dt_s: float) -> None:
        """End a stop whose reason is gone, where that may be."""
        self._gone_s = self._gone_s + dt_s if self._mean() <= self._calm_at else 0.0
        if self._gone_s < _GONE_S or self._returned or self._rule not in RETURNING:
            return
        if self._rule == "paradox":
            self._rise = ParadoxDetector()  # what calming does is seen anew
        self._returned = True
        self._rule = None
        self._risen_s = 0.0

    def _stop(self, rule: Rule, said: str, calm_at: float = 0.0) -> None:
        """Stop by a rule; `calm_at` is the arousal at which its reason is gone.

        A graver reason takes the place of another one, and brings back no music that is silent.
        """
        if self._rule == rule:
            self._said = said
        elif self._rule is None or _GRAVITY[rule] > _GRAVITY[self._rule]:
            self._rule, self._said, self._stopped_s = rule, said, 0.0
            self._at_stop = self._mean()
            self._calm_at, self._gone_s = calm_at, 0.0

    def _persists(self) -> bool:
        """Whether neutral music has not been enough."""
        return self._rule not in RETURNING or self._mean() >= self._at_stop

    def _mean(self) -> float:
        return math.fsum(self._recent) / len(self._recent) if self._recent else 0.0


#: Which of two stops is named, the gravest first.
_GRAVEST_FIRST = ("heart_rate", "distress", "paradox", "rising")


class GroupSafety:
    """Watches each body by itself; a rating of distress is anybody's, and stops the music for all.

    The listeners' wish to resume is for all as well.
    """

    def __init__(self, settings: SafetySettings, wearers: Sequence[str]) -> None:
        self._each = {name: Safety(settings) for name in wearers}

    def resume(self) -> None:
        """Forget what led to a stop."""
        for safety in self._each.values():
            safety.resume()

    def step(self, moment: ControlInput, level: float, *, leads: bool) -> SafetyStop | None:
        """Take in a moment of all; return the gravest stop, as gentle as any of them wants it."""
        stops: list[tuple[str, SafetyStop]] = []
        for name, safety in self._each.items():
            body = moment.bodies[name]
            own = replace(moment, state=body.state, readings={r.name: r for r in body.readings})
            stop = safety.step(own, level, leads=leads)
            if stop is not None:
                stops.append((name, stop))
        if not stops:
            return None
        name, gravest = min(stops, key=lambda found: _GRAVEST_FIRST.index(found[1].rule))
        return replace(
            gravest,
            why=gravest.why if gravest.rule == "distress" else f"{name}: {gravest.why}",
            silent=any(stop.silent for _, stop in stops),
            calmer=any(stop.calmer for _, stop in stops),
        )
