"""Claims about windows of several lengths that share one trail of beats."""

import gc
import math
from itertools import pairwise

import numpy as np
import pytest

from biofeedback.metrics.beat_trail import BeatTrail, TrailEntry
from biofeedback.metrics.beat_window import BeatWindow
from biofeedback.metrics.beats import Beat, Verdict

pytestmark = pytest.mark.slow


def mixed_beats(count: int, seed: int) -> list[Beat]:
    """Beats of which some are no NN intervals, and some NN have no neighbour."""
    rng = np.random.default_rng(seed)
    verdicts: list[Verdict] = ["normal", "normal", "normal", "ectopic", "extra", "missed"]
    beats, time_s, joinable = [], 0.0, False
    for rr_ms in rng.normal(800.0, 60.0, count).tolist():
        time_s += rr_ms / 1000.0
        verdict = verdicts[int(rng.integers(len(verdicts)))]
        beats.append(Beat(time_s, rr_ms, verdict, joined=verdict == "normal" and joinable))
        joinable = verdict == "normal"
    return beats


@pytest.mark.parametrize("seed", [1, 2])
def test_every_window_says_what_its_own_beats_say(seed: int) -> None:
    trail = BeatTrail()
    windows = [BeatWindow(length_s, trail) for length_s in (2.0, 10.0, 60.0)]
    beats = mixed_beats(300, seed)
    for number, beat in enumerate(beats):
        trail.feed(beat)
        now_s = beat.time_s + 0.3
        for window in windows:
            window.step(now_s)
            inside = [b for b in beats[: number + 1] if b.time_s > now_s - window.window_s]
            nn = [b for b in inside if b.is_nn]
            assert window.nn_ms() == pytest.approx([b.rr_ms for b in nn], rel=1e-15)
            pairs = [(early.rr_ms, late.rr_ms) for early, late in pairwise(nn) if late.joined]
            steps = [late - early for early, late in pairs]
            if nn:
                mean_ms = math.fsum(b.rr_ms for b in nn) / len(nn)
                assert window.mean_ms() == pytest.approx(mean_ms, rel=1e-12)
            if len(nn) > 1:
                sdnn_ms = np.std([b.rr_ms for b in nn], ddof=1)
                assert window.sdnn_ms() == pytest.approx(sdnn_ms, rel=1e-9)
            if steps:
                rmssd_ms = math.sqrt(math.fsum(step**2 for step in steps) / len(steps))
                assert window.rmssd_ms() == pytest.approx(rmssd_ms, rel=1e-9)
                large = sum(abs(step) > 50.0 for step in steps)
                assert window.pnn50_percent() == 100.0 * large / (len(steps) + 1)
            else:
                assert window.rmssd_ms() is None
            if len(pairs) > 1:
                sd1_ms = np.std(steps, ddof=1) / math.sqrt(2)
                sd2_ms = np.std([sum(pair) for pair in pairs], ddof=1) / math.sqrt(2)
                assert window.sd1_ms() == pytest.approx(sd1_ms, rel=1e-9)
                assert window.sd2_ms() == pytest.approx(sd2_ms, rel=1e-9)
            share = len(nn) / len(inside) if inside else 0.0
            assert window.trust(now_s) == pytest.approx(share)


def entries() -> int:
    gc.collect()
    return sum(isinstance(thing, TrailEntry) for thing in gc.get_objects())


def test_beats_that_no_window_needs_are_let_go() -> None:
    before, trail = entries(), BeatTrail()
    window = BeatWindow(60.0, trail)
    for number in range(5000):
        trail.feed(Beat(float(number), 1000.0, "normal", number > 0))
        window.step(float(number))
    assert entries() - before < 100


def test_a_window_over_everything_can_be_told_to_keep_its_ends() -> None:
    beats, before = mixed_beats(2000, 3), entries()
    whole, ends = BeatWindow(math.inf), BeatWindow(math.inf)
    for beat in beats:
        ends.feed(beat)
        ends.keep_ends()
    assert entries() - before < 100
    for beat in beats:
        whole.feed(beat)
    for name in ("mean_ms", "sdnn_ms", "rmssd_ms", "sd1_ms", "sd2_ms", "pnn50_percent"):
        assert getattr(ends, name)() == getattr(whole, name)()
