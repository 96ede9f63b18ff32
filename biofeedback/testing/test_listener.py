"""What every family of virtual listeners promises: people who can be met again, with bodies."""

from __future__ import annotations

import numpy as np
import pytest

from biofeedback.simulation.crowd import VirtualListener, minds
from biofeedback.simulation.model.listener_types import KINDS, KindName
from biofeedback.simulation.model.music_features import MusicFeatures
from sensors.signals import Chunk, FloatArray, Signal
from synth.params import Key, Mode, MusicParams

KIND = "listener"
CALM = MusicParams(tempo_bpm=48.0, density=0.8, dynamics=0.3, key=Key(0, Mode.LYDIAN))
DRIVEN = MusicParams(tempo_bpm=120.0, density=4.0, dynamics=0.8, key=Key(0, Mode.AEOLIAN))
SEEDS = range(700, 720)


def settled(
    part: str, kind: KindName, music: MusicParams | None, style: str = "ambient"
) -> FloatArray:
    people = minds(part, [kind] * len(SEEDS), SEEDS)
    heard = MusicFeatures.of([music] * len(SEEDS), [style] * len(SEEDS))
    for _ in range(6 * 120):
        arousal = people.step(heard)
        assert arousal.shape == (len(SEEDS),)
        assert ((arousal > 0.0) & (arousal < 1.0)).all()
    return people.arousal


def test_calm_music_calms_responders_and_stirs_paradoxical_ones(part: str) -> None:
    responders = settled(part, "responder", CALM) - settled(part, "responder", DRIVEN)
    paradoxical = settled(part, "paradoxical", CALM) - settled(part, "paradoxical", DRIVEN)
    assert np.mean(responders < -0.05) > 0.9
    assert np.mean(paradoxical > 0.05) > 0.9


def test_no_music_moves_a_null_listener(part: str) -> None:
    calm, driven = settled(part, "null", CALM), settled(part, "null", DRIVEN)
    assert np.array_equal(calm, driven)


def test_silence_and_styles_that_nobody_knows_are_survived(part: str) -> None:
    settled(part, "responder", None)
    settled(part, "responder", CALM, "a style of somebody's own")


def test_a_listener_is_the_same_alone_and_in_a_crowd(part: str) -> None:
    alone = minds(part, ["restless"], [704])
    crowd = minds(part, ["restless"] * len(SEEDS), SEEDS)
    for _ in range(240):
        alone.step(MusicFeatures.of([CALM], ["piano"]))
        crowd.step(MusicFeatures.of([CALM] * len(SEEDS), ["piano"] * len(SEEDS)))
    assert alone.arousal[0] == pytest.approx(crowd.arousal[4], abs=1e-12)


def test_another_day_is_another_start_of_the_same_people(part: str) -> None:
    today = minds(part, ["responder"] * len(SEEDS), SEEDS)
    again = minds(part, ["responder"] * len(SEEDS), SEEDS)
    tomorrow = minds(part, ["responder"] * len(SEEDS), SEEDS, day=1)
    assert np.array_equal(today.arousal, again.arousal)
    assert not np.array_equal(today.arousal, tomorrow.arousal)


def test_liking_has_a_scale(part: str) -> None:
    people = minds(part, ["responder"] * len(SEEDS), SEEDS)
    liked = people.appreciation(MusicFeatures.of([CALM] * len(SEEDS), ["piano"] * len(SEEDS)))
    assert liked.shape == (len(SEEDS),)
    assert (np.abs(liked) <= 1.5).all()


@pytest.mark.parametrize("kind", KINDS)
def test_sensors_send_what_bodies_can_do_and_time_never_goes_back(
    part: str, kind: KindName
) -> None:
    listener, again = (VirtualListener(part, kind, 41, "ambient") for _ in range(2))
    last: dict[Signal, float] = {}
    beats = 0
    for _ in range(240):
        sent = listener.step(CALM)
        assert sent == again.step(CALM)
        for sample in sent:
            if not isinstance(sample, Chunk):
                continue
            assert np.isfinite(sample.values).all()
            assert sample.times_s[0] >= last.get(sample.signal, -1.0)
            last[sample.signal] = float(sample.times_s[-1])
            if sample.signal is Signal.RR:
                beats += len(sample)
                assert sample.values.min() >= 0.3
                assert sample.values.max() <= 2.0
    assert 0.0 < listener.arousal < 1.0
    assert beats > 80
    assert 0.03 < listener.resonance_hz < 0.2


def test_a_quiet_rest_is_where_the_scale_says(part: str) -> None:
    baseline = VirtualListener(part, "responder", 5, "ambient").resting_baseline()
    assert baseline is not None
    assert set(baseline.resting) == {"heart_rate", "ln_rmssd", "scl", "scr_rate"}
    assert 45.0 < baseline.resting["heart_rate"].median < 95.0
