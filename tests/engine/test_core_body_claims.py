"""What the core makes of beats and of the worker, by hand."""

from __future__ import annotations

import math
from itertools import pairwise

from core_player import Player, core, one

from biofeedback.config.loader import load
from biofeedback.engine.events import Derived, WindowRequest
from biofeedback.engine.factory import core_for
from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.windowed import compute
from biofeedback.state.estimator import State
from sensors.signals import Chunk, Signal


def heart(player: Player, seconds: float, from_s: float = 0.0) -> list[tuple[float, Derived]]:
    """A heart at 75 that breathes 15 times a minute, in chunks of a beat, with the ticks."""
    found: list[tuple[float, Derived]] = []
    at_s, k = from_s, 0
    while at_s < from_s + seconds:
        at_s += 0.8
        while player.ticks * 0.5 <= at_s:
            time_s = player.ticks * 0.5
            found += [(time_s, each) for each in player.tick()]
        rr_s = 0.8 + 0.04 * math.sin(2.0 * math.pi * k / 5.0)
        chunk = Chunk.events(Signal.RR, "strap", [at_s], [rr_s])
        found += [(at_s, each) for each in player.feed(at_s, chunk)]
        k += 1
    return found


def test_beats_follow_from_intervals_as_they_come() -> None:
    beats = [each for _, each in heart(Player(core()), 20.0) if isinstance(each, Beat)]
    assert len(beats) >= 20
    assert {beat.verdict for beat in beats} == {"normal"}


def test_the_worker_is_asked_for_windows_with_the_inputs_that_are_in_them() -> None:
    player = Player(core("metrics.long_window_s=120", "metrics.long_window_every_s=15"))
    found = heart(player, 260.0)
    asked = [(at_s, each) for at_s, each in found if isinstance(each, WindowRequest)]
    assert len(asked) >= 8
    gaps_s = [b[0] - a[0] for a, b in pairwise(asked)]
    assert set(gaps_s) == {15.0}
    for at_s, request in asked:
        inside = [s for s, t in player.chunks.items() if request.window.start_s <= t <= at_s]
        assert (request.from_seq, request.to_seq) == (inside[0], inside[-1])


def test_without_samples_the_worker_is_not_asked() -> None:
    player = Player(core())
    assert not [each for each in player.tick(700) if isinstance(each, WindowRequest)]


def test_what_the_worker_found_is_among_the_readings() -> None:
    player = Player(core("metrics.long_window_s=120"))
    found = heart(player, 140.0)
    request = [each for _, each in found if isinstance(each, WindowRequest)][-1]
    assert player.feed(140.5, compute(request.window)) == []
    player.ticks += player.ticks % 2
    readings = player.tick()[0]
    assert isinstance(readings, tuple)
    known = {r.name: r.value for r in readings if isinstance(r, Reading)}
    assert known["hf"] == compute(request.window).hf_ms2
    assert known["lf"] == compute(request.window).lf_ms2


def test_the_rest_that_was_learned_can_be_asked_for() -> None:
    player = Player(core("state.rest.rest_s=30"))
    assert player.core.baselines == {}
    heart(player, 120.0)
    assert set(player.core.baselines) == {""}
    known = Player(core_for(load(), 1, player.core.baselines))
    assert one(State, known.tick()).phase == "tracking"
    assert one(State, Player(core()).tick()).phase == "rest"
