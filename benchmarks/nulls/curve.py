"""How often the direction of a planted response is found, over its size and the minutes worn.

The product's own test runs on what was sensed of people who hear nothing. The music is only what
the test draws, a step lower or not, and the planted response answers to it. Each person is heard
with several seeds: their coins differ, the body is the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import msgspec

from biofeedback.control.direction import STEP, DirectionEvidence, DirectionTest, Verdict, witness
from biofeedback.engine.inputs import TICK_S
from nulls.planted import Answering, Response
from nulls.sensed import Course

__all__ = ["Found", "Witnesses", "over_sessions", "searched", "seen"]

#: By tick: deviation from rest, None where unseen, and whether heart and skin say it.
Witnesses = list[tuple[float | None, bool, bool]]

_HELD = 0.4  #: an activation to step down from; its size does not matter here
_PHRASE_S = 25.0  #: usual length of a phrase at a calm tempo
_SESSION_S = 1200.0
_CALM = 0.25


class Found(msgspec.Struct, frozen=True):
    """What a test said of one person: `at_s` is when, infinite for never."""

    person: str
    response: Response
    verdict: Verdict
    at_s: float
    sessions: int = 0  #: how many sessions of twenty minutes it took, 0 where they are not counted


def searched(person: str, course: Witnesses, response: Response, seed: int) -> Found:
    """Test one person for as long as they were recorded."""
    test = DirectionTest(seed, DirectionEvidence(), _CALM)
    for now_s in _heard(course, response, test):
        if test.verdict != "unsure":
            return Found(person, response, test.verdict, now_s)
    return Found(person, response, "unsure", math.inf)


def over_sessions(
    person: str, course: Witnesses, response: Response, seeds: Sequence[int]
) -> Found:
    """Test one person in sessions of twenty minutes that add up, each with coins of its own.

    A recording has two or three such stretches; after the last one the first comes again.
    """
    ticks = round(_SESSION_S / TICK_S)
    known, parts = DirectionEvidence(), max(1, len(course) // ticks)
    for count, seed in enumerate(seeds):
        start = count % parts * ticks
        test = DirectionTest(seed, known, _CALM)
        for _ in _heard(course[start : start + ticks], response, test):
            if test.verdict != "unsure":
                return Found(person, response, test.verdict, math.inf, count + 1)
        known = test.evidence
    return Found(person, response, "unsure", math.inf)


def seen(course: Course) -> Witnesses:
    """Return what each tick of a course says of arousal, and whose saying it is."""
    return [
        (witness(s.state), "heart_rate" in s.state.contributions, "scl" in s.state.contributions)
        for _, s in course
    ]


def _heard(course: Witnesses, response: Response, test: DirectionTest) -> Iterator[float]:
    """Let the test hear the course, tick by tick; yield the time worn after each."""
    answering, phrase_s = Answering(response), 0.0
    answering.hear(_HELD)
    for index, (known, heart, skin) in enumerate(course):
        phrase_s += TICK_S
        start = phrase_s >= _PHRASE_S
        phrase_s = 0.0 if start else phrase_s
        moved = answering.heart_sd * heart + answering.skin_sd * skin
        test.step(None if known is None else known + moved, index * TICK_S, phrase_start=start)
        answering.hear(_HELD - STEP * test.lowered)
        yield index * TICK_S
