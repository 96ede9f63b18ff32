"""A session may last for days: what its core remembers has an end."""

from collections import deque

import pytest
from core_player import Player, core, playing

from sensors.signals import Chunk, Signal


def lengths(root: object) -> dict[str, int]:
    """Return how long each list, tuple, queue and dict is that an object holds, by its place."""
    found: dict[str, int] = {}
    left, seen = [("", root)], set()
    while left:
        place, one = left.pop()
        if id(one) in seen or isinstance(one, type):
            continue
        seen.add(id(one))
        if isinstance(one, list | tuple | deque | dict | set):
            found[place] = len(one)
            inner = one.items() if isinstance(one, dict) else [("", each) for each in list(one)[:9]]
            left += [(f"{place}[{name}]", each) for name, each in inner]
        slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
        for name in (*getattr(one, "__dict__", ()), *slots):
            left.append((f"{place}.{name}", getattr(one, name, None)))
    return found


@pytest.mark.slow
def test_a_core_holds_no_more_the_longer_it_runs() -> None:
    """Beats, skin and two ticks a second: from when all windows are full, nothing grows."""
    player = Player(core("metrics.long_window_s=120", "state.rest.rest_s=30"))

    def play(from_s: int, to_s: int) -> dict[str, int]:
        for second in range(from_s, to_s):
            rr_s = 0.8 + 0.01 * (second * 7 % 11)
            player.feed(second, Chunk.events(Signal.RR, "strap", [second - 0.1], [rr_s]))
            eda_us = [3.0 + 0.02 * (second * 5 % 13) + 0.001 * k for k in range(4)]
            player.feed(second, Chunk.regular(Signal.EDA, "wrist", second - 1.0, 4.0, eda_us))
            player.tick(2)
            if second % 8 == 0:
                player.bar(float(second))
        return lengths(player.core)

    before, after = play(0, 180), play(180, 240)
    # the account below, and the first 150 s of a rise
    grown = {place for place, count in after.items() if count > before.get(place, 0) + 8}
    assert {place.rpartition(".")[0].rpartition(".")[2] for place in grown} <= {
        "_coverage",
        "_rise",
    }


@pytest.mark.slow
def test_a_core_remembers_only_the_latest_of_many_tempi() -> None:
    player, found = playing(), set()
    for turn in range(600):
        player.say(10.0 + turn, "override", f"tempo_bpm={60 + turn % 20}")
        player.tick(2)
        found.add(
            next(n for place, n in lengths(player.core).items() if place == "._tempo.segments")
        )
    assert max(found) == 256


def test_the_account_of_trusted_skin_is_cut_before_it_is_an_hour_and_a_half_long() -> None:
    """The one that grows: it is let go of in one piece, since each sample asks for its end."""
    from biofeedback.metrics.eda_samples import EdaCoverage

    account = EdaCoverage(60.0)
    for start in range(0, 40_000, 400):
        account.feed([((start + k) / 4, 3.0 + k % 2, 0.25) for k in range(400)])
    assert max(lengths(account).values()) <= 16_384 + 400
    assert account.covered_s(40_000 / 4, 60.0) == pytest.approx(60.0, abs=0.5)
