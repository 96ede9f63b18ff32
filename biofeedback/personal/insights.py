"""What a person's sessions say about kinds of music, in words that claim no more than they can."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from biofeedback.config.styles import style_title
from biofeedback.personal.claims import Claim, claims
from biofeedback.personal.learner import (
    LearnedChoice,
    LevelComparison,
    ShownComparison,
    compare,
    levels,
)
from biofeedback.personal.options import FACTORS, Factor, Goal, MusicOption
from biofeedback.personal.prior import COLD, ColdStart
from biofeedback.personal.session_summary import SessionSummary

__all__ = ["NAMES", "Insight", "explained", "insights", "named", "shown", "told"]

_OTHERS = "the others"
NAMES: dict[Factor, str] = {
    "style": "Style", "modes": "Modes", "density": "Density", "strategy": "Strategy",
    "pacing": "Pace of the breath",
}  # fmt: skip
_LEVELS = {
    "wander": "modes that wander", "bright": "bright modes", "dark": "dark modes",
    "sparse": "few notes", "usual": "the usual density", "full": "many notes",
    "lead": "leading towards calm", "breathe": "breathing with the music",
    "0.75": "a pace of 75 % of your own", "0.85": "a pace of 85 % of your own",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Insight:
    """One comparison: fall of arousal (0 to 1) and of breathing (a minute) of one over the other.

    `claim` says whether it is more than noise; without a claim the numbers are no result.
    """

    claim: Claim
    other: str  #: the only other level, or "the others" where there are several
    arousal: LevelComparison
    breathing: LevelComparison | None

    @property
    def claimed(self) -> bool:
        """Whether it may be told; the interval that is shown leaves out 0 then."""
        return self.claim.claimed


def named(factor: Factor, level: str) -> str:
    """Return a level as a person reads it within a sentence."""
    if factor == "style" and level != _OTHERS:
        title = style_title(level)
        return title[:1].lower() + title[1:]
    return _LEVELS.get(level, level)


def insights(
    history: list[SessionSummary], goals: tuple[Goal, ...] = ("calm",), prior: ColdStart = COLD.body
) -> list[Insight]:
    """Return what can be compared, the surest first; nothing below five sessions."""
    found = []
    for claim in claims(history, goals):
        if not claim.better and claim.others and len(levels(history, claim.factor)) == 2:
            claim = _turned(claim, history)
        rest = [name for name in levels(history, claim.factor) if name != claim.level]
        other = rest[0] if len(rest) == 1 else _OTHERS
        arousal = LevelComparison(
            claim.factor, claim.level, other, claim.more, claim.low, claim.high,
            claim.sessions, claim.others,
        )  # fmt: skip
        found.append(Insight(claim, other, arousal, _breathing(history, claim, other, prior)))
    return found


def explained(
    choice: LearnedChoice, history: list[SessionSummary], goals: tuple[Goal, ...] = ("calm",)
) -> str:  # fmt: skip
    """Return in one sentence why an option was chosen, against what else there was."""
    what = _option(choice.option)
    for insight in insights(history, goals):
        claim = insight.claim
        if insight.claimed and claim.better and choice.option.level(claim.factor) == claim.level:
            return f"{what}: {told(insight)}"
    n = choice.sessions
    so_far = "1 session" if n == 1 else f"{n} sessions"
    if choice.options == 1:
        return f"{what}: the only kind of session that your preferences leave."
    if not n:
        return f"{what}: a first try, since there is no session yet to tell by."
    if choice.option != choice.greedy:
        differs = [
            f"{named(f, choice.option.level(f))} rather than {named(f, choice.greedy.level(f))}"
            for f in FACTORS
            if choice.option.level(f) != choice.greedy.level(f)
            and choice.option.level(f) and choice.greedy.level(f)
        ]  # fmt: skip
        tried = " and ".join(differs)
        return f"{what}: {tried}, to find out; not enough sessions yet to tell ({so_far})."
    return f"{what}: the best guess so far; not enough sessions yet to tell ({so_far})."


def told(insight: Insight) -> str:
    """Return a comparison that is claimed as a sentence with its intervals."""
    claim, other = insight.claim, insight.other
    parts = [_amount("arousal fell by", insight.arousal, "")]
    breathing = insight.breathing
    if breathing is not None and (breathing.low > 0.0 or breathing.high < 0.0):
        parts.insert(0, _amount("breathing rate fell by", breathing, " a minute"))
    said = " and ".join(parts)
    return (
        f"{named(claim.factor, claim.level)} rather than {named(claim.factor, other)}: "
        f"with you {said}, in "
        f"{claim.sessions} sessions with it and {insight.arousal.others} without."
    )


def shown(found: list[Insight]) -> tuple[ShownComparison, ...]:
    """Return comparisons as they are logged with a choice and shown in its report."""
    return tuple(
        ShownComparison(
            what=NAMES[insight.claim.factor],
            level=named(insight.claim.factor, insight.claim.level),
            other=named(insight.claim.factor, insight.other),
            more=insight.arousal.more,
            low=insight.arousal.low,
            high=insight.arousal.high,
            sessions=insight.claim.sessions,
            others=insight.arousal.others,
            claimed=insight.claimed,
            told=told(insight) if insight.claimed else "",
        )
        for insight in found
    )


def _amount(verb: str, found: LevelComparison, unit: str) -> str:
    places = 1 if unit else 2
    more = "more" if found.more >= 0.0 else "less"
    low, high = sorted((found.low, found.high)) if found.more >= 0 else (-found.high, -found.low)
    return (
        f"{verb} {abs(found.more):.{places}f}{unit} {more} ({low:.{places}f} to {high:.{places}f})"
    )


def _option(option: MusicOption) -> str:
    parts = [
        named(factor, option.level(factor))
        for factor in FACTORS
        if option.level(factor) not in ("", "usual")
    ]
    return ", ".join([parts[0][:1].upper() + parts[0][1:], *parts[1:]])


def _turned(claim: Claim, history: list[SessionSummary]) -> Claim:
    """Return a claim about two levels as one about the better of them."""
    other = next(name for name in levels(history, claim.factor) if name != claim.level)
    return replace(
        claim, level=other, better=True, sessions=claim.others, others=claim.sessions,
        more=-claim.more, low=-claim.high, high=-claim.low,
    )  # fmt: skip


def _breathing(
    history: list[SessionSummary], claim: Claim, other: str, prior: ColdStart
) -> LevelComparison | None:
    known = [past for past in history if past.breath_fall is not None]
    heard = {past.option.level(claim.factor) for past in known}
    if not {claim.level, other} <= heard:
        return None
    falls = np.array([past.breath_fall for past in known], dtype=np.float64)
    return compare(known, falls, claim.factor, claim.level, other, prior, 8.0)
