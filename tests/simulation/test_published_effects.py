"""Virtual listeners show published effects; their constants were chosen with some in view.

Loose bounds: the models are to be of the right kind, not fitted. Groups of 80 listeners a family.
"""

import numpy as np
import pytest

from biofeedback.simulation.crowd import FAMILIES, FamilyName, ResponseModel, VirtualListener, minds
from biofeedback.simulation.model.music_features import MusicFeatures
from synth.params import Layer, MusicParams

pytestmark = pytest.mark.parametrize("family", FAMILIES)
SEEDS = range(500, 580)
STEPS_A_MINUTE = 120


def crowd(family: FamilyName) -> ResponseModel:
    return minds(family, ["responder"] * len(SEEDS), SEEDS)


def hear(music: MusicParams | None) -> MusicFeatures:
    return MusicFeatures.of([music] * len(SEEDS), ["piano"] * len(SEEDS))


def breath_spread(people: ResponseModel, music: MusicParams | None, minutes: int = 6) -> np.ndarray:
    """Coefficients of variation of the breath periods of each."""
    heard, phases = hear(music), []
    for _ in range(minutes * STEPS_A_MINUTE):
        people.step(heard)
        phases.append(people.breathing.phase.copy())
    course, spreads = np.array(phases), []
    times_s = 0.5 * np.arange(len(course))
    for phase in course.T:
        rising = np.maximum.accumulate(phase)
        whole = np.arange(np.ceil(rising[0]), np.floor(rising[-1]))
        periods = np.diff(np.interp(whole, rising, times_s))
        spreads.append(periods.std() / periods.mean())
    return np.array(spreads)


@pytest.mark.slow
def test_breath_periods_vary_less_while_listening(family: FamilyName) -> None:
    # Haas, Distenfeld and Axen 1986: 23 % without, 15 % with music; half of the people entrained
    without = breath_spread(crowd(family), None).mean()
    listening = breath_spread(crowd(family), MusicParams(tempo_bpm=60.0)).mean()
    assert 0.17 <= without <= 0.29
    assert 0.5 <= listening / without <= 0.85


@pytest.mark.slow
def test_three_quarters_of_the_own_rate_calms_more_than_six_a_minute_for_all(
    family: FamilyName,
) -> None:
    # Leslie et al. 2019: the pace at 75 % of the own rate did best of three designs
    calmed = {}
    for name in ("own", "six"):
        people = crowd(family)
        own = 60.0 * people.breathing.rate_hz
        paces = 0.75 * own if name == "own" else np.full(len(SEEDS), 6.0)
        heard = MusicFeatures.of(
            [MusicParams(tempo_bpm=8.0 * pace, swell=1.0, layers=(Layer.PAD,)) for pace in paces],
            ["drone_breath"] * len(SEEDS),
        )
        unpaced = minds(family, ["responder"] * len(SEEDS), SEEDS)
        silent = MusicFeatures.of(
            [MusicParams(tempo_bpm=8.0 * pace, layers=(Layer.PAD,)) for pace in paces],
            ["drone_breath"] * len(SEEDS),
        )
        for _ in range(6 * STEPS_A_MINUTE):
            people.step(heard)
            unpaced.step(silent)
        calmed[name] = float(np.mean(unpaced.arousal - people.arousal))
    assert calmed["own"] > 0.0
    assert calmed["own"] > calmed["six"]


@pytest.mark.slow
def test_hearts_do_not_beat_in_time_with_the_music(family: FamilyName) -> None:
    # Muetze et al. 2018: no entrainment of the heart to tempo
    locking = []
    for seed in range(600, 612):
        listener = VirtualListener(family, "responder", seed, "piano")
        beats = []
        for _ in range(240):
            for sample in listener.step(MusicParams(tempo_bpm=70.0)):
                if getattr(sample, "signal", None) == "rr":
                    beats += sample.times_s.tolist()  # type: ignore[union-attr]
        turns = np.exp(2j * np.pi * np.array(beats[20:]) * 70.0 / 60.0)
        locking.append(abs(turns.mean()))
    # 12 hearts of some 280 beats: by chance about 0.1 for one whose rate is far, more if near
    assert np.median(locking) < 0.2


def test_a_pause_falls_below_the_music_before_it(family: FamilyName) -> None:
    # Bernardi et al. 2006: fast music stirs, and two minutes of silence fall below it
    music, silence = hear(MusicParams(tempo_bpm=110.0, density=4.0, dynamics=0.7)), hear(None)
    people = crowd(family)
    for _ in range(5 * STEPS_A_MINUTE):
        people.step(music)
    before = people.arousal.mean()
    for _ in range(2 * STEPS_A_MINUTE):
        people.step(silence)
    assert people.arousal.mean() < before - 0.02
