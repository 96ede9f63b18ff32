"""What every strategy promises: an intention within its range, whatever becomes of the body."""

from __future__ import annotations

import math
from random import Random
from typing import Literal

from biofeedback.control.base import ControlInput, ControlTarget
from biofeedback.control.build import ControlSettings, build, strategy_builder
from biofeedback.control.curves import Palette
from biofeedback.metrics.base import Reading
from biofeedback.state.estimator import State
from synth.params import DENSITY_RANGE, TEMPO_RANGE_BPM, MusicParams

KIND = "strategy"
DT_S = 0.5
_READINGS = {
    "heart_rate": (45.0, 120.0, "bpm"),
    "rmssd": (5.0, 120.0, "ms"),
    "breathing_rate": (5.0, 25.0, "1/min"),
    "coherence": (0.0, 20.0, ""),
    "scl": (0.5, 20.0, "uS"),
}


def moments(seed: int, ticks: int = 1200) -> list[ControlInput]:
    """Return ten minutes of a body that comes and goes."""
    rng, found = Random(seed), []
    arousal, confidence = 0.5, 0.0
    for tick in range(ticks):
        now_s = tick * DT_S
        arousal = min(1.0, max(0.0, arousal + rng.gauss(0.0, 0.02)))
        confidence = min(1.0, max(0.0, confidence + rng.gauss(0.005, 0.05)))
        phase: Literal["rest", "tracking"] = "rest" if tick < 120 else "tracking"
        breaths = None if rng.random() < 0.3 else rng.uniform(5.0, 25.0)
        state = State(now_s, arousal, arousal - 0.1, arousal + 0.1, confidence, phase, {}, breaths)
        readings = {} if rng.random() < 0.2 else {
            name: Reading(name, rng.uniform(low, high) if rng.random() < 0.8 else None, unit, 60.0,
                          now_s, rng.random(), 1.0)
            for name, (low, high, unit) in _READINGS.items()
        }  # fmt: skip
        found.append(
            ControlInput(
                state, DT_S, readings,
                target=rng.random() if rng.random() < 0.05 else None,
                rated={"relaxation": rng.uniform(0.0, 10.0)} if rng.random() < 0.01 else {},
                events=frozenset({"beat", "scr"} if rng.random() < 0.3 else ()),
                phrase_start=tick % 64 == 0,
            )
        )  # fmt: skip
    return found


def aims(part: str, seed: int) -> list[ControlTarget]:
    strategy = strategy_builder(part, ControlSettings())()
    return [strategy.aim(moment) for moment in moments(seed)]


def check(aim: ControlTarget) -> None:
    assert -1.0 <= aim.level <= 2.0, aim  # limits apply to it afterwards
    assert aim.setpoint is None or 0.0 <= aim.setpoint <= 1.0, aim
    assert 0.0 <= aim.swell <= 1.0, aim
    assert aim.why.endswith("."), "a person reads why, as a sentence"
    assert "\n" not in aim.why
    assert aim.tempo_bpm is None or 0.0 < aim.tempo_bpm < 300.0, aim
    assert aim.most_bpm is None or aim.most_bpm > 0.0, aim
    values = [*aim.numbers.values(), *aim.found.values(), *aim.params.values()]
    assert all(math.isfinite(value) for value in values), aim
    assert aim.params.keys() <= set(MusicParams.__dataclass_fields__), aim


def test_an_aim_is_within_its_range_and_says_why(part: str) -> None:
    for seed in range(3):
        for aim in aims(part, seed):
            check(aim)


def test_equal_input_gives_equal_aims(part: str) -> None:
    assert aims(part, 7) == aims(part, 7)


def test_it_says_whether_it_follows_the_body_and_has_finished(part: str) -> None:
    strategy = strategy_builder(part, ControlSettings())()
    for moment in moments(1, 20):
        strategy.aim(moment)
        assert isinstance(strategy.follows_body, bool)
        assert isinstance(strategy.finished, bool)


def test_a_body_that_nobody_sees_is_survived(part: str) -> None:
    strategy = strategy_builder(part, ControlSettings())()
    for tick in range(240):
        nothing = State(tick * DT_S, 0.3, 0.0, 1.0, 0.0, "rest", {}, None)
        check(strategy.aim(ControlInput(nothing, DT_S)))


def test_the_music_that_comes_of_it_stays_within_its_limits(part: str) -> None:
    settings = ControlSettings(strategy=part)
    for seed in range(3):
        controller = build(settings, Palette(), MusicParams())
        before, beats = None, 8
        for moment in moments(seed):
            decision = controller.step(
                moment.state, DT_S, readings=moment.readings.values(), events=moment.events,
                phrase_start=moment.phrase_start,
            )  # fmt: skip
            params = decision.params
            assert TEMPO_RANGE_BPM[0] <= params.tempo_bpm <= TEMPO_RANGE_BPM[1]
            assert DENSITY_RANGE[0] <= params.density <= DENSITY_RANGE[1]
            assert 0.0 <= params.dynamics <= 1.0
            if before is not None:
                most = settings.limits.tempo_slew_bpm_per_s * DT_S
                dead = settings.limits.tempo_dead_band_bpm
                # A breath that gets other beats may go on as it was, and then the tempo leaps.
                ratio = params.breath_beats / beats
                leaps = abs(params.tempo_bpm - before * ratio) / max(1.0, ratio)
                assert min(abs(params.tempo_bpm - before), leaps) <= most + dead + 1e-9
            before, beats = params.tempo_bpm, params.breath_beats
            assert decision.strategy == part
