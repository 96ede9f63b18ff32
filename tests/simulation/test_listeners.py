"""What kinds of listener do, and that they are the same whenever they are met again."""

import numpy as np
import pytest

from biofeedback.simulation.crowd import FAMILIES, FamilyName, VirtualListener, minds
from biofeedback.simulation.model.listener_types import KINDS, KindName, kind_of, mixed
from biofeedback.simulation.model.music_features import MusicFeatures
from biofeedback.simulation.model.noise_streams import arousal_of, deviations
from sensors.base import SensorStatus
from sensors.signals import Chunk, Gap, Signal
from synth.params import Key, Mode, MusicParams

CALM = MusicParams(tempo_bpm=48.0, density=0.8, dynamics=0.3, key=Key(0, Mode.LYDIAN))
DRIVEN = MusicParams(tempo_bpm=120.0, density=4.0, dynamics=0.8, key=Key(0, Mode.AEOLIAN))
SEEDS = range(700, 730)
families = pytest.mark.parametrize("family", FAMILIES)


def settled(family: FamilyName, kind: KindName, music: MusicParams | None) -> np.ndarray:
    people = minds(family, [kind] * len(SEEDS), SEEDS)
    heard = MusicFeatures.of([music] * len(SEEDS), ["ambient"] * len(SEEDS))
    for _ in range(8 * 120):
        people.step(heard)
    return people.arousal


@pytest.mark.slow
@families
def test_calm_music_calms_responders_and_stirs_paradoxical_ones(family: FamilyName) -> None:
    responders = settled(family, "responder", CALM) - settled(family, "responder", DRIVEN)
    paradoxical = settled(family, "paradoxical", CALM) - settled(family, "paradoxical", DRIVEN)
    weak = settled(family, "weak", CALM) - settled(family, "weak", DRIVEN)
    assert np.all(responders < -0.1)
    assert np.mean(paradoxical > 0.1) > 0.95
    assert responders.mean() < weak.mean() < -0.02


@pytest.mark.slow
@families
def test_no_music_moves_a_null_listener(family: FamilyName) -> None:
    calm, driven = settled(family, "null", CALM), settled(family, "null", DRIVEN)
    assert np.array_equal(calm, driven)


@families
def test_a_listener_is_the_same_alone_and_in_a_crowd(family: FamilyName) -> None:
    alone = minds(family, ["restless"], [704])
    crowd = minds(family, ["restless"] * len(SEEDS), SEEDS)
    for _ in range(240):
        alone.step(MusicFeatures.of([CALM], ["piano"]))
        crowd.step(MusicFeatures.of([CALM] * len(SEEDS), ["piano"] * len(SEEDS)))
    assert alone.arousal[0] == pytest.approx(crowd.arousal[4], abs=1e-12)


@pytest.mark.slow
@families
@pytest.mark.parametrize("kind", KINDS)
def test_sensors_send_what_bodies_can_do_and_time_never_goes_back(
    family: FamilyName, kind: KindName
) -> None:
    listener = VirtualListener(family, kind, 41, "ambient")
    last = {Signal.RR: 0.0, Signal.EDA: -1.0, Signal.ACC: -1.0}
    beats = 0
    for _ in range(300):
        for sample in listener.step(CALM):
            if not isinstance(sample, Chunk):
                continue
            assert np.all(np.isfinite(sample.values))
            assert sample.times_s[0] >= last[sample.signal]
            last[sample.signal] = float(sample.times_s[-1])
            if sample.signal is Signal.RR:
                beats += len(sample)
                assert sample.values.min() >= 0.3
                assert sample.values.max() <= 2.0
    assert 0.0 < listener.arousal < 1.0
    assert beats > 100


@pytest.mark.slow
def test_a_link_that_drops_out_leaves_gaps_and_says_so() -> None:
    listener = VirtualListener("a", "dropout", 3, "ambient")
    samples = [sample for _ in range(900) for sample in listener.step(CALM)]
    lost = [s for s in samples if isinstance(s, SensorStatus) and s.state == "lost"]
    gaps = [s for s in samples if isinstance(s, Gap)]
    assert lost
    assert len(gaps) >= 2 * (len(lost) - 1)


@families
def test_a_quiet_rest_is_where_the_scale_says(family: FamilyName) -> None:
    baseline = VirtualListener(family, "responder", 5, "ambient").resting_baseline()
    assert baseline is not None
    assert set(baseline.resting) == {"heart_rate", "ln_rmssd", "scl", "scr_rate"}
    assert 45.0 < baseline.resting["heart_rate"].median < 95.0


def test_the_scale_of_arousal_goes_both_ways() -> None:
    assert deviations(np.array([0.3, 0.5, 0.7])) == pytest.approx([0.0, 1.0, 2.0])
    assert arousal_of(np.array([0.0, 1.0, 2.0])) == pytest.approx([0.3, 0.5, 0.7])


def test_a_mixed_crowd_has_its_shares_and_unknown_kinds_are_named() -> None:
    kinds = [mixed(seed) for seed in range(1000)]
    assert kinds.count("responder") / 1000 == pytest.approx(0.4, abs=0.05)
    with pytest.raises(ValueError, match="responder"):
        kind_of("robot")
